package tapedeck.protocol.fetch;

import tapedeck.bytes.Bytes;
import tapedeck.container.FrameSink;
import tapedeck.container.matroska.MatroskaDemuxer;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.DecodingTimes;

/// Matroska and WebM. Blocks say only when a picture is shown; where pictures are coded in another order, when they are
/// decoded follows from the order of all their times.
final class MkvSource implements SourceReader, FrameSink {
    /// Pictures that are decoded before the first one is shown have times before the beginning: up to 16 of them
    /// (ISO/IEC 14496-10 A.3), 40 ms each.
    static final long EARLY_NANOS = 640_000_000L;

    private final Outlet outlet;
    private final MatroskaDemuxer demuxer = new MatroskaDemuxer(this);
    private final DecodingTimes decoding = new DecodingTimes();
    private long lastNanos = Long.MIN_VALUE;

    MkvSource(Outlet outlet) {
        this.outlet = outlet;
    }

    @Override
    public void receive(Bytes bytes) {
        demuxer.receive(bytes);
    }

    @Override
    public void end() {}

    @Override
    public void discontinuity() {}

    @Override
    public void track(Track track) {
        outlet.track(track);
    }

    @Override
    public void unsupported(String codec) {
        outlet.unsupported(codec);
    }

    @Override
    public void frame(Frame frame) {
        if (!DecodingTimes.isReordered(frame.track().codec())) {
            outlet.frame(frame);
            return;
        }
        long dtsNanos = decoding.dtsNanos(frame.track().codec(), frame.ptsNanos() + EARLY_NANOS) - EARLY_NANOS;
        lastNanos = Math.max(lastNanos, dtsNanos);
        outlet.frame(new Frame(
                frame.track(), lastNanos, Math.max(lastNanos, frame.ptsNanos()), frame.keyframe(), frame.data()));
    }
}
