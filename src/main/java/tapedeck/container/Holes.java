package tapedeck.container;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Where a track of pictures has none: whoever sends nothing for longer than [DescribedTrack#HOLE_NANOS] is
/// away. Pictures that always come as rarely as that (slides) have no holes.
final class Holes {
    /// Of so many steps one may be as long as a hole; with more of them that is how the pictures come.
    private static final int STEPS_FOR_A_HOLE = 10;

    private Holes() {}

    /// @param endNanos when the last picture before the hole has been shown as long as the one before it
    /// @param nextNanos when the first one behind the hole is shown
    record Hole(long endNanos, long nextNanos) {}

    /// In the order of time. When pictures are shown counts: where they are reordered, the times of decoding have the
    /// hole elsewhere.
    static List<Hole> of(FileLine.Samples samples) {
        long[] shown = new long[samples.count()];
        for (int i = 0; i < shown.length; i++) {
            shown[i] = samples.ptsNanos(i);
        }
        Arrays.sort(shown);
        List<Hole> holes = new ArrayList<>();
        long usual = 0;
        for (int i = 1; i < shown.length; i++) {
            long step = shown[i] - shown[i - 1];
            if (step > DescribedTrack.HOLE_NANOS) {
                holes.add(new Hole(shown[i - 1] + usual, shown[i]));
            } else {
                usual = step;
            }
        }
        boolean slow = (long) holes.size() * STEPS_FOR_A_HOLE > shown.length - 1;
        return slow ? List.of() : holes;
    }
}
