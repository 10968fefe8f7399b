package tapedeck.container;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.LongUnaryOperator;

/// Where a track of pictures has none: whoever sends nothing for longer than [DescribedTrack#HOLE_NANOS] is
/// away. Pictures that always come as rarely as that (slides) have no holes.
///
/// Whoever goes over the pictures says when each of them is shown, in the order of their decoding: where they are
/// reordered, the times of decoding have the hole elsewhere.
public final class Holes {
    /// Twice as many pictures as any codec of ours may hold back (ITU-T H.264 A.3.1: max_dec_frame_buffering 16).
    static final int MAX_REORDERED = 32;

    /// Of so many steps one may be as long as a hole; with more of them that is how the pictures come.
    private static final int STEPS_FOR_A_HOLE = 10;

    private final long most;
    private final PriorityQueue<Long> reordered = new PriorityQueue<>();
    private final List<Hole> holes = new ArrayList<>();
    private long pictures;
    private long last;
    private long usual;

    /// On the clock of who found it.
    ///
    /// @param end when the last picture before the hole has been shown as long as the one before it
    /// @param next when the first one behind the hole is shown
    public record Hole(long end, long next) {
        /// The same on another clock.
        public Hole on(LongUnaryOperator clock) {
            return new Hole(clock.applyAsLong(end), clock.applyAsLong(next));
        }
    }

    /// @param most how long [DescribedTrack#HOLE_NANOS] is on the clock of the pictures
    public Holes(long most) {
        this.most = most;
    }

    /// Of a track that is gone over for this alone, in nanoseconds.
    static List<Hole> of(FileLine.Samples samples) throws IOException {
        Holes holes = new Holes(DescribedTrack.HOLE_NANOS);
        FileLine.Walk walk = samples.open();
        while (walk.next()) {
            holes.picture(walk.ptsNanos());
        }
        return holes.found();
    }

    /// @param time when it is shown
    public void picture(long time) {
        reordered.add(time);
        if (reordered.size() > MAX_REORDERED) {
            shown(reordered.remove());
        }
    }

    private void shown(long time) {
        long step = time - last;
        if (pictures++ > 0) {
            if (step > most) {
                holes.add(new Hole(last + usual, time));
            } else {
                usual = step;
            }
        }
        last = time;
    }

    /// When all pictures are there, in the order of time.
    public List<Hole> found() {
        while (!reordered.isEmpty()) {
            shown(reordered.remove());
        }
        boolean slow = (long) holes.size() * STEPS_FOR_A_HOLE > pictures - 1;
        return slow ? List.of() : List.copyOf(holes);
    }
}
