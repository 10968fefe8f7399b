package tapedeck.stream;

import java.util.Arrays;
import tapedeck.media.Frame;

/// How much media time waits in a queue: that of the track which has most of it.
///
/// Tracks are counted apart, because one may run seconds behind the other for ever; and a time stamp that jumps counts
/// no more than [#MAX_STEP_NANOS], because an hour that nobody sent takes no room.
final class MediaSpan {
    static final long MAX_STEP_NANOS = 1_000_000_000L;

    private int[] ids = new int[2];
    private long[] lastDtsNanos = new long[2];
    private long[] spanNanos = new long[2];
    private int tracks;
    private long longestNanos;

    void add(Frame frame) {
        int at = index(frame);
        if (at == tracks) {
            grow();
            ids[at] = frame.track().id();
            spanNanos[at] = 0;
            tracks++;
        } else {
            spanNanos[at] += step(at, frame);
            longestNanos = Math.max(longestNanos, spanNanos[at]);
        }
        lastDtsNanos[at] = frame.dtsNanos();
    }

    long nanos() {
        return longestNanos;
    }

    /// What [#nanos] would be with this frame too.
    long nanosWith(Frame frame) {
        int at = index(frame);
        return at == tracks ? longestNanos : Math.max(longestNanos, spanNanos[at] + step(at, frame));
    }

    void clear() {
        tracks = 0;
        longestNanos = 0;
    }

    private long step(int at, Frame frame) {
        return Math.clamp(frame.dtsNanos() - lastDtsNanos[at], 0, MAX_STEP_NANOS);
    }

    private int index(Frame frame) {
        int at = 0;
        while (at < tracks && ids[at] != frame.track().id()) {
            at++;
        }
        return at;
    }

    private void grow() {
        if (tracks == ids.length) {
            ids = Arrays.copyOf(ids, 2 * tracks);
            lastDtsNanos = Arrays.copyOf(lastDtsNanos, 2 * tracks);
            spanNanos = Arrays.copyOf(spanNanos, 2 * tracks);
        }
    }
}
