package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// The last segments of a stream and the playlist that names them: RFC 8216, and for low latency
/// draft-pantos-hls-rfc8216bis. One thread writes, any number read and wait.
final class HlsWindow {
    /// Segments in the playlist.
    static final int LISTED = 6;
    /// Those that were in it are still there for players that have read it, RFC 8216 6.2.2.
    static final int KEPT = 12;
    /// Fewer are kept if they are large.
    static final long MAX_BYTES = 48 << 20;

    private static final int LEAST_KEPT = 3;
    /// Where all windows together keep too much, only the last whole one and the one that grows stay.
    private static final int LEAST_SHARED = 2;
    /// Of a share that is used up, a segment may have this part, so that some fit in.
    private static final int SEGMENTS_IN_SHARE = 3;
    /// Whole segments whose parts are listed, rfc8216bis 4.4.4.9.
    private static final int WITH_PARTS = 2;
    /// How far ahead of the playlist a reload may ask, rfc8216bis 6.2.5.2.
    private static final int MAX_AHEAD = 2;

    private static final double NANOS = 1e9;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final KeptBytes.Share share;
    // Guarded by lock.
    private final List<HlsSegment> segments = new ArrayList<>();
    private long nextNumber;
    private long discontinuities;
    private int targetSeconds;
    private boolean lowLatency = true;
    private boolean ended;
    private double peakBitsPerSecond;

