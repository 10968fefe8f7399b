package tapedeck.protocol.fetch;

import tapedeck.bytes.Bytes;
import tapedeck.container.ts.TsDemuxer;
import tapedeck.media.Frame;
import tapedeck.stream.Publisher;

/// A transport stream: one picture and one sound of its program.
final class TsSource implements SourceReader, TsDemuxer.Sink {
    private final Outlet outlet;
    private final TsDemuxer demuxer = TsDemuxer.live(this);
    private int videoId = -1;
    private int audioId = -1;

    TsSource(Outlet outlet) {
        this.outlet = outlet;
    }

    @Override
    public void receive(Bytes bytes) {
        demuxer.receive(bytes);
    }

    @Override
    public void end() {
        demuxer.restart();
    }

    @Override
    public void discontinuity() {
        demuxer.discontinuity();
    }

    /// Whole packets that came.
    long packets() {
        return demuxer.packets();
    }

    @Override
    public void frame(Frame frame) {
        int id = frame.track().id();
        if (frame.track().isVideo()) {
            videoId = videoId < 0 ? id : videoId;
        } else {
            audioId = audioId < 0 ? id : audioId;
        }
        if (id == (frame.track().isVideo() ? videoId : audioId)) {
            outlet.frame(frame);
        }
    }

    @Override
    public void unsupported(String codec) {
        outlet.unsupported(codec);
    }

    @Override
    public void missed(long frames) {
        outlet.missed(frames);
    }

    @Override
    public void program(int number, int programs) {
        if (!demuxer.hasVideo() && !demuxer.hasAudio()) {
            outlet.refuse();
        } else {
            outlet.expect(Publisher.Expects.of(demuxer.hasVideo(), demuxer.hasAudio()));
        }
    }
}
