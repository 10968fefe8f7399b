package tapedeck.protocol.webrtc;

import tapedeck.rtp.BandwidthEstimator;

/// How fast a viewer is sent to: as its path carries, in bits that are earned with time.
final class Pacing {
    /// Sent at once after a pause: ten packets, or a fiftieth of a second's share.
    static final int BURST_BYTES = 12_000;

    private static final int BURSTS_PER_SECOND = 50;
    /// libwebrtc's factor too.
    private static final double FACTOR = 2.5;

    private static final long SECOND = 1_000_000_000L;

    private final BandwidthEstimator bandwidth;
    private final ViewerLayer layer;
    private final long maxBacklogNanos;
    private long budgetBits = 8 * BURST_BYTES;
    private long earnedNanos;

    /// @param layer that may be tried out
    /// @param maxBacklogNanos what may wait for its turn
    Pacing(BandwidthEstimator bandwidth, ViewerLayer layer, long maxBacklogNanos, long nowNanos) {
        this.bandwidth = bandwidth;
        this.layer = layer;
        this.maxBacklogNanos = maxBacklogNanos;
        earnedNanos = nowNanos;
    }

    /// A keyframe is many times as large as other pictures: where there is room it may go faster than its share.
    long bitsPerSecond(long nowNanos) {
        long estimate = bandwidth.bitsPerSecond();
        long pace = bandwidth.careful(nowNanos) ? estimate : (long) (FACTOR * estimate);
        return Math.max(pace, layer.triedBitsPerSecond());
    }

    /// What may wait, in bytes.
    long limitBytes(long nowNanos) {
        return bitsPerSecond(nowNanos) / 8 * (maxBacklogNanos / 1_000_000) / 1_000;
    }

    /// How long so much takes.
    long nanosOf(long bytes, long nowNanos) {
        return bytes * 8 * SECOND / bitsPerSecond(nowNanos);
    }

    void earn(long nowNanos) {
        long pace = bitsPerSecond(nowNanos);
        long elapsed = Math.clamp(nowNanos - earnedNanos, 0, SECOND);
        budgetBits = Math.min(
                budgetBits + elapsed / 1_000 * pace / 1_000_000, Math.max(8 * BURST_BYTES, pace / BURSTS_PER_SECOND));
        earnedNanos = nowNanos;
    }

    void spend(int bytes) {
        budgetBits -= 8L * bytes;
    }

    boolean maySend() {
        return budgetBits > 0;
    }

    /// Repeats go before everything new; but not without end, whatever is asked for.
    boolean mayRepeat(long nowNanos) {
        return budgetBits >= -4 * limitBytes(nowNanos);
    }
}
