package tapedeck.container.flv;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.h264.AvcConfiguration;
import tapedeck.codec.h264.H264;
import tapedeck.codec.mp3.Mp3Header;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The bodies of audio and video tags become frames, E.4.2 and E.4.3. A frame's data are a slice of the body.
///
/// ```
/// audio  format 4 · rate 2 · size 1 · stereo 1 │ AAC: 0 = AudioSpecificConfig, 1 = raw │ data
/// video  frame type 4 · codec 4 │ AVC: 0 = avcC, 1 = NAL units, 2 = end · composition time 24 │ data
/// ```
public final class FlvDemuxer {
    static final int MP3 = 2;
    static final int PCMA = 7;
    static final int PCMU = 8;
    static final int AAC = 10;
    static final int MP3_8KHZ = 14;
    static final int AVC = 7;

    static final int SEQUENCE_HEADER = 0;
    static final int CODED = 1;

    static final int KEYFRAME = 1;

    /// What a tag whose header has the bit of enhanced RTMP begins with, instead of E.4.3.1.
    private static final int EXTENDED_VIDEO = 0x80;

    private static final int EXTENDED_AUDIO = 9;
    private static final int COMMAND_FRAME = 5;
    private static final int G711_RATE_HZ = 8_000;
    private static final int AVC_HEADER_BYTES = 5;
    private static final int AAC_HEADER_BYTES = 2;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final FlvItem NOTHING = new FlvItem.Nothing();

    private final FlvClock clock = new FlvClock();
    private final FlvClock.Line videoLine = new FlvClock.Line();
    private final FlvClock.Line audioLine = new FlvClock.Line();
    private @Nullable Track video;
    private @Nullable Track audio;
    private int nalLengthBytes;

    /// @throws MalformedException if the tag cannot be what it says; the next one may be good again
    public FlvItem audio(int timestampMillis, Bytes body) {
        if (body.isEmpty()) {
            return NOTHING;
        }
        int format = body.u8(0) >> 4;
        int channels = (body.u8(0) & 1) + 1;
        return switch (format) {
            case AAC -> aac(timestampMillis, body);
            case MP3, MP3_8KHZ -> body.length() == 1 ? NOTHING : mp3(timestampMillis, body.slice(1));
            case PCMA -> plain(new Codec.Pcma(G711_RATE_HZ, channels), timestampMillis, body.slice(1));
            case PCMU -> plain(new Codec.Pcmu(G711_RATE_HZ, channels), timestampMillis, body.slice(1));
            case EXTENDED_AUDIO -> new FlvItem.Unsupported("enhanced RTMP audio " + fourCc(body));
            default -> new FlvItem.Unsupported(audioName(format));
        };
    }

    private FlvItem aac(int timestampMillis, Bytes body) {
        if (body.length() <= AAC_HEADER_BYTES) {
            return NOTHING;
        }
        Bytes data = body.slice(AAC_HEADER_BYTES);
        if (body.u8(1) == SEQUENCE_HEADER) {
            return header(Aac.fromConfig(data));
        }
        if (audio == null || !(audio.codec() instanceof Codec.Aac)) {
            throw new MalformedException("AAC frame before its sequence header");
        }
        return audioFrame(audio, timestampMillis, data);
    }

    private FlvItem mp3(int timestampMillis, Bytes data) {
        Codec current = audioCodec();
        Mp3Header header = Mp3Header.parse(data);
        boolean same = current instanceof Codec.Mp3 mp3
                && mp3.sampleRateHz() == header.sampleRateHz()
                && mp3.channels() == header.channels();
        return plain(same ? current : new Codec.Mp3(header.sampleRateHz(), header.channels()), timestampMillis, data);
    }

    /// A codec without sequence header.
    private FlvItem plain(@Nullable Codec codec, int timestampMillis, Bytes data) {
        if (data.isEmpty() || codec == null) {
            return NOTHING;
        }
        if (audio == null || !audio.codec().equals(codec)) {
            audio = new Track(Track.AUDIO, codec);
        }
        return audioFrame(audio, timestampMillis, data);
    }

    private FlvItem audioFrame(Track track, int timestampMillis, Bytes data) {
        long dtsNanos = clock.millis(audioLine, timestampMillis) * NANOS_PER_MILLI;
        return new FlvItem.Media(new Frame(track, dtsNanos, dtsNanos, true, data));
    }

    /// @throws MalformedException if the tag cannot be what it says; the next one may be good again
    public FlvItem video(int timestampMillis, Bytes body) {
        if (body.isEmpty()) {
            return NOTHING;
        }
        int first = body.u8(0);
        if ((first & EXTENDED_VIDEO) != 0) {
            return new FlvItem.Unsupported("enhanced RTMP video " + fourCc(body));
        }
        if (first >> 4 == COMMAND_FRAME) {
            return NOTHING;
        }
        int codec = first & 0x0F;
        if (codec != AVC) {
            return new FlvItem.Unsupported(videoName(codec));
        }
        if (body.length() <= AVC_HEADER_BYTES) {
            return NOTHING;
        }
        Bytes data = body.slice(AVC_HEADER_BYTES);
        return switch (body.u8(1)) {
            case SEQUENCE_HEADER -> {
                AvcConfiguration configuration = AvcConfiguration.parse(data);
                nalLengthBytes = configuration.nalLengthBytes();
                yield header(configuration.codec());
            }
            case CODED -> picture(timestampMillis, body, data, first >> 4 == KEYFRAME);
            default -> NOTHING;
        };
    }

    private FlvItem picture(int timestampMillis, Bytes body, Bytes data, boolean keyframe) {
        if (video == null) {
            throw new MalformedException("AVC picture before its sequence header");
        }
        Bytes accessUnit = H264.normalised(data, nalLengthBytes);
        long dtsMillis = clock.millis(videoLine, timestampMillis);
        int compositionMillis = body.u24(2) << 8 >> 8;
        long ptsMillis = dtsMillis + compositionMillis;
        return new FlvItem.Media(
                new Frame(video, dtsMillis * NANOS_PER_MILLI, ptsMillis * NANOS_PER_MILLI, keyframe, accessUnit));
    }

    private @Nullable Codec audioCodec() {
        return audio == null ? null : audio.codec();
    }

    private FlvItem header(Codec codec) {
        boolean isVideo = codec instanceof Codec.Video;
        Track current = isVideo ? video : audio;
        if (current == null || !current.codec().equals(codec)) {
            current = new Track(isVideo ? Track.VIDEO : Track.AUDIO, codec);
        }
        if (isVideo) {
            video = current;
        } else {
            audio = current;
        }
        return new FlvItem.Header(current);
    }

    private static String fourCc(Bytes body) {
        if (body.length() < 5) {
            return "without a name";
        }
        StringBuilder name = new StringBuilder();
        for (int i = 1; i < 5; i++) {
            int c = body.u8(i);
            name.append(c > ' ' && c < 0x7F ? (char) c : '?');
        }
        return name.toString();
    }

    private static String audioName(int format) {
        return switch (format) {
            case 0, 3 -> "PCM";
            case 1 -> "ADPCM";
            case 4, 5, 6 -> "Nellymoser";
            case 11 -> "Speex";
            default -> "audio format " + format;
        };
    }

    private static String videoName(int codec) {
        return switch (codec) {
            case 2 -> "Sorenson H.263";
            case 3, 6 -> "Screen video";
            case 4, 5 -> "VP6";
            case 12 -> "H.265 with codec id 12";
            default -> "video codec " + codec;
        };
    }
}
