package tapedeck.protocol.fetch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import tapedeck.bytes.Bytes;
import tapedeck.container.FrameSink;
import tapedeck.container.matroska.MatroskaDemuxer;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Matroska and WebM. Blocks say only when a picture is shown; where pictures are coded in another order, when they are
/// decoded follows from the order of all their times.
final class MkvSource implements SourceReader, FrameSink {
    /// ISO/IEC 14496-10 A.3: no more pictures are reordered.
    static final int REORDERED = 16;

    /// Sound that waits for pictures: 20 s of it. More of it tells that none come.
    static final int MAX_SOUNDS = 1_000;

    private final Outlet outlet;
    private final MatroskaDemuxer demuxer = new MatroskaDemuxer(this);
    private final Deque<Frame> pictures = new ArrayDeque<>();
    /// Sound that is later than the pictures which wait.
    private final Deque<Frame> sounds = new ArrayDeque<>();
    private final PriorityQueue<Long> times = new PriorityQueue<>();
    private boolean waits;
    private long shiftNanos = -1;
    private long lastNanos = Long.MIN_VALUE;

    MkvSource(Outlet outlet) {
        this.outlet = outlet;
    }

    @Override
    public void receive(Bytes bytes) {
        demuxer.receive(bytes);
    }

    @Override
    public void end() {
        while (!pictures.isEmpty()) {
            leave();
        }
        sounds.forEach(outlet::frame);
        sounds.clear();
    }

    @Override
    public void discontinuity() {}

    @Override
    public void track(Track track) {
        waits |= isReordered(track);
        outlet.track(track);
    }

    @Override
    public void unsupported(String codec) {
        outlet.unsupported(codec);
    }

    @Override
    public void frame(Frame frame) {
        if (!isReordered(frame.track())) {
            if (waits) {
                sounds.add(frame);
                if (sounds.size() > MAX_SOUNDS) {
                    outlet.frame(sounds.remove());
                }
            } else {
                outlet.frame(frame);
            }
            return;
        }
        pictures.add(frame);
        times.add(frame.ptsNanos());
        if (pictures.size() > REORDERED) {
            leave();
        }
    }

    private static boolean isReordered(Track track) {
        return track.codec() instanceof Codec.H264 || track.codec() instanceof Codec.H265;
    }

    /// The first one has the smallest time, and so on; all of them so much earlier that none is decoded after it is
    /// shown.
    private void leave() {
        if (shiftNanos < 0) {
            shiftNanos = shift();
        }
        Frame frame = pictures.remove();
        long dtsNanos = Math.min(times.remove() - shiftNanos, frame.ptsNanos());
        lastNanos = Math.max(lastNanos, dtsNanos);
        while (!sounds.isEmpty() && sounds.getFirst().dtsNanos() <= lastNanos) {
            outlet.frame(sounds.remove());
        }
        outlet.frame(new Frame(
                frame.track(), lastNanos, Math.max(lastNanos, frame.ptsNanos()), frame.keyframe(), frame.data()));
    }

    private long shift() {
        List<Long> sorted = new ArrayList<>();
        pictures.forEach(picture -> sorted.add(picture.ptsNanos()));
        Collections.sort(sorted);
        long shift = 0;
        int at = 0;
        for (Frame picture : pictures) {
            shift = Math.max(shift, sorted.get(at++) - picture.ptsNanos());
        }
        return shift;
    }
}
