package tapedeck.api;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;

/// A live stream as `stream/find_all` shows it.
final class LiveStream {
    private LiveStream() {}

    /// The members of its JSON object. Those down to `creationDate` are what clients of the Flashphoner server know.
    static SequencedMap<String, Object> members(Stream stream, boolean record, long bitsPerSecond, Instant now) {
        Optional<Codec.Video> video = first(stream, Codec.Video.class);
        Optional<Codec.Audio> audio = first(stream, Codec.Audio.class);
        Stream.Statistics statistics = stream.statistics();
        Publisher publisher = stream.publisher();
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("mediaSessionId", stream.mediaSessionId());
        members.put("name", stream.name().value());
        members.put("sessionId", publisher.sessionId());
        members.put("login", publisher.login());
        members.put("published", true);
        members.put("hasVideo", video.isPresent());
        members.put("hasAudio", audio.isPresent());
        members.put("status", "PUBLISHING");
        members.put("record", record);
        members.put("width", video.map(Codec.Video::width).orElse(0));
        members.put("height", video.map(Codec.Video::height).orElse(0));
        members.put("videoCodec", video.map(LiveStream::codecName).orElse(""));
        members.put("audioCodec", audio.map(LiveStream::codecName).orElse(""));
        members.put("mediaProvider", mediaProvider(publisher.protocol()));
        members.put("mediaType", "publish");
        members.put("creationDate", stream.startedAt().toEpochMilli());
        members.put("protocol", publisher.protocol().name());
        members.put("address", publisher.address());
        members.put("sampleRate", audio.map(Codec.Audio::sampleRateHz).orElse(0));
        members.put("channels", audio.map(Codec.Audio::channels).orElse(0));
        members.put("bitrate", bitsPerSecond);
        members.put("readers", statistics.readers());
        members.put("viewers", statistics.liveReaders());
        members.put("frames", statistics.frames());
        members.put("bytes", statistics.bytes());
        members.put(
                "uptimeMillis",
                Math.max(0, Duration.between(stream.startedAt(), now).toMillis()));
        return members;
    }

    private static <C extends Codec> Optional<C> first(Stream stream, Class<C> kind) {
        return stream.tracks().stream()
                .map(Track::codec)
                .filter(kind::isInstance)
                .map(kind::cast)
                .findFirst();
    }

    /// As people write it.
    /// @param name as FFmpeg names the codec
    static String codecName(String name) {
        return switch (name) {
            case "opus" -> name;
            case "pcm_alaw" -> "PCMA";
            case "pcm_mulaw" -> "PCMU";
            default -> name.toUpperCase(Locale.ROOT);
        };
    }

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
            case Codec.Ac3 _ -> "AC3";
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
            case MIXER -> "Mixer";
        };
    }
}
