package tapedeck.protocol.rtsp;

import java.util.LinkedHashMap;
import java.util.Map;
import tapedeck.bytes.Bytes;

/// An answer, RFC 2326 7. Built up and then sent once.
final class RtspReply {
    private static final String SERVER = "Tapedeck";

    private final int status;
    private final String reason;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private Bytes body = Bytes.EMPTY;

    /// @param reason in words; line ends in it become spaces
    RtspReply(int status, String reason) {
        this.status = status;
        this.reason = line(reason);
    }

    static RtspReply ok() {
        return new RtspReply(200, "OK");
    }

    int status() {
        return status;
    }

    String reason() {
        return reason;
    }

    RtspReply with(String name, String value) {
        headers.put(name, line(value));
        return this;
    }

    RtspReply body(String type, String text) {
        body = Bytes.ofUtf8(text);
        return with("Content-Type", type);
    }

    /// @param sequence the request's CSeq
    Bytes toBytes(String sequence) {
        StringBuilder out = new StringBuilder(256);
        out.append("RTSP/1.0 ").append(status).append(' ').append(reason).append("\r\n");
        out.append("CSeq: ").append(line(sequence)).append("\r\n");
        out.append("Server: ").append(SERVER).append("\r\n");
        headers.forEach(
                (name, value) -> out.append(name).append(": ").append(value).append("\r\n"));
        if (!body.isEmpty()) {
            out.append("Content-Length: ").append(body.length()).append("\r\n");
        }
        return Bytes.ofUtf8(out.append("\r\n").append(body.toUtf8()).toString());
    }

    /// What a peer said comes back in some of them: it must not become a header of its own.
    private static String line(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }
}
