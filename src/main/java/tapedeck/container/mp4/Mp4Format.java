package tapedeck.container.mp4;

import java.nio.channels.FileChannel;
import java.util.List;
import tapedeck.container.Format;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// Being written.
public final class Mp4Format implements Format {
    @Override
    public boolean canCarry(Codec codec) {
        return true;
    }

    @Override
    public Muxer muxer(Output output, List<Track> tracks, MuxerOptions options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Summary finish(FileChannel file) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Summary probe(FileChannel file) {
        throw new UnsupportedOperationException();
    }
}
