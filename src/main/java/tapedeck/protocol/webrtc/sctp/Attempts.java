package tapedeck.protocol.webrtc.sctp;

/// A timer that backs off: T1-init, T1-cookie and T2-shutdown of RFC 9260 5.1 and 9.2, of which only one runs.
final class Attempts {
    static final int MAX_ATTEMPTS = 8;

    private long deadlineNanos = Long.MAX_VALUE;
    private long timeoutNanos = RoundTrip.INITIAL_NANOS;
    private int count;

    long deadlineNanos() {
        return deadlineNanos;
    }

    void begin() {
        count = 0;
        timeoutNanos = RoundTrip.INITIAL_NANOS;
    }

    void stop() {
        deadlineNanos = Long.MAX_VALUE;
    }

    /// False if there were enough.
    boolean again(long nowNanos) {
        if (++count > MAX_ATTEMPTS) {
            return false;
        }
        deadlineNanos = nowNanos + timeoutNanos;
        timeoutNanos = Math.min(2 * timeoutNanos, RoundTrip.MAX_NANOS);
        return true;
    }
}
