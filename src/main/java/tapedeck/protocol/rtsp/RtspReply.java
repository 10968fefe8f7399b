package tapedeck.protocol.rtsp;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;

/// An answer, RFC 2326 7. Built up and then sent once.
final class RtspReply {
    private static final String SERVER = "Tapedeck";

    private final int status;
    private final String reason;
    private final List<String> headers = new ArrayList<>();
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

    /// One more header, also of a name that is there already.
    RtspReply with(String name, String value) {
        headers.add(name + ": " + line(value));
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
        headers.forEach(header -> out.append(header).append("\r\n"));
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
