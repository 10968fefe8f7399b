package tapedeck.rtp;

/// How many frames of one source nobody got. What is known of a loss is the number of packets and of frames of which a
/// part came; how many were lost whole in between, only the time tells that is missing.
public final class MissedFrames {
    /// Frames that come later than this many usual steps are a pause, unless packets are missing too; and the usual
    /// step follows a new rate of frames slowly.
    private static final double WEIGHT = 1.0 / 16;

    private static final long NONE = Long.MIN_VALUE;

    private long lastNanos = NONE;
    private double stepNanos;
    private long seenMissing;
    private long seenLost;
    private long total;

    /// A whole frame came out.
    ///
    /// @param missingFrames that are known to be missing, so far
    /// @param lostPackets so far
    public void frame(long ptsNanos, long missingFrames, long lostPackets) {
        long known = missingFrames - seenMissing;
        long most = known + lostPackets - seenLost;
        long step = ptsNanos - lastNanos;
        if (lastNanos == NONE) {
            // What was before the first one belongs to nobody.
        } else if (known == 0) {
            stepNanos = stepNanos == 0 ? step : stepNanos + (step - stepNanos) * WEIGHT;
        } else {
            // Each frame has a packet of its own.
            long byTime = stepNanos < 1 ? known : Math.round(step / stepNanos) - 1;
            total += Math.clamp(byTime, known, Math.max(known, most));
        }
        lastNanos = ptsNanos;
        seenMissing = missingFrames;
        seenLost = lostPackets;
    }

    /// No other frame will come.
    public void end(long missingFrames) {
        if (lastNanos != NONE) {
            total += missingFrames - seenMissing;
            seenMissing = missingFrames;
        }
    }

    public long total() {
        return total;
    }
}
