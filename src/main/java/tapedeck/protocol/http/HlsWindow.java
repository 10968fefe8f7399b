package tapedeck.protocol.http;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.stream.Tally;

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
    /// How far ahead of the playlist a reload may ask, rfc8216bis 6.2.5.2.
    private static final int MAX_AHEAD = 2;

    private static final double NANOS = 1e9;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final KeptBytes.Share share;
    private volatile boolean transportStreams;
    // Guarded by lock.
    private final List<HlsSegment> segments = new ArrayList<>();
    private long nextNumber;
    private long discontinuities;
    private int targetSeconds;
    private boolean lowLatency = true;
    private boolean ended;
    private double peakBitsPerSecond;
    private long wholeBytes;
    private long wholeNanos;

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
    /// @param ts the same as MPEG-TS, or null
    void whole(int target, @Nullable Bytes ts) {
        change(() -> {
            HlsSegment segment = segments.getLast();
            segment.join(ts);
            share.add(ts == null ? 0 : ts.length());
            if (targetSeconds == 0) {
                targetSeconds = target;
            }
            double seconds = Math.max(segment.durationNanos() / NANOS, 0.1);
            peakBitsPerSecond = Math.max(peakBitsPerSecond, segment.bytes() * 8 / seconds);
            wholeBytes += segment.bytes();
            wholeNanos += segment.durationNanos();
            trim();
        });
    }

    /// How large the segment that grows may become before it is cut between keyframes.
    long maxSegmentBytes() {
        return Math.min(HlsSegmenter.MAX_SEGMENT_BYTES, share.allowed() / SEGMENTS_IN_SHARE);
    }

    private void trim() {
        int growing = segments.getLast().whole ? 0 : 1;
        long bytes = segments.stream().mapToLong(HlsSegment::keptBytes).sum();
        while (segments.size() - growing > KEPT
                || bytes > MAX_BYTES && segments.size() - growing > LEAST_KEPT
                || bytes > share.allowed() && segments.size() > LEAST_SHARED) {
            HlsSegment oldest = segments.removeFirst();
            unlist(oldest);
            bytes -= oldest.keptBytes();
            drop(oldest);
        }
        for (int i = 0; i < segments.size() - growing - LISTED; i++) {
            unlist(segments.get(i));
        }
    }

    /// What somebody is just getting stays in memory.
    private void drop(HlsSegment segment) {
        share.add(-segment.keptBytes());
        if (segment.lent > 0) {
            segment.dropped = true;
            share.addLent(segment.keptBytes());
        }
    }

    private HlsPiece lend(HlsSegment segment, Bytes data, Tally carried) {
        segment.lent++;
        return new HlsPiece(
                data,
                carried,
                () -> change(() -> {
                    segment.lent--;
                    if (segment.lent == 0 && segment.dropped) {
                        share.addLent(-segment.keptBytes());
                    }
                }));
    }

    /// Nobody asks any more: all is dropped.
    void close() {
        change(() -> {
            ended = true;
            segments.forEach(this::drop);
            segments.clear();
        });
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

    /// Of all whole segments so far.
    long averageBitsPerSecond() {
        return locked(() -> wholeNanos == 0 ? 0 : (long) Math.ceil(wholeBytes * 8 * NANOS / wholeNanos));
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
    HlsPiece part(long number, int part, long maxNanos) throws InterruptedException {
        if (locked(() -> number > nextNumber)) {
            return null;
        }
        boolean there = await(() -> ended || has(number, part), maxNanos);
        return there ? locked(() -> lentPart(number, part)) : null;
    }

    private @Nullable HlsPiece lentPart(long number, int part) {
        HlsSegment found = find(number);
        if (found == null || part >= found.parts.size()) {
            return null;
        }
        HlsSegment.Part data = found.parts.get(part);
        return lend(found, data.data(), data.carried());
    }

    /// A whole segment, or null.
    @Nullable
    HlsPiece segment(long number) {
        return locked(() -> lentWhole(number, segment -> segment.data));
    }

    /// The same as MPEG-TS.
    @Nullable
    HlsPiece transportStream(long number) {
        return locked(() -> lentWhole(number, segment -> segment.transportStream));
    }

    private @Nullable HlsPiece lentWhole(long number, Function<HlsSegment, @Nullable Bytes> form) {
        HlsSegment found = find(number);
        Bytes data = found == null ? null : form.apply(found);
        return found == null || data == null ? null : lend(found, data, found.carried());
    }

    @Nullable
    HlsPiece init(long number) {
        return locked(() -> segments.stream()
                .filter(segment -> segment.init.number() == number)
                .findFirst()
                .map(segment -> lend(segment, segment.init.data(), new Tally()))
                .orElse(null));
    }

    /// Called with the lock held.
    private @Nullable HlsSegment find(long number) {
        return segments.stream()
                .filter(segment -> segment.number == number)
                .findFirst()
                .orElse(null);
    }

    /// The media playlist as of now; empty when everything was dropped.
    ///
    /// @param query goes behind every address in it
    String playlist(String query) {
        return locked(() ->
                segments.isEmpty() ? "" : new HlsPlaylist(facts(), query).fragments(segments, lowLatency, nextNumber));
    }

    /// The same in MPEG-TS: what is whole, without parts. Empty before there is any.
    String transportPlaylist(String query) {
        return locked(() -> {
            List<HlsSegment> whole = segments.stream()
                    .filter(segment -> segment.transportStream != null)
                    .toList();
            return whole.isEmpty() ? "" : new HlsPlaylist(facts(), query).transportStreams(whole);
        });
    }

    private HlsPlaylist.Facts facts() {
        return new HlsPlaylist.Facts(targetSeconds, discontinuities, ended);
    }

    /// From the next segment on there is MPEG-TS too.
    void wantTransportStreams() {
        transportStreams = true;
    }

    boolean wantsTransportStreams() {
        return transportStreams;
    }

    /// Blocks until there is something of MPEG-TS.
    boolean awaitTransportStream(long maxNanos) throws InterruptedException {
        BooleanSupplier there = () -> segments.stream().anyMatch(segment -> segment.transportStream != null);
        return await(() -> there.getAsBoolean() || ended, maxNanos) && locked(there::getAsBoolean);
    }
}
