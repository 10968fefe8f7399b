package tapedeck.protocol.http;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tapedeck.container.Container;
import tapedeck.container.flv.EnhancedBody;
import tapedeck.container.mp4.CodecName;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.stream.Stream;

/// How a live stream can be had.
enum LiveFormat {
    FLV("flv", "FLV", "video/x-flv", 0) {
        @Override
        boolean canCarry(Codec codec) {
            return EnhancedBody.canCarry(codec);
        }

        @Override
        LiveMuxer muxer(Stream stream, List<Track> tracks) {
            return new FlvLive(tracks);
        }
    },
    /// Each batch begins with the tables.
    TS("ts", "MPEG-TS", "video/mp2t", 40) {
        @Override
        boolean canCarry(Codec codec) {
            return Container.TS.canCarry(codec);
        }

        @Override
        LiveMuxer muxer(Stream stream, List<Track> tracks) {
            return new TsLive(tracks, stream.name().value(), stream.startedAt());
        }
    },
    /// Each batch is a fragment.
    MP4("mp4", "MP4", "video/mp4", 100) {
        @Override
        boolean canCarry(Codec codec) {
            return LiveFragments.canCarry(codec);
        }

        @Override
        LiveMuxer muxer(Stream stream, List<Track> tracks) {
            return new Mp4Live(tracks, stream.name().value(), stream.startedAt());
        }

        // RFC 6381 3.3: what a page gives to its source buffer as it is.
        @Override
        String mediaType(List<Track> tracks) {
            boolean video = tracks.stream().anyMatch(Track::isVideo);
            return "%s; codecs=\"%s\"".formatted(video ? "video/mp4" : "audio/mp4", CodecName.ofAll(tracks));
        }
    };

    private final String extension;
    private final String title;
    private final String mediaType;
    private final int batchMillis;

    LiveFormat(String extension, String title, String mediaType, int batchMillis) {
        this.extension = extension;
        this.title = title;
        this.mediaType = mediaType;
        this.batchMillis = batchMillis;
    }

    static Optional<LiveFormat> ofExtension(String extension) {
        return Arrays.stream(values())
                .filter(format -> format.extension.equals(extension))
                .findAny();
    }

    /// As people call it.
    String title() {
        return title;
    }

    String extension() {
        return extension;
    }

    String mediaType(List<Track> tracks) {
        return mediaType;
    }

    /// For how long frames are gathered for a batch, so that what every batch costs is little beside it.
    int batchMillis() {
        return batchMillis;
    }

    abstract boolean canCarry(Codec codec);

    /// @param tracks all of the stream that it carries, as far as they are known
    abstract LiveMuxer muxer(Stream stream, List<Track> tracks);
}
