package tapedeck.record;

import java.util.ArrayList;
import java.util.List;
import tapedeck.media.Frame;

/// A stream that joins a file brings the pictures since its last keyframe, and is shown from when it came. The picture
/// that is on at that moment is made to begin then: an edit (ISO/IEC 14496-12 8.6.6) that begins within a picture is
/// read in two ways. FFmpeg, and who builds on it, puts the next picture at the edit's beginning, so that all of the
/// track is up to a picture early; and a Matroska has no such edits, so that a screen nobody touches would show
/// nothing.
///
/// Pictures before that time are passed on until it is known which of them is the last one.
final class FirstShown {
    /// So much behind the edit's beginning, which is two ticks of 1/90000 s: times are rounded to ticks one by one, and
    /// what is a tick in front of the edit is not shown.
    static final long BEHIND_NANOS = 22_222;
    /// A stream of which nothing comes for so long stands still.
    static final long LONGEST_NANOS = 1_000_000_000L;

    private final long fromNanos;
    private final long atNanos;
    /// The picture that is on, and those that are decoded behind it.
    private final List<Frame> held = new ArrayList<>();
    private boolean begun;
    private boolean known;

    /// @param shownFromNanos time of the file before which nothing is shown
    FirstShown(long shownFromNanos) {
        fromNanos = shownFromNanos;
        atNanos = shownFromNanos + BEHIND_NANOS;
    }

    /// Whether frames need not come by here any more.
    boolean isKnown() {
        return known;
    }

    /// The frames that can be written now.
    ///
    /// @param frame the next one in decoding order
    List<Frame> next(Frame frame) {
        if (!begun) {
            begun = true;
            known = frame.ptsNanos() >= fromNanos;
        }
        if (known) {
            return List.of(frame);
        }
        // No picture is shown before it is decoded: all that follow are shown later.
        if (frame.dtsNanos() >= atNanos) {
            List<Frame> released = release();
            released.add(frame);
            return released;
        }
        List<Frame> passed = List.of();
        if (frame.ptsNanos() < atNanos
                && (held.isEmpty() || frame.ptsNanos() >= held.getFirst().ptsNanos())) {
            passed = takeHeld();
        }
        held.add(frame);
        return passed;
    }

    /// Frames that wait.
    int held() {
        return held.size();
    }

    /// Whether it is time to do without the next picture.
    boolean isDue(long nowNanos) {
        return !held.isEmpty() && nowNanos - atNanos > LONGEST_NANOS;
    }

    /// All that waited, the first of it where the track is shown from.
    List<Frame> release() {
        known = true;
        List<Frame> released = takeHeld();
        if (!released.isEmpty() && released.getFirst().ptsNanos() < atNanos) {
            released.set(0, moved(released.getFirst(), released.size() == 1));
        }
        return released;
    }

    private Frame moved(Frame on, boolean last) {
        // Where nothing is reordered both times stay the same, as all readers have it right.
        boolean together = last && on.dtsNanos() == on.ptsNanos();
        return new Frame(on.track(), together ? atNanos : on.dtsNanos(), atNanos, on.keyframe(), on.data());
    }

    private List<Frame> takeHeld() {
        List<Frame> taken = new ArrayList<>(held);
        held.clear();
        return taken;
    }
}
