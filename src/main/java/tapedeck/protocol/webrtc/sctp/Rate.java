package tapedeck.protocol.webrtc.sctp;

/// So much a second for long, and at once no more than a few seconds' worth.
final class Rate {
    static final int BURST_SECONDS = 4;

    private static final long SECOND_NANOS = 1_000_000_000L;

    private final long perSecond;
    // In amounts times nanoseconds, so that nothing is rounded away.
    private long left;
    private long lastNanos;
    private boolean begun;

    Rate(long perSecond) {
        this.perSecond = perSecond;
        this.left = full();
    }

    private long full() {
        return BURST_SECONDS * perSecond * SECOND_NANOS;
    }

    /// Takes this much, if it is left.
    boolean take(long amount, long nowNanos) {
        if (begun) {
            long sinceNanos = Math.clamp(nowNanos - lastNanos, 0, BURST_SECONDS * SECOND_NANOS);
            left = Math.min(left + sinceNanos * perSecond, full());
        }
        begun = true;
        lastNanos = nowNanos;
        if (amount * SECOND_NANOS > left) {
            return false;
        }
        left -= amount * SECOND_NANOS;
        return true;
    }
}
