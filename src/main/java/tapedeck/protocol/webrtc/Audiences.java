package tapedeck.protocol.webrtc;

import java.util.HashMap;
import java.util.Map;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// Who watches what on one port. Lives on its loop.
final class Audiences {
    private final PeerPort port;
    private final Streams streams;
    private final Map<Stream, Audience> byStream = new HashMap<>();

    /// @param streams told of each viewer
    Audiences(PeerPort port, Streams streams) {
        this.port = port;
        this.streams = streams;
    }

    Streams streams() {
        return streams;
    }

    Audience of(Stream stream) {
        return byStream.computeIfAbsent(stream, s -> new Audience(port, s, () -> byStream.remove(s)));
    }
}
