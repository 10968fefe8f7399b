package tapedeck.protocol.rtsp;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// What a peer sends on its connection.
sealed interface RtspMessage {
    /// RFC 2326 6.
    ///
    /// @param version behind `RTSP/`
    /// @param headers by their names in lower case
    record Request(String method, String uri, String version, Map<String, String> headers, Bytes body)
            implements RtspMessage {
        public Request {
            headers = Map.copyOf(headers);
        }

        @Nullable
        String header(String name) {
            return headers.get(name);
        }
    }

    /// An answer to something that was never asked: read over.
    record Answer(int status) implements RtspMessage {}

    /// RFC 2326 10.12: `$`, a channel, a length and a packet.
    record Interleaved(int channel, Bytes packet) implements RtspMessage {}
}
