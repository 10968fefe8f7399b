package tapedeck.protocol.webrtc.sctp;

import java.util.concurrent.TimeUnit;

/// The retransmission timeout from measured round trips, RFC 9260 6.3.1.
final class RoundTrip {
    static final long INITIAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    /// Twice the 200 ms by which a peer may delay its SACK (RFC 9260 6.2). RTO.Min is one second in clause 16, which is
    /// an age for a chat; browsers too take 400 ms.
    static final long MIN_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
    static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(10);

    private long smoothedNanos = -1;
    private long variationNanos;
    private long timeoutNanos = INITIAL_NANOS;

    long timeoutNanos() {
        return timeoutNanos;
    }

    /// -1 before the first measurement.
    long smoothedNanos() {
        return smoothedNanos;
    }

    void measured(long nanos) {
        if (smoothedNanos < 0) {
            smoothedNanos = nanos;
            variationNanos = nanos / 2;
        } else {
            variationNanos += (Math.abs(smoothedNanos - nanos) - variationNanos) / 4;
            smoothedNanos += (nanos - smoothedNanos) / 8;
        }
        timeoutNanos = Math.clamp(smoothedNanos + 4 * variationNanos, MIN_NANOS, MAX_NANOS);
    }

    /// RFC 9260 6.3.3 E2.
    void backOff() {
        timeoutNanos = Math.min(2 * timeoutNanos, MAX_NANOS);
    }
}
