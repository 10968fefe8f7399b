package tapedeck.rtp;

/// How much a sender may send that gets no transport-wide feedback, for REMB (draft-alvestrand-rmcat-remb-03): no limit
/// until the way is seen to be full, then below what came through, and slowly up again.
///
/// A full way shows in two things: packets that take longer than others did, which is a queue that grows, and loss.
public final class ReceiveEstimate {
    public static final long MAX_BITS_PER_SECOND = 20_000_000;
    static final long MIN_BITS_PER_SECOND = 50_000;

    private static final long SECOND = 1_000_000_000L;
    /// A queue that delays by this much is one.
    static final long QUEUE_NANOS = 100_000_000L;
    /// Above this share of packets a lossy way is taken to be a full one (draft-ietf-rmcat-gcc-02 6).
    private static final double FULL_LOSS = 0.10;

    private static final double QUIET_LOSS = 0.02;
    private static final double DECREASE = 0.85;
    /// Of each period.
    private static final double INCREASE = 1.08;
    /// The least delay is looked for in this much time, or twice that: clocks drift.
    private static final long WINDOW_NANOS = 10 * SECOND;

    private static final double QUEUE_WEIGHT = 0.1;
    private static final long NONE = Long.MAX_VALUE;

    private long limit = MAX_BITS_PER_SECOND;
    private long bytes;
    private long packets;
    private long periodNanos = NONE;
    private long windowNanos = NONE;
    private long leastNanos = NONE;
    private long leastBeforeNanos = NONE;
    private double queueNanos;
    private final Unwrapper sendTimes = new Unwrapper(24);
    private final Unwrapper timestamps = new Unwrapper(32);

    /// A packet came with the header extension `abs-send-time`.
    ///
    /// @param sendTime 24 bits of seconds with 18 behind the point
    public void received(int sizeBytes, int sendTime, long arrivalNanos) {
        long sent = sendTimes.unwrapForward(sendTime);
        received(sizeBytes, (sent >> 18) * SECOND + ((sent & 0x3_FFFF) * SECOND >> 18), arrivalNanos);
    }

    /// A packet came of which only the RTP time is known; all given so are of one source.
    ///
    /// @param timestamp 32 bits
    public void received(int sizeBytes, long timestamp, int clockRateHz, long arrivalNanos) {
        long ticks = timestamps.unwrapForward(timestamp);
        received(sizeBytes, ticks / clockRateHz * SECOND + ticks % clockRateHz * SECOND / clockRateHz, arrivalNanos);
    }

    private void received(int sizeBytes, long sentNanos, long arrivalNanos) {
        if (periodNanos == NONE) {
            periodNanos = arrivalNanos;
            windowNanos = arrivalNanos;
        }
        bytes += sizeBytes;
        packets++;
        long delay = arrivalNanos - sentNanos;
        if (arrivalNanos - windowNanos > WINDOW_NANOS) {
            windowNanos = arrivalNanos;
            leastBeforeNanos = leastNanos;
            leastNanos = delay;
        }
        leastNanos = Math.min(leastNanos, delay);
        queueNanos += (delay - Math.min(leastNanos, leastBeforeNanos) - queueNanos) * QUEUE_WEIGHT;
    }

    /// The sender's clock was set anew, or another sender took over.
    public void restart() {
        leastNanos = NONE;
        leastBeforeNanos = NONE;
        queueNanos = 0;
        sendTimes.reset();
        timestamps.reset();
    }

    /// The limit after a period, about a second.
    ///
    /// @param lost packets that were found missing in it, whether they were repaired or not
    public long limit(long lost, long nowNanos) {
        if (periodNanos == NONE || nowNanos <= periodNanos) {
            return limit;
        }
        long rate = (long) (bytes * 8.0 * SECOND / (nowNanos - periodNanos));
        double loss = packets + lost == 0 ? 0 : (double) lost / (packets + lost);
        if (packets > 0 && (queueNanos > QUEUE_NANOS || loss > FULL_LOSS)) {
            limit = Math.max(MIN_BITS_PER_SECOND, Math.min(limit, (long) (DECREASE * rate)));
        } else if (limit < MAX_BITS_PER_SECOND && loss < QUIET_LOSS && queueNanos < QUEUE_NANOS / 2) {
            // Who sends less than allowed proves nothing for more.
            long proven = Math.max(limit, 2 * rate);
            limit = Math.min(MAX_BITS_PER_SECOND, Math.min(proven, (long) (limit * INCREASE) + 10_000));
        }
        bytes = 0;
        packets = 0;
        periodNanos = nowNanos;
        return limit;
    }

    /// Whether a queue is growing so fast that the sender should hear of it now.
    public boolean urgent() {
        return queueNanos > QUEUE_NANOS;
    }
}
