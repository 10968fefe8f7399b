package tapedeck.container;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.container.matroska.MatroskaFormat;
import tapedeck.container.mp4.Mp4Format;
import tapedeck.container.ts.TsFormat;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// The containers that a recording can have. A new one is one folder and one constant here.
public enum Container {
    MP4("mp4", "video/mp4", "audio/mp4", new Mp4Format()),
    WEBM("webm", "video/webm", "audio/webm", MatroskaFormat.WEBM),
    MKV("mkv", "video/x-matroska", "audio/x-matroska", MatroskaFormat.MKV),
    /// RFC 3555 4.2.9 knows one media type, whatever is inside.
    TS("ts", "video/mp2t", "video/mp2t", new TsFormat());

    private final String extension;
    private final String videoMediaType;
    private final String audioMediaType;
    private final Format format;

    Container(String extension, String videoMediaType, String audioMediaType, Format format) {
        this.extension = extension;
        this.videoMediaType = videoMediaType;
        this.audioMediaType = audioMediaType;
        this.format = format;
    }

    /// File name extension without the dot.
    public String extension() {
        return extension;
    }

    public String mediaType(boolean video) {
        return video ? videoMediaType : audioMediaType;
    }

    public boolean canCarry(Codec codec) {
        return format.canCarry(codec);
    }

    /// See [Format#muxer].
    public Muxer muxer(Output output, List<Track> tracks, MuxerOptions options) throws IOException {
        return format.muxer(output, tracks, options);
    }

    /// See [Format#filler].
    public Bytes filler(int bytes) {
        return format.filler(bytes);
    }

    /// See [Format#finish].
    public Summary finish(FileChannel file) throws IOException {
        return format.finish(file);
    }

    /// See [Format#finish].
    public Summary finish(FileChannel file, FinishOptions options) throws IOException {
        return format.finish(file, options);
    }

    /// See [Format#fronted].
    public Optional<FrontedCopy> fronted(FileChannel file) throws IOException {
        return format.fronted(file);
    }

    /// See [Format#probe].
    public Summary probe(FileChannel file) throws IOException {
        return format.probe(file);
    }
}
