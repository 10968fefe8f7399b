package tapedeck.protocol.webrtc;

import tapedeck.media.Frame;
import tapedeck.stream.SessionReport.TrackReport;

/// How often a picture stood still, and for how long: by the times of the frames, so as whoever plays them sees it.
final class Freezes {
    private long lastNanos = Long.MIN_VALUE;
    private long count;
    private long nanos;

    void frame(Frame frame) {
        long gap = frame.ptsNanos() - lastNanos;
        if (lastNanos != Long.MIN_VALUE && gap > TrackReport.FREEZE_NANOS) {
            count++;
            nanos += gap;
        }
        lastNanos = frame.ptsNanos();
    }

    long count() {
        return count;
    }

    long nanos() {
        return nanos;
    }
}
