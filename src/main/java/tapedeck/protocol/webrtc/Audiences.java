package tapedeck.protocol.webrtc;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;

/// Who watches what on one port. Lives on its loop.
final class Audiences {
    private final PeerPort port;
    private final Map<Stream, Audience> byStream = new HashMap<>();
    private final Map<Stream, Layers> layers = new HashMap<>();

    Audiences(PeerPort port) {
        this.port = port;
    }

    Audience of(Stream stream) {
        return byStream.computeIfAbsent(
                stream,
                s -> new Audience(
                        port,
                        s,
                        layers.get(s),
                        wake -> s.subscribe(ReaderOptions.viewer("webrtc on port " + port.port(), wake)),
                        () -> byStream.remove(s)));
    }

    /// What a stream's publisher has beside what the stream is, from before its first viewer to its end.
    void offer(Stream stream, @Nullable Layers simulcast) {
        if (simulcast == null) {
            layers.remove(stream);
        } else {
            layers.put(stream, simulcast);
        }
    }
}
