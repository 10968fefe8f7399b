package tapedeck.api;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;

/// A live stream as `stream/find_all` shows it. The members down to `creationDate` are those that clients of the
/// Flashphoner server know; the others are ours.
///
/// @param creationDate milliseconds since 1970
/// @param readers whoever takes the stream's frames, recorders too
/// @param viewers readers that watch
record LiveStream(
        String mediaSessionId,
        String name,
        String sessionId,
        String login,
        boolean published,
        boolean hasVideo,
        boolean hasAudio,
        String status,
        boolean record,
        int width,
        int height,
        String videoCodec,
        String audioCodec,
        String mediaProvider,
        String mediaType,
        long creationDate,
        String protocol,
        String address,
        int sampleRate,
        int channels,
        long bitrate,
        int readers,
        int viewers,
        long frames,
        long bytes,
        long uptimeMillis) {

    static LiveStream of(Stream stream, boolean record, long bitsPerSecond, Instant now) {
        Optional<Codec.Video> video = stream.tracks().stream()
                .map(Track::codec)
                .filter(Codec.Video.class::isInstance)
                .map(Codec.Video.class::cast)
                .findFirst();
        Optional<Codec.Audio> audio = stream.tracks().stream()
                .map(Track::codec)
                .filter(Codec.Audio.class::isInstance)
                .map(Codec.Audio.class::cast)
                .findFirst();
        Stream.Statistics statistics = stream.statistics();
        Publisher publisher = stream.publisher();
        return new LiveStream(
                stream.mediaSessionId(),
                stream.name().value(),
                publisher.sessionId(),
                publisher.login(),
                true,
                video.isPresent(),
                audio.isPresent(),
                "PUBLISHING",
                record,
                video.map(Codec.Video::width).orElse(0),
                video.map(Codec.Video::height).orElse(0),
                video.map(LiveStream::codecName).orElse(""),
                audio.map(LiveStream::codecName).orElse(""),
                mediaProvider(publisher.protocol()),
                "publish",
                stream.startedAt().toEpochMilli(),
                publisher.protocol().name(),
                publisher.address(),
                audio.map(Codec.Audio::sampleRateHz).orElse(0),
                audio.map(Codec.Audio::channels).orElse(0),
                bitsPerSecond,
                statistics.readers(),
                statistics.liveReaders(),
                statistics.frames(),
                statistics.bytes(),
                Math.max(0, Duration.between(stream.startedAt(), now).toMillis()));
    }

    /// As people write it.
    static String codecName(Codec codec) {
        return switch (codec) {
            case Codec.H264 _ -> "H264";
            case Codec.H265 _ -> "H265";
            case Codec.Vp8 _ -> "VP8";
            case Codec.Vp9 _ -> "VP9";
            case Codec.Av1 _ -> "AV1";
            case Codec.Aac _ -> "AAC";
            case Codec.Opus _ -> "opus";
            case Codec.Mp3 _ -> "MP3";
            case Codec.Pcma _ -> "PCMA";
            case Codec.Pcmu _ -> "PCMU";
            case Codec.G722 _ -> "G722";
        };
    }

    /// The names that clients of the Flashphoner server know: RTMP is `Flash` there.
    private static String mediaProvider(Publisher.Protocol protocol) {
        return switch (protocol) {
            case RTMP -> "Flash";
            case WEBRTC -> "WebRTC";
            case RTSP -> "RTSP";
            case RTP -> "RTP";
            case MPEGTS -> "MPEG-TS";
            case LIVEFLV -> "LiveFLV";
            case HTTP -> "HTTP";
        };
    }
}
