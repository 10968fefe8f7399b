package tapedeck.relay;

import java.util.HashMap;
import java.util.Map;
import tapedeck.media.Frame;

/// Times of one connection after the other become times of one stream: each connection is placed where the clock says,
/// behind all that came before.
final class Timeline {
    /// One track's last decoding time.
    private static final class Line {
        private long lastNanos = Long.MIN_VALUE;
        private long stepNanos;
    }

    private static final long MAX_STEP_NANOS = 1_000_000_000L;
    /// What is taken for a frame's duration where there was only one.
    private static final long DEFAULT_STEP_NANOS = 40_000_000L;

    private final Map<Integer, Line> lines = new HashMap<>();
    private boolean started;
    private long clockNanos;
    private long newestNanos;
    private long offsetNanos;
    private long videoStepNanos;

    /// A connection's first frame.
    ///
    /// @param nowNanos of a clock that only goes forward
    /// @return about how many pictures (or frames of sound, where there is no picture) are missing in between
    long place(Frame first, long nowNanos) {
        if (!started) {
            started = true;
            clockNanos = nowNanos;
            offsetNanos = -first.dtsNanos();
            return 0;
        }
        long step = stepNanos();
        // The connection before may have begun with a few seconds of the past, and so be ahead of the clock.
        long atNanos = Math.max(nowNanos - clockNanos, newestNanos + step);
        offsetNanos = atNanos - first.dtsNanos();
        return (atNanos - newestNanos) / step - 1;
    }

    private long stepNanos() {
        long step = videoStepNanos;
        for (Line line : lines.values()) {
            step = step == 0 ? line.stepNanos : step;
        }
        return step == 0 ? DEFAULT_STEP_NANOS : step;
    }

    Frame shifted(Frame frame) {
        Line line = lines.computeIfAbsent(frame.track().id(), _ -> new Line());
        long shiftNanos = offsetNanos;
        long dtsNanos = frame.dtsNanos() + shiftNanos;
        long least = Math.max(line.lastNanos, 0);
        if (dtsNanos < least) {
            // The other track began a little earlier than the one that was placed.
            shiftNanos += least - dtsNanos;
            dtsNanos = least;
        }
        if (line.lastNanos != Long.MIN_VALUE && dtsNanos > line.lastNanos) {
            line.stepNanos = Math.min(dtsNanos - line.lastNanos, MAX_STEP_NANOS);
            if (frame.track().isVideo()) {
                videoStepNanos = line.stepNanos;
            }
        }
        line.lastNanos = dtsNanos;
        newestNanos = Math.max(newestNanos, dtsNanos);
        return shiftNanos == 0
                ? frame
                : new Frame(frame.track(), dtsNanos, frame.ptsNanos() + shiftNanos, frame.keyframe(), frame.data());
    }
}
