package tapedeck.rtp;

/// Tells two pauses of a sender apart of which nothing is seen in its RTP time. *Its clock stood still* while it sent
/// nothing, as Chromium's does for sound when a page takes its microphone away for a while: what comes now belongs to
/// now. *The network held its packets back*: they come all at once, and what comes now belongs to the past.
///
/// The first packets behind the pause look the same. But those that were held back come faster than they were made,
/// until nothing of them is left. While that cannot be told yet, nothing is placed in time.
final class StoppedClock {
    /// Shorter pauses are jitter, or a sender that had no time: reports put right what they leave behind.
    static final long MIN_PAUSE_NANOS = 2_000_000_000L;
    /// What comes is late by at least this.
    static final long MIN_LATE_NANOS = 1_000_000_000L;
    /// After this long without catching up, the clock stood still.
    static final long DECIDE_NANOS = 500_000_000L;
    /// Who still catches up after this long does not matter any more.
    static final long MAX_DECIDE_NANOS = 2_000_000_000L;
    /// Catching up is that much in the time to decide.
    private static final long FALLING_NANOS = 50_000_000L;

    private static final long NONE = Long.MIN_VALUE;

    private long lastArrivalNanos = NONE;
    /// When the pause ended that is undecided.
    private long sinceNanos = NONE;
    private long lookedNanos;
    private long lookedOffset;
    private long leastOffset;

    /// A packet came.
    ///
    /// @param offset by which it came later than its RTP time says
    /// @param usual the least offset of those before
    void arrived(long arrivalNanos, long offset, long usual) {
        if (lastArrivalNanos != NONE
                && arrivalNanos - lastArrivalNanos >= MIN_PAUSE_NANOS
                && offset - usual >= MIN_LATE_NANOS) {
            sinceNanos = arrivalNanos;
            lookedNanos = arrivalNanos;
            lookedOffset = offset;
            leastOffset = offset;
        } else if (sinceNanos != NONE) {
            leastOffset = Math.min(leastOffset, offset);
            if (leastOffset - usual < MIN_LATE_NANOS) {
                // It has caught up.
                sinceNanos = NONE;
            }
        }
        lastArrivalNanos = arrivalNanos;
    }

    /// Whether it is still to be found out which of the two it is.
    boolean isUndecided() {
        return sinceNanos != NONE;
    }

    /// When to look again with [#stoodStill(long)]; [Long#MAX_VALUE] if there is nothing to find out.
    long lookNanos() {
        return sinceNanos == NONE ? Long.MAX_VALUE : lookedNanos + DECIDE_NANOS;
    }

    /// True once if the clock is seen to have stood still.
    boolean stoodStill(long nowNanos) {
        if (nowNanos < lookNanos()) {
            return false;
        }
        if (lookedOffset - leastOffset > FALLING_NANOS && nowNanos - sinceNanos < MAX_DECIDE_NANOS) {
            lookedNanos = nowNanos;
            lookedOffset = leastOffset;
            return false;
        }
        sinceNanos = NONE;
        return true;
    }

    /// How late what comes is now, when [#stoodStill(long)].
    long leastOffset() {
        return leastOffset;
    }

    /// Another source, or another clock.
    void restart() {
        lastArrivalNanos = NONE;
        sinceNanos = NONE;
    }
}
