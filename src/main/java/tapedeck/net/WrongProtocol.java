package tapedeck.net;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// What a peer speaks, by its first bytes: for the one line that tells whoever came to the wrong port.
public final class WrongProtocol {
    /// Bytes that are looked at.
    public static final int HEAD_BYTES = 512;

    private static final List<String> HTTP = List.of("GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "PATCH ", "HTTP/");
    private static final List<String> RTSP = List.of("DESCRIBE ", "ANNOUNCE ", "SETUP ", "PLAY ", "RECORD ", "RTSP/");
    private static final int TS_SYNC = 0x47;
    private static final int TS_BYTES = 188;
    private static final int TS_HEADER_BYTES = 4;

    private WrongProtocol() {}

    /// Null for what is not known; four bytes are needed for nearly all.
    public static @Nullable String name(Bytes bytes) {
        if (bytes.isEmpty()) {
            return null;
        }
        Bytes head = bytes.slice(0, Math.min(bytes.length(), HEAD_BYTES));
        String text = new String(head.toByteArray(), StandardCharsets.ISO_8859_1);
        if (HTTP.stream().anyMatch(text::startsWith)) {
            return text.contains(" RTSP/") ? "RTSP" : "HTTP";
        }
        if (RTSP.stream().anyMatch(text::startsWith)) {
            return "RTSP";
        }
        if (text.startsWith("OPTIONS ")) {
            // The head of a long address says neither.
            return text.contains(" HTTP/") ? "HTTP" : text.contains(" RTSP/") || text.contains(" rtsp") ? "RTSP" : null;
        }
        if (text.startsWith("FLV\u0001")) {
            return "FLV";
        }
        if (text.startsWith("SSH-")) {
            return "SSH";
        }
        if (text.startsWith("\u001aE\u00df\u00a3")) {
            return "Matroska";
        }
        if (text.startsWith("ftyp", 4)) {
            return "MP4";
        }
        return binary(head);
    }

    private static @Nullable String binary(Bytes head) {
        int first = head.u8(0);
        if (first == TS_SYNC && isPackets(head)) {
            return "MPEG-TS";
        }
        if (first == 0x16 && head.length() > 2 && head.u8(1) == 3 && head.u8(2) <= 4) {
            return "TLS";
        }
        // The version of a handshake's C0.
        return first == 3 ? "RTMP" : null;
    }

    /// The sync byte is a `G`, as of `GET`: where the next one is not there yet, the rest of the header is no text.
    private static boolean isPackets(Bytes head) {
        if (head.length() > TS_BYTES) {
            return head.u8(TS_BYTES) == TS_SYNC;
        }
        for (int i = 1; i < Math.min(TS_HEADER_BYTES, head.length()); i++) {
            if (head.u8(i) < ' ' || head.u8(i) > '~') {
                return true;
            }
        }
        return false;
    }
}
