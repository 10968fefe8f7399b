package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.Format;
import tapedeck.container.MultiMuxer;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// WebM and Matroska: one format, two values.
public final class MatroskaFormat implements Format {
    public static final MatroskaFormat WEBM = new MatroskaFormat(Doctype.WEBM);
    public static final MatroskaFormat MKV = new MatroskaFormat(Doctype.MKV);

    private final Doctype doctype;

    private MatroskaFormat(Doctype doctype) {
        this.doctype = doctype;
    }

    @Override
    public boolean canCarry(Codec codec) {
        return doctype.canCarry(codec);
    }

    /// A track of a codec that cannot be carried, or a picture without a size, is an [IllegalArgumentException].
    @Override
    public Muxer muxer(Output output, List<Track> tracks, MuxerOptions options) {
        return new MatroskaMuxer(output, doctype, tracks, options);
    }

    /// Starts a file for the tracks of many streams, which join while it grows.
    public static MultiMuxer multiMuxer(Output output, MuxerOptions options) {
        return new MultiMatroskaMuxer(output, options);
    }

    /// RFC 8794 11.3.2, Void.
    @Override
    public Bytes filler(int bytes) {
        return new EbmlWriter().voidOf(bytes).toBytes();
    }

    @Override
    public Summary finish(FileChannel file) throws IOException {
        return MatroskaFinisher.finish(file);
    }

    @Override
    public Summary probe(FileChannel file) throws IOException {
        return MatroskaFinisher.probe(file);
    }
}
