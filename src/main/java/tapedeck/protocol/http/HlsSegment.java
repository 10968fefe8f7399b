package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// A segment of a playlist while it grows and afterwards. Guarded by its [HlsWindow].
final class HlsSegment {
    /// @param independent whether it begins with a keyframe
    record Part(Bytes data, long durationNanos, boolean independent) {}

    /// @param number that of the first segment which needs it
    record Init(long number, Bytes data) {}

    final long number;
    final Init init;
    final boolean discontinuity;
    final Instant time;
    final List<Part> parts = new ArrayList<>();
    boolean whole;

    HlsSegment(long number, Init init, boolean discontinuity, Instant time) {
        this.number = number;
        this.init = init;
        this.discontinuity = discontinuity;
        this.time = time;
    }

    long durationNanos() {
        return parts.stream().mapToLong(Part::durationNanos).sum();
    }

    long bytes() {
        return parts.stream().mapToLong(part -> part.data().length()).sum();
    }

    Bytes data() {
        ByteWriter out = new ByteWriter((int) bytes());
        parts.forEach(part -> out.bytes(part.data()));
        return out.handOver();
    }
}
