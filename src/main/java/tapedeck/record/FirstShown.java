package tapedeck.record;

import java.util.ArrayList;
import java.util.List;
import tapedeck.media.Frame;

/// A stream that joins a file brings the pictures since its last keyframe, and is shown from when it came. The picture
/// that is on at that moment is made to begin then: an edit (ISO/IEC 14496-12 8.6.6) that begins within a picture is
/// read in two ways. FFmpeg, and who builds on it, puts the next picture at the edit's beginning, so that all of the
/// track is up to a picture early; and a Matroska has no such edits, so that a screen would show nothing until it
/// changes.
///
/// Pictures before that time are passed on until it is known which of them is the last one. Of a stream that stood
/// still and then brings what is older, each begins at that time, and the last of them stays.
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
    private long heldNanos;
    private long releasedNanos;
    private boolean begun;
    private boolean released;
    private boolean known;

    /// @param shownFromNanos time of the file before which nothing is shown
    FirstShown(long shownFromNanos) {
        fromNanos = shownFromNanos;
        atNanos = shownFromNanos + BEHIND_NANOS;
    }

    /// Time of the file before which nothing is shown.
    long fromNanos() {
        return fromNanos;
    }

    /// Whether frames need not come by here any more.
    boolean isKnown() {
        return known;
    }

    /// The frames that can be written now.
    ///
    /// @param frame the next one in decoding order
    /// @param nowNanos time of the file at which it came
    List<Frame> next(Frame frame, long nowNanos) {
        if (!begun) {
            begun = true;
            known = frame.ptsNanos() >= fromNanos;
        }
        if (known) {
            return List.of(frame);
        }
        // No picture is shown before it is decoded: all that follow are shown later.
        if (frame.dtsNanos() >= atNanos) {
            known = true;
            List<Frame> all = release();
            all.add(frame);
            return all;
        }
        if (released) {
            return List.of(at(frame, Math.max(frame.dtsNanos(), releasedNanos), Math.max(frame.ptsNanos(), atNanos)));
        }
        List<Frame> passed = List.of();
        if (frame.ptsNanos() < atNanos
                && (held.isEmpty() || frame.ptsNanos() >= held.getFirst().ptsNanos())) {
            passed = takeHeld();
        }
        held.add(frame);
        heldNanos = nowNanos;
        return passed;
    }

    /// Frames that wait.
    int held() {
        return held.size();
    }

    /// Whether it is time to do without the next picture.
    boolean isDue(long nowNanos) {
        return !held.isEmpty() && nowNanos - heldNanos > LONGEST_NANOS;
    }

    /// All that waited, the first of it where the track is shown from.
    List<Frame> release() {
        released = true;
        List<Frame> all = takeHeld();
        if (!all.isEmpty() && all.getFirst().ptsNanos() < atNanos) {
            all.set(0, moved(all.getFirst(), all.size() == 1));
        }
        if (!all.isEmpty()) {
            releasedNanos = all.getLast().dtsNanos();
        }
        return all;
    }

    /// Both times go the same way where nothing is decoded behind it: how far they are apart is a property of a track
    /// (`ctts`, 8.6.1.3), which its first picture gives.
    private Frame moved(Frame on, boolean last) {
        long later = last ? atNanos - on.ptsNanos() : 0;
        return at(on, on.dtsNanos() + later, atNanos);
    }

    private static Frame at(Frame frame, long dtsNanos, long ptsNanos) {
        return new Frame(frame.track(), dtsNanos, ptsNanos, frame.keyframe(), frame.data());
    }

    private List<Frame> takeHeld() {
        List<Frame> taken = new ArrayList<>(held);
        held.clear();
        return taken;
    }
}
