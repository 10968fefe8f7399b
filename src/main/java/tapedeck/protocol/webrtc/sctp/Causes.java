package tapedeck.protocol.webrtc.sctp;

import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Error causes, RFC 9260 3.3.10, in ERROR and ABORT.
final class Causes {
    static final int STALE_COOKIE = 3;
    static final int UNRECOGNIZED_CHUNK = 6;
    static final int UNRECOGNIZED_PARAMETERS = 8;
    static final int USER_ABORT = 12;
    static final int PROTOCOL_VIOLATION = 13;

    /// What is given back or quoted of a peer's chunk.
    static final int MAX_QUOTED_BYTES = 1_000;

    private static final int MAX_REASON_CHARACTERS = 100;

    private Causes() {}

    static Chunk.ErrorReport report(int cause, Bytes what) {
        Bytes quoted = what.length() <= MAX_QUOTED_BYTES ? what : what.slice(0, MAX_QUOTED_BYTES);
        return new Chunk.ErrorReport(List.of(new Parameter(cause, quoted)));
    }

    static Chunk.ErrorReport stale(long staleNanos) {
        long micros = Math.clamp(staleNanos / 1_000, 0, 0xFFFF_FFFFL);
        return report(STALE_COOKIE, new ByteWriter(4).u32(micros).handOver());
    }

    static Chunk.Abort abort(int cause, String reason) {
        return new Chunk.Abort(false, List.of(new Parameter(cause, Bytes.ofUtf8(cut(reason)))));
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(text.length(), MAX_REASON_CHARACTERS));
    }

    static boolean names(Chunk.ErrorReport report, int cause) {
        return report.causes().stream().anyMatch(parameter -> parameter.type() == cause);
    }

    /// For the log: nothing that the peer says there is believed.
    static String text(List<Parameter> causes) {
        StringBuilder text = new StringBuilder();
        for (Parameter cause : causes) {
            text.append(", cause ").append(cause.type());
            if (cause.type() == USER_ABORT || cause.type() == PROTOCOL_VIOLATION) {
                text.append(' ').append(cut(cause.value().toUtf8().replaceAll("\\p{Cntrl}", "")));
            }
        }
        return cut(text.toString());
    }
}
