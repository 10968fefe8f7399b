package tapedeck.container;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/// Where a track of pictures has none: whoever sends nothing for longer than [DescribedTrack#HOLE_NANOS] is
/// away. Pictures that always come as rarely as that (slides) have no holes.
final class Holes {
    /// Of so many steps one may be as long as a hole; with more of them that is how the pictures come.
    private static final int STEPS_FOR_A_HOLE = 10;

    /// Twice as many pictures as any codec of ours may hold back (ITU-T H.264 A.3.1: max_dec_frame_buffering 16).
    private static final int MAX_REORDERED = 32;

    private Holes() {}

    /// @param endNanos when the last picture before the hole has been shown as long as the one before it
    /// @param nextNanos when the first one behind the hole is shown
    record Hole(long endNanos, long nextNanos) {}

    /// In the order of time. When pictures are shown counts: where they are reordered, the times of decoding have the
    /// hole elsewhere.
    static List<Hole> of(FileLine.Samples samples) throws IOException {
        FileLine.Walk walk = samples.open();
        PriorityQueue<Long> reordered = new PriorityQueue<>();
        Steps steps = new Steps();
        while (walk.next()) {
            reordered.add(walk.ptsNanos());
            if (reordered.size() > MAX_REORDERED) {
                steps.shown(reordered.remove());
            }
        }
        while (!reordered.isEmpty()) {
            steps.shown(reordered.remove());
        }
        return steps.holes();
    }

    /// From picture to picture, in the order in which they are shown.
    private static final class Steps {
        private final List<Hole> holes = new ArrayList<>();
        private long pictures;
        private long lastNanos;
        private long usual;

        void shown(long nanos) {
            long step = nanos - lastNanos;
            if (pictures++ > 0) {
                if (step > DescribedTrack.HOLE_NANOS) {
                    holes.add(new Hole(lastNanos + usual, nanos));
                } else {
                    usual = step;
                }
            }
            lastNanos = nanos;
        }

        List<Hole> holes() {
            boolean slow = (long) holes.size() * STEPS_FOR_A_HOLE > pictures - 1;
            return slow ? List.of() : holes;
        }
    }
}
