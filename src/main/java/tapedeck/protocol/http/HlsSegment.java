package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.stream.Tally;

/// A segment of a playlist while it grows and afterwards. Guarded by its [HlsWindow].
final class HlsSegment {
    /// @param independent whether it begins with a keyframe
    /// @param carried the frames in it; never changed
    record Part(Bytes data, long durationNanos, boolean independent, Tally carried) {}

    /// @param number that of the first segment which needs it
    record Init(long number, Bytes data) {}

    final long number;
    final Init init;
    final boolean discontinuity;
    final Instant time;
    final List<Part> parts = new ArrayList<>();
    boolean whole;
    /// It has left the playlist.
    boolean unlisted;
    /// How many players are just getting something of it.
    int lent;
    /// It is kept only because it is lent.
    boolean dropped;
    /// All parts together, once it is whole: every player gets this one.
    @Nullable
    Bytes data;
    /// The same as MPEG-TS, if somebody wanted it when the segment began.
    @Nullable
    Bytes transportStream;

    HlsSegment(long number, Init init, boolean discontinuity, Instant time) {
        this.number = number;
        this.init = init;
        this.discontinuity = discontinuity;
        this.time = time;
    }

    long durationNanos() {
        return parts.stream().mapToLong(Part::durationNanos).sum();
    }

    /// Of the fragments.
    long bytes() {
        return parts.stream().mapToLong(part -> part.data().length()).sum();
    }

    /// All that is held in memory.
    long keptBytes() {
        Bytes ts = transportStream;
        return bytes() + (ts == null ? 0 : ts.length());
    }

    Tally carried() {
        Tally all = new Tally();
        parts.forEach(part -> all.add(part.carried()));
        return all;
    }

    /// Nothing is added any more. The parts become views of the whole, so that nothing is kept twice.
    ///
    /// @param ts the same as MPEG-TS, or null
    void join(@Nullable Bytes ts) {
        ByteWriter out = new ByteWriter((int) bytes());
        parts.forEach(part -> out.bytes(part.data()));
        Bytes all = out.handOver();
        int at = 0;
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            int end = at + part.data().length();
            parts.set(i, new Part(all.slice(at, end), part.durationNanos(), part.independent(), part.carried()));
            at = end;
        }
        data = all;
        transportStream = ts;
        whole = true;
    }
}
