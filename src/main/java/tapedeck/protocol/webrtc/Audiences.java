package tapedeck.protocol.webrtc;

import java.util.HashMap;
import java.util.Map;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.stream.Stream;

/// Who watches what on one port. Lives on its loop.
final class Audiences {
    private final PeerPort port;
    private final Map<Stream, Audience> byStream = new HashMap<>();

    Audiences(PeerPort port) {
        this.port = port;
    }

    Audience of(Stream stream) {
        return byStream.computeIfAbsent(stream, s -> new Audience(port, s, () -> byStream.remove(s)));
    }
}
