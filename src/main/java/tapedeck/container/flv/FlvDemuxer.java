package tapedeck.container.flv;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.av1.Av1TemporalUnit;
import tapedeck.codec.h264.AvcConfiguration;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.HevcConfiguration;
import tapedeck.codec.mp3.Mp3Header;
import tapedeck.codec.opus.OpusHead;
import tapedeck.codec.vp8.Vp8Header;
import tapedeck.codec.vp9.Vp9Header;
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
    private static final int MP3_LAYER = 3;
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
            case EXTENDED_AUDIO -> enhancedAudio(timestampMillis, EnhancedTag.parse(body, false));
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
        return headed(Codec.Aac.class, timestampMillis, data);
    }

    private FlvItem mp3(int timestampMillis, Bytes data) {
        Codec current = audioCodec();
        Mp3Header header = Mp3Header.parse(data);
        if (header.layer() != MP3_LAYER) {
            // In the middle of MP3 it is damage.
            if (current instanceof Codec.Mp3) {
                throw new MalformedException("MP3: a frame of layer %d".formatted(header.layer()));
            }
            return new FlvItem.Unsupported("MPEG audio layer " + header.layer());
        }
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
            return enhancedVideo(timestampMillis, EnhancedTag.parse(body, true));
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
            case CODED -> nalUnits(timestampMillis, body.u24(2) << 8 >> 8, data, first >> 4 == KEYFRAME);
            default -> NOTHING;
        };
    }

    /// A picture of H.264 or H.265.
    private FlvItem nalUnits(int timestampMillis, int compositionMillis, Bytes data, boolean keyframe) {
        if (video == null || !(video.codec() instanceof Codec.H264 || video.codec() instanceof Codec.H265)) {
            throw new MalformedException("a picture before its sequence header");
        }
        Bytes accessUnit = H264.normalised(data, nalLengthBytes);
        return picture(video, timestampMillis, compositionMillis, keyframe, accessUnit);
    }

    private FlvItem picture(Track track, int timestampMillis, int compositionMillis, boolean keyframe, Bytes data) {
        long dtsMillis = clock.millis(videoLine, timestampMillis);
        long ptsMillis = dtsMillis + compositionMillis;
        return new FlvItem.Media(
                new Frame(track, dtsMillis * NANOS_PER_MILLI, ptsMillis * NANOS_PER_MILLI, keyframe, data));
    }

    private FlvItem enhancedVideo(int timestampMillis, EnhancedTag tag) {
        return switch (tag.fourCc()) {
            case null -> NOTHING;
            case "avc1", "hvc1", "vp08", "vp09", "av01" ->
                switch (tag.packetType()) {
                    case EnhancedTag.SEQUENCE_START -> tag.body().isEmpty() ? NOTHING : sequenceStart(tag);
                    case EnhancedTag.CODED_FRAMES, EnhancedTag.CODED_FRAMES_X -> coded(timestampMillis, tag);
                    // Ends, colours, and what MPEG-TS calls a start
                    default -> NOTHING;
                };
            default -> new FlvItem.Unsupported("enhanced RTMP video " + tag.fourCc());
        };
    }

    /// VP8 and VP9 say in their keyframes what is needed.
    private FlvItem sequenceStart(EnhancedTag tag) {
        return switch (String.valueOf(tag.fourCc())) {
            case "avc1" -> {
                AvcConfiguration configuration = AvcConfiguration.parse(tag.body());
                nalLengthBytes = configuration.nalLengthBytes();
                yield header(configuration.codec());
            }
            case "hvc1" -> {
                HevcConfiguration configuration = HevcConfiguration.parse(tag.body());
                nalLengthBytes = configuration.nalLengthBytes();
                yield header(configuration.codec());
            }
            case "av01" -> header(Av1SequenceHeader.parseAv1C(tag.body()).codec());
            default -> NOTHING;
        };
    }

    private FlvItem coded(int timestampMillis, EnhancedTag tag) {
        Bytes data = tag.body();
        if (data.isEmpty()) {
            return NOTHING;
        }
        return switch (String.valueOf(tag.fourCc())) {
            case "vp08" -> vp8(timestampMillis, data);
            case "vp09" -> vp9(timestampMillis, data);
            case "av01" -> av1(timestampMillis, data);
            default -> {
                boolean composed = tag.packetType() == EnhancedTag.CODED_FRAMES;
                if (composed && data.length() <= 3) {
                    yield NOTHING;
                }
                int compositionMillis = composed ? data.u24(0) << 8 >> 8 : 0;
                yield nalUnits(timestampMillis, compositionMillis, composed ? data.slice(3) : data, tag.keyframe());
            }
        };
    }

    private FlvItem vp8(int timestampMillis, Bytes data) {
        Vp8Header header = Vp8Header.parse(data);
        return selfDescribed(timestampMillis, header.keyframe() ? header.codec() : null, data);
    }

    private FlvItem vp9(int timestampMillis, Bytes data) {
        Vp9Header header = Vp9Header.parse(data);
        return selfDescribed(timestampMillis, header.keyframe() ? header.codec() : null, data);
    }

    /// A keyframe may bring another sequence header than the start did.
    private FlvItem av1(int timestampMillis, Bytes data) {
        Bytes unit = Av1TemporalUnit.withoutDelimiter(data);
        if (unit.isEmpty()) {
            return NOTHING;
        }
        Av1TemporalUnit parsed = Av1TemporalUnit.parse(unit);
        boolean known = video != null && video.codec() instanceof Codec.Av1;
        Codec codec = parsed.keyframe() && !known
                ? parsed.sequenceHeader().orElseThrow().codec()
                : null;
        if (codec != null) {
            video = new Track(Track.VIDEO, codec);
        } else if (video == null || !known) {
            throw new MalformedException("AV1 picture before a sequence header");
        }
        return picture(video, timestampMillis, 0, parsed.keyframe(), unit);
    }

    /// @param codec what a keyframe says of it; null for another picture
    private FlvItem selfDescribed(int timestampMillis, @Nullable Codec codec, Bytes data) {
        if (codec != null && (video == null || !video.codec().equals(codec))) {
            video = new Track(Track.VIDEO, codec);
        }
        if (video == null) {
            throw new MalformedException("a picture before the first keyframe");
        }
        return picture(video, timestampMillis, 0, codec != null, data);
    }

    private FlvItem enhancedAudio(int timestampMillis, EnhancedTag tag) {
        Bytes data = tag.body();
        boolean start = tag.packetType() == EnhancedTag.SEQUENCE_START;
        if (String.valueOf(tag.fourCc()).equals("multitrack")) {
            return new FlvItem.Unsupported("enhanced RTMP audio multitrack");
        }
        if (data.isEmpty() || !start && tag.packetType() != EnhancedTag.CODED_FRAMES) {
            return NOTHING;
        }
        return switch (String.valueOf(tag.fourCc())) {
            case "Opus" ->
                start ? header(OpusHead.parse(data).codec()) : headed(Codec.Opus.class, timestampMillis, data);
            case "mp4a" -> start ? header(Aac.fromConfig(data)) : headed(Codec.Aac.class, timestampMillis, data);
            case ".mp3" -> start ? NOTHING : mp3(timestampMillis, data);
            default -> new FlvItem.Unsupported("enhanced RTMP audio " + tag.fourCc());
        };
    }

    /// A frame of a codec that has a sequence header.
    private FlvItem headed(Class<? extends Codec> codec, int timestampMillis, Bytes data) {
        if (audio == null || !codec.isInstance(audio.codec())) {
            throw new MalformedException("a frame of sound before its sequence header");
        }
        return audioFrame(audio, timestampMillis, data);
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
