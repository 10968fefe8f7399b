package tapedeck.container.ts;

/// Stamps of 33 bits become stream time: nanoseconds since the first one. They may wrap any number of times.
///
/// In a file a jump is a jump. Of a live stream, where nobody waits for it, it is mended:
/// - A step back of up to [#MAX_BACKWARD_NANOS] is jitter.
/// - A longer one, or one forward by more than [#MAX_FORWARD_NANOS] away from everything seen, is a clock that was set:
///   the stream goes on one frame after its last, and the other streams follow with the same shift when their own
///   stamps make the same jump, so that sound and picture stay together.
/// - Where the multiplex says that its clock is another from here on (2.4.3.5, discontinuity_indicator), already
///   [#MAX_ANNOUNCED_NANOS] are such a step.
final class TsClock {
    static final long MAX_BACKWARD_NANOS = 1_000_000_000L;
    static final long MAX_FORWARD_NANOS = 30_000_000_000L;
    static final long MAX_ANNOUNCED_NANOS = 1_000_000_000L;

    /// What becomes of jumps.
    enum Jumps {
        KEPT,
        MENDED
    }

    /// One stream's position.
    static final class Line {
        private boolean started;
        private int era;
        private long offsetNanos;
        private long lastNanos;
        private long stepNanos = 1_000_000;
    }

    private final Jumps jumps;
    private boolean started;
    private long zeroTicks;
    private long newestTicks;
    private int era;
    private long offsetNanos;
    private long newestNanos;

    TsClock(Jumps jumps) {
        this.jumps = jumps;
    }

    /// Goes on in the middle of a file.
    ///
    /// @param zeroTicks the stamp of its time 0
    /// @param nearTicks about where this is, within 13 hours
    TsClock(long zeroTicks, long nearTicks) {
        this.jumps = Jumps.KEPT;
        this.zeroTicks = zeroTicks;
        this.newestTicks = nearTicks;
        started = true;
    }

    long zeroTicks() {
        return zeroTicks;
    }

    /// The multiplex has another clock from here on.
    void discontinuity() {
        era++;
    }

    /// Stream time of this decoding time.
    long nanos(Line line, long dtsTicks) {
        if (!started) {
            started = true;
            zeroTicks = dtsTicks;
            newestTicks = dtsTicks;
        }
        newestTicks = TsTime.unwrapped(dtsTicks, newestTicks);
        long raw = TsTime.nanos(newestTicks - zeroTicks);
        return jumps == Jumps.KEPT ? raw : mended(line, raw);
    }

    private long mended(Line line, long raw) {
        long last = line.started ? line.lastNanos : newestNanos;
        long offset = line.started ? line.offsetNanos : offsetNanos;
        long forward = line.era == era ? MAX_FORWARD_NANOS : MAX_ANNOUNCED_NANOS;
        if (!isNear(line, raw + offset, forward)) {
            // Another stream may have made the same jump before.
            if (offset == offsetNanos || !isNear(line, raw + offsetNanos, MAX_FORWARD_NANOS)) {
                offsetNanos = last + line.stepNanos - raw;
            }
            offset = offsetNanos;
        }
        long nanos = raw + offset;
        if (line.started && nanos > last) {
            line.stepNanos = Math.min(nanos - last, MAX_BACKWARD_NANOS);
        }
        line.started = true;
        line.era = era;
        line.offsetNanos = offset;
        line.lastNanos = Math.max(nanos, last);
        newestNanos = Math.max(newestNanos, nanos);
        return nanos;
    }

    private boolean isNear(Line line, long nanos, long forwardNanos) {
        if (!line.started) {
            return Math.abs(nanos - newestNanos) <= MAX_FORWARD_NANOS;
        }
        long sinceLast = nanos - line.lastNanos;
        return sinceLast >= -MAX_BACKWARD_NANOS && (sinceLast <= forwardNanos || nanos - newestNanos <= forwardNanos);
    }
}
