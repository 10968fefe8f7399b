package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.container.FinishOptions;
import tapedeck.container.Format;
import tapedeck.container.FrontedCopy;
import tapedeck.container.MultiMuxer;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// MP4: a fragmented file while it grows, and by one write of eight bytes an ordinary one afterwards.
public final class Mp4Format implements Format {
    @Override
    public boolean canCarry(Codec codec) {
        return SampleEntryWriter.canWrite(codec);
    }

    @Override
    public Muxer muxer(Output output, List<Track> tracks, MuxerOptions options) {
        return new Mp4Muxer(output, tracks, options);
    }

    /// Starts a file for the tracks of many streams, which join while it grows.
    public static MultiMuxer multiMuxer(Output output, MuxerOptions options) {
        return Mp4Muxer.many(output, options);
    }

    /// ISO/IEC 14496-12 8.1.2, FreeSpaceBox.
    @Override
    public Bytes filler(int bytes) {
        return Layout.free(bytes);
    }

    @Override
    public Summary finish(FileChannel file) throws IOException {
        return Mp4Finisher.finish(file);
    }

    @Override
    public Summary finish(FileChannel file, FinishOptions options) throws IOException {
        return Mp4Finisher.finish(file, options);
    }

    @Override
    public Optional<FrontedCopy> fronted(FileChannel file) throws IOException {
        return IndexMove.of(file);
    }

    @Override
    public Summary probe(FileChannel file) throws IOException {
        return Mp4Reader.summary(file);
    }
}