    /// @param firstNumber higher than that of any playlist that a player of this stream may know
    /// @param share of what all windows keep together; closed by whoever opened it
    HlsWindow(long firstNumber, KeptBytes.Share share) {
        nextNumber = firstNumber;
        this.share = share;
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private void change(Runnable work) {
        lock.lock();
        try {
            work.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The number of the next segment.
    long nextNumber() {
        return locked(() -> nextNumber);
    }

    void begin(HlsSegment.Init init, boolean discontinuity, Instant time) {
        change(() -> segments.add(new HlsSegment(nextNumber++, init, discontinuity, time)));
    }

    void add(HlsSegment.Part part) {
        change(() -> {
            segments.getLast().parts.add(part);
            share.add(part.data().length());
            lowLatency &= part.durationNanos() <= HlsSegmenter.PART_TARGET_NANOS;
            trim();
        });
    }

    /// The last segment is whole.
    ///
    /// @param target the longest that a segment will be, in seconds; only the first one counts
    void whole(int target) {
        change(() -> {
            HlsSegment segment = segments.getLast();
            segment.join();
            if (targetSeconds == 0) {
                targetSeconds = target;
            }
            double seconds = Math.max(segment.durationNanos() / NANOS, 0.1);
            peakBitsPerSecond = Math.max(peakBitsPerSecond, segment.bytes() * 8 / seconds);
            trim();
        });
    }

    /// How large the segment that grows may become before it is cut between keyframes.
    long maxSegmentBytes() {
        return Math.min(HlsSegmenter.MAX_SEGMENT_BYTES, share.allowed() / SEGMENTS_IN_SHARE);
    }

    private void trim() {
        int growing = segments.getLast().whole ? 0 : 1;
        long bytes = segments.stream().mapToLong(HlsSegment::bytes).sum();
        while (segments.size() - growing > KEPT
                || bytes > MAX_BYTES && segments.size() - growing > LEAST_KEPT
                || bytes > share.allowed() && segments.size() > LEAST_SHARED) {
            HlsSegment oldest = segments.removeFirst();
            unlist(oldest);
            bytes -= oldest.bytes();
            share.add(-oldest.bytes());
        }
        for (int i = 0; i < segments.size() - growing - LISTED; i++) {
            unlist(segments.get(i));
        }
    }

    /// RFC 8216 6.2.2: counted once, whether it slid out of the playlist or was dropped from it.
    private void unlist(HlsSegment segment) {
        if (segment.discontinuity && !segment.unlisted) {
            discontinuities++;
        }
        segment.unlisted = true;
    }

    /// Nothing comes any more.
    void end() {
        change(() -> ended = true);
    }

    long peakBitsPerSecond() {
        return locked(() -> (long) Math.ceil(peakBitsPerSecond));
    }

    /// Blocks until there is a playlist; false if it takes too long or there never will be one.
    boolean awaitFirst(long maxNanos) throws InterruptedException {
        return await(() -> targetSeconds > 0 || ended, maxNanos) && locked(() -> targetSeconds > 0);
    }

    /// Called with the lock held, between changes.
    private boolean await(BooleanSupplier condition, long maxNanos) throws InterruptedException {
        long left = maxNanos;
        lock.lockInterruptibly();
        try {
            while (!condition.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// What came of a wait for a part of the playlist.
    enum Reload {
        THERE,
        TOO_FAR,
        TOO_LATE
    }

    /// Blocks until the playlist has this segment, or this part of it: rfc8216bis 6.2.5.2.
    ///
    /// @param part negative for the whole segment
    Reload awaitReload(long number, long part) throws InterruptedException {
        if (locked(() -> number >= nextNumber + MAX_AHEAD)) {
            return Reload.TOO_FAR;
        }
        long maxNanos = TimeUnit.SECONDS.toNanos(3L * Math.max(1, locked(() -> targetSeconds)));
        return await(() -> ended || has(number, part), maxNanos) ? Reload.THERE : Reload.TOO_LATE;
    }

    private boolean has(long number, long part) {
        if (number < nextNumber - 1) {
            return true;
        }
        if (number >= nextNumber) {
            return false;
        }
        if (segments.isEmpty()) {
            // The one before the first: it will never come.
            return true;
        }
        HlsSegment last = segments.getLast();
        return last.whole || part >= 0 && part < last.parts.size();
    }

    /// A part, also the next one, for which it waits; null if there is none.
    @Nullable
    Bytes part(long number, int part, long maxNanos) throws InterruptedException {
        if (locked(() -> number > nextNumber)) {
            return null;
        }
        boolean there = await(() -> ended || has(number, part), maxNanos);
        HlsSegment found = there ? find(number) : null;
        return found == null
                ? null
                : locked(() -> part < found.parts.size() ? found.parts.get(part).data() : null);
    }

    /// A whole segment, or null.
    @Nullable
    Bytes segment(long number) {
        HlsSegment found = find(number);
        return found == null ? null : locked(() -> found.data);
    }

    @Nullable
    Bytes init(long number) {
        return locked(() -> segments.stream()
                .map(segment -> segment.init)
                .filter(init -> init.number() == number)
                .map(HlsSegment.Init::data)
                .findFirst()
                .orElse(null));
    }

    private @Nullable HlsSegment find(long number) {
        return locked(() -> segments.stream()
                .filter(segment -> segment.number == number)
                .findFirst()
                .orElse(null));
    }

    /// The media playlist as of now.
    ///
    /// @param query goes behind every address in it
    String playlist(String query) {
        return locked(() -> write(query));
    }

    private String write(String query) {
        StringBuilder out = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:6\n");
        out.append(String.format(Locale.ROOT, "#EXT-X-TARGETDURATION:%d", targetSeconds))
                .append('\n');
        if (lowLatency) {
            double partTarget = HlsSegmenter.PART_TARGET_NANOS / NANOS;
            out.append(String.format(
                            Locale.ROOT,
                            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%.3f",
                            3 * partTarget))
                    .append('\n');
            out.append(String.format(Locale.ROOT, "#EXT-X-PART-INF:PART-TARGET=%.3f", partTarget))
                    .append('\n');
        }
        boolean growing = !segments.getLast().whole;
        int whole = segments.size() - (growing ? 1 : 0);
        List<HlsSegment> listed = segments.subList(Math.max(0, whole - LISTED), segments.size());
        out.append(String.format(Locale.ROOT, "#EXT-X-MEDIA-SEQUENCE:%d", listed.getFirst().number))
                .append('\n');
        out.append(String.format(Locale.ROOT, "#EXT-X-DISCONTINUITY-SEQUENCE:%d", discontinuities))
                .append('\n');
        HlsSegment.Init init = null;
        for (int i = 0; i < listed.size(); i++) {
            HlsSegment segment = listed.get(i);
            if (!segment.whole && (!lowLatency || segment.parts.isEmpty())) {
                break;
            }
            if (segment.discontinuity) {
                out.append("#EXT-X-DISCONTINUITY\n");
            }
            if (!segment.init.equals(init)) {
                init = segment.init;
                out.append(String.format(Locale.ROOT, "#EXT-X-MAP:URI=\"init-%d.mp4%s\"", init.number(), query))
                        .append('\n');
            }
            out.append(String.format(Locale.ROOT, "#EXT-X-PROGRAM-DATE-TIME:%s", segment.time))
                    .append('\n');
            if (lowLatency && i >= listed.size() - (growing ? 1 : 0) - WITH_PARTS) {
                parts(out, segment, query);
            }
            if (segment.whole) {
                out.append(String.format(Locale.ROOT, "#EXTINF:%.5f,", segment.durationNanos() / NANOS))
                        .append('\n');
                out.append(String.format(Locale.ROOT, "seg-%d.m4s%s", segment.number, query))
                        .append('\n');
            }
        }
        end(out, growing, query);
        return out.toString();
    }

    private static void parts(StringBuilder out, HlsSegment segment, String query) {
        for (int i = 0; i < segment.parts.size(); i++) {
            HlsSegment.Part part = segment.parts.get(i);
            out.append(String.format(
                            Locale.ROOT,
                            "#EXT-X-PART:DURATION=%.5f,URI=\"part-%d-%d.m4s%s\"%s",
                            part.durationNanos() / NANOS,
                            segment.number,
                            i,
                            query,
                            part.independent() ? ",INDEPENDENT=YES" : ""))
                    .append('\n');
        }
    }

    private void end(StringBuilder out, boolean growing, String query) {
        if (ended) {
            out.append("#EXT-X-ENDLIST\n");
        } else if (lowLatency) {
            HlsSegment last = segments.getLast();
            out.append(String.format(
                            Locale.ROOT,
                            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-%d-%d.m4s%s\"",
                            growing ? last.number : nextNumber,
                            growing ? last.parts.size() : 0,
                            query))
                    .append('\n');
        }
    }
}
