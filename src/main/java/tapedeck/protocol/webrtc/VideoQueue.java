package tapedeck.protocol.webrtc;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.Payload;

/// The pictures that wait for their turn on the way to one viewer, and the rule by which some of them never get one:
/// after a picture that was left out comes nothing before the next keyframe.
///
/// A viewer that joins gets the pictures since the last keyframe faster than real time. Their presentation times are
/// drawn together in front of the last one's, so that the viewer's buffer takes them for a quick picture sequence that
/// is up to date, and not for one that is late: it would keep that delay.
final class VideoQueue {
    /// 1 ms between pictures at 60 a second.
    private static final long MAX_SQUEEZE = 16;
    /// More than a tick of 90 kHz.
    private static final long MIN_STEP_NANOS = 1_000_000;

    private final Deque<FramePackets> frames = new ArrayDeque<>();
    private int nextPayload;
    private long bytes;
    private Waits waits = Waits.FOR_THE_FIRST;
    private long sent;
    private long leftOut;
    private long noRoom;
    /// Of the layers from here on something was left out: nothing of them is of use before the next keyframe.
    private int brokenLayer = FramePackets.NONE_DEPENDS;

    // Presentation times up to the last one are drawn together.
    private long pastUntilNanos = Long.MIN_VALUE;
    private long squeeze = 1;

    private long presentedNanos;
    private long newestNanos = Long.MIN_VALUE;
    /// Nothing is presented before, after a change of layers or a new beginning.
    private long floorNanos = Long.MIN_VALUE;

    /// Why nothing goes on before the next keyframe.
    private enum Waits {
        NOT,
        FOR_THE_FIRST,
        /// Pictures did not fit.
        FOR_ROOM,
        /// The viewer has lost one.
        FOR_ANOTHER
    }

    /// Whether nothing goes on before the next keyframe.
    boolean waiting() {
        return waits != Waits.NOT;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /// What has not been sent yet.
    long bytes() {
        return bytes;
    }

    /// Pictures that were not sent, the ones before the first keyframe not counted.
    long leftOut() {
        return leftOut;
    }

    /// Those among them that did not fit: what the viewer has lost says nothing about how much its path carries.
    long noRoom() {
        return noRoom;
    }

    /// Pictures that were sent whole.
    long sent() {
        return sent;
    }

    /// Takes the picture, if everything before it was taken and it fits: what waits may have `limitBytes`, a keyframe
    /// may always come, and takes the place of what waits if that is half of it.
    void offer(FramePackets frame, long limitBytes) {
        if (frame.entryPoint()) {
            brokenLayer = FramePackets.NONE_DEPENDS;
        } else if (!waiting() && dispensable(frame, limitBytes)) {
            doesNotFit();
            leaveOut(frame);
            return;
        }
        boolean fits = frame.entryPoint() || frames.isEmpty() || bytes + frame.bytes() <= limitBytes;
        if (!frame.entryPoint() && waiting()) {
            leftOut += waits == Waits.FOR_THE_FIRST ? 0 : 1;
            noRoom += waits == Waits.FOR_ROOM ? 1 : 0;
            return;
        }
        if (!fits) {
            doesNotFit();
            waits = Waits.FOR_ROOM;
            return;
        }
        if (frame.entryPoint() && bytes > limitBytes / 2) {
            trim(0);
        }
        waits = Waits.NOT;
        add(frame);
    }

    /// Upper layers go first, while there is still room for the pictures that all depend on: a viewer then sees fewer
    /// pictures a second instead of a still one.
    private boolean dispensable(FramePackets frame, long limitBytes) {
        boolean broken = frame.layer() >= brokenLayer && frame.layer() != FramePackets.NONE_DEPENDS;
        return frame.layer() > 0 && (broken || bytes + frame.bytes() > limitBytes / 2);
    }

    private void doesNotFit() {
        leftOut++;
        noRoom++;
    }

    private void leaveOut(FramePackets frame) {
        brokenLayer = Math.min(brokenLayer, frame.layer());
    }

    private void dropUpperLayers(long limitBytes) {
        Iterator<FramePackets> latest = frames.descendingIterator();
        for (int left = frames.size(); bytes > limitBytes && left > (nextPayload > 0 ? 1 : 0); left--) {
            FramePackets frame = latest.next();
            if (frame.layer() > 0) {
                latest.remove();
                bytes -= frame.bytes();
                doesNotFit();
                leaveOut(frame);
            }
        }
    }

    /// The path became narrower: leaves out the latest pictures until the others fit, those of upper layers first. One
    /// that was begun is finished.
    void trim(long limitBytes) {
        dropUpperLayers(limitBytes);
        while (bytes > limitBytes && frames.size() > (nextPayload > 0 ? 1 : 0)) {
            bytes -= frames.removeLast().bytes();
            doesNotFit();
            waits = Waits.FOR_ROOM;
        }
    }

    private void add(FramePackets frame) {
        frames.add(frame);
        bytes += frame.bytes();
    }

    /// Begins anew with a group of pictures out of the past.
    ///
    /// @param withinNanos how long its sending will take
    void catchUp(List<FramePackets> gop, long withinNanos) {
        waitForKeyframe();
        // Who has seen some of it, and lost the rest, does not go back in time.
        floorNanos = newestNanos;
        long first = gop.getFirst().frame().ptsNanos();
        pastUntilNanos = first;
        for (FramePackets frame : gop) {
            pastUntilNanos = Math.max(pastUntilNanos, frame.frame().ptsNanos());
        }
        // Never slower than real time, and never so close that two pictures share a tick.
        squeeze = Math.clamp((pastUntilNanos - first) / Math.max(withinNanos, 1), 1, MAX_SQUEEZE);
        waits = Waits.NOT;
        gop.forEach(this::add);
    }

    /// Of the picture whose packets go now, as the viewer shall see it.
    long presentationNanos(FramePackets frame) {
        if (nextPayload > 0) {
            return presentedNanos;
        }
        long pts = frame.frame().ptsNanos();
        long nanos = pts < pastUntilNanos ? pastUntilNanos - (pastUntilNanos - pts) / squeeze : pts;
        if (nanos <= floorNanos) {
            nanos = floorNanos + MIN_STEP_NANOS;
            floorNanos = nanos;
        }
        presentedNanos = nanos;
        newestNanos = Math.max(newestNanos, nanos);
        return nanos;
    }

    /// What follows is another layer: what was not begun of this one gives way. Layers are of the same pictures, so
    /// that the first one may be as old as the last one sent, or a little older.
    void change() {
        trim(0);
        floorNanos = newestNanos;
    }

    /// The picture whose packets go now, or null.
    @Nullable
    FramePackets current() {
        return frames.peek();
    }

    /// The next payload of [#current()].
    Payload payload() {
        return frames.element().payloads().get(nextPayload);
    }

    /// The payload was sent; true if its picture is whole.
    boolean advance() {
        FramePackets frame = frames.element();
        bytes -= frame.payloads().get(nextPayload).length();
        if (++nextPayload < frame.payloads().size()) {
            return false;
        }
        frames.remove();
        nextPayload = 0;
        sent++;
        return true;
    }

    /// What is in here goes out, and then nothing before the next keyframe.
    void holdOn() {
        waits = Waits.FOR_ROOM;
    }

    /// Nothing of this group of pictures is of use any more: the viewer has lost some of it.
    void waitForKeyframe() {
        leftOut += frames.size();
        frames.clear();
        nextPayload = 0;
        bytes = 0;
        waits = Waits.FOR_ANOTHER;
    }
}
