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

    /// RFC 2326 7.
    ///
    /// @param reason in words; not for the log of a server, since a peer may say anything
    /// @param headers by their names in lower case
    record Answer(int status, String reason, Map<String, String> headers, Bytes body) implements RtspMessage {
        public Answer {
            headers = Map.copyOf(headers);
        }

        @Nullable
        String header(String name) {
            return headers.get(name);
        }

        boolean isOk() {
            return status >= 200 && status < 300;
        }
    }

    /// RFC 2326 10.12: `$`, a channel, a length and a packet.
    ///
    /// @param packet lent: valid until whoever is given the message returns
    record Interleaved(int channel, Bytes packet) implements RtspMessage {}
}
