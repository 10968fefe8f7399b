package tapedeck.stream;

/// When time 0 of a stream was on the server's clock, as its frames tell that come with the least delay.
///
/// Only the last seconds count: a publisher's clock may run a little faster or slower than ours, and what was true at
/// its start is not true hours later. Not safe for threads.
final class ArrivalClock {
    /// Between one and two of these count.
    static final long WINDOW_NANOS = 10_000_000_000L;

    /// After so long one of its frames has come about as fast as any will: the tick in which its connection is read,
    /// and the order in which pictures are decoded, are shorter.
    static final long SETTLED_NANOS = 300_000_000L;

    private boolean any;
    private boolean settled;
    private long windowNanos;
    private long thisZero;
    private long lastZero;

    void arrived(long nowNanos, long ptsNanos) {
        long zero = nowNanos - ptsNanos;
        if (!any) {
            any = true;
            windowNanos = nowNanos;
            thisZero = zero;
            lastZero = zero;
            return;
        }
        settled |= nowNanos - windowNanos >= SETTLED_NANOS;
        if (nowNanos - windowNanos > WINDOW_NANOS) {
            windowNanos = nowNanos;
            lastZero = thisZero;
            thisZero = zero;
        } else if (zero - thisZero < 0) {
            thisZero = zero;
        }
    }

    boolean hasBegun() {
        return any;
    }

    /// Whether what it says is not going to change much.
    boolean isSettled() {
        return settled;
    }

    /// @param otherwise before the first frame
    long zeroNanos(long otherwise) {
        if (!any) {
            return otherwise;
        }
        return thisZero - lastZero < 0 ? thisZero : lastZero;
    }
}
