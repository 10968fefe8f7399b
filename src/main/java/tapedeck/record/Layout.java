package tapedeck.record;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.FileFormat;
import tapedeck.settings.Settings.VideoFormat;

/// Which container a recording gets, and which tracks go into it.
///
/// @param leftOut tracks that the container cannot carry
record Layout(Container container, List<Track> tracks, List<Track> leftOut) {
    /// While nothing is known.
    static final Layout NONE = new Layout(Container.MP4, List.of(), List.of());

    /// The container that the settings name for the video codec; audio alone is MP4. Null if none can be had.
    static @Nullable Layout of(Collection<Track> known, Map<VideoFormat, FileFormat> formats) {
        Container container = Container.MP4;
        for (Track track : known) {
            if (track.codec() instanceof Codec.Video video) {
                Container configured = container(formats.get(format(video)));
                if (configured == null || !configured.canCarry(video)) {
                    return null;
                }
                container = configured;
                break;
            }
        }
        List<Track> tracks = new ArrayList<>();
        List<Track> leftOut = new ArrayList<>();
        for (Track track : known) {
            (container.canCarry(track.codec()) ? tracks : leftOut).add(track);
        }
        return tracks.isEmpty() ? null : new Layout(container, List.copyOf(tracks), List.copyOf(leftOut));
    }

    /// Whether sound has to be AAC in the file of a stream with this video codec (null without video). Matroska
    /// keeps what it gets.
    static boolean wantsAac(Codec.@Nullable Video video, Settings.Recording settings) {
        if (settings.mp4().audio() != Settings.Mp4Audio.AAC) {
            return false;
        }
        FileFormat file = video == null ? FileFormat.MP4 : settings.formats().get(format(video));
        return file == FileFormat.MP4 || file == FileFormat.TS;
    }

    private static VideoFormat format(Codec.Video codec) {
        return switch (codec) {
            case Codec.H264 _ -> VideoFormat.H264;
            case Codec.H265 _ -> VideoFormat.H265;
            case Codec.Vp8 _ -> VideoFormat.VP8;
            case Codec.Vp9 _ -> VideoFormat.VP9;
            case Codec.Av1 _ -> VideoFormat.AV1;
        };
    }

    private static @Nullable Container container(@Nullable FileFormat format) {
        if (format == null) {
            return null;
        }
        return switch (format) {
            case MP4 -> Container.MP4;
            case WEBM -> Container.WEBM;
            case MKV -> Container.MKV;
            case TS -> Container.TS;
        };
    }

    /// The codec in a file's name, at most four characters.
    static String shortName(Codec codec) {
        return switch (codec) {
            case Codec.H264 _ -> "h264";
            case Codec.H265 _ -> "h265";
            case Codec.Vp8 _ -> "vp8";
            case Codec.Vp9 _ -> "vp9";
            case Codec.Av1 _ -> "av1";
            case Codec.Aac _ -> "aac";
            case Codec.Opus _ -> "opus";
            case Codec.Mp3 _ -> "mp3";
            case Codec.Ac3 _ -> "ac3";
            case Codec.Pcma _ -> "pcma";
            case Codec.Pcmu _ -> "pcmu";
            case Codec.G722 _ -> "g722";
        };
    }
}
