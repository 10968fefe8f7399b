package tapedeck.container.matroska;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.container.CodedTrack;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// One TrackEntry, RFC 9559 5.1.4.1, with the codec mappings of RFC 9559's codec registry.
///
/// @param number how blocks name the track; our [Track#id()]
/// @param kind by TrackType
/// @param codec empty for one that this server does not know
/// @param uid by which tags name it
/// @param name for people; empty for none
/// @param codecDelayNanos what a block's timestamp is too late by, RFC 9559 5.1.4.1.28
/// @param rotationDegrees how far a picture has to be turned clockwise
record TrackEntry(
        int number,
        long uid,
        String name,
        Kind kind,
        String codecId,
        Bytes codecPrivate,
        Optional<Codec> codec,
        long codecDelayNanos,
        int rotationDegrees) {
    enum Kind {
        VIDEO,
        AUDIO,
        OTHER
    }

    /// Two bytes of a variable-size integer name it in every block.
    static final int MAX_NUMBER = (1 << 14) - 2;
    /// RFC 9559 leaves it open; what decoders take, and what keeps a lie from being believed.
    static final int MAX_PICTURE_SIZE = 65_536;

    private static final String H264_ID = "V_MPEG4/ISO/AVC";
    private static final String H265_ID = "V_MPEGH/ISO/HEVC";
    private static final String AV1_ID = "V_AV1";
    private static final int MAX_CHANNELS = 255;
    private static final int MAX_SAMPLE_RATE_HZ = 1_000_000;
    private static final int TYPE_VIDEO = 1;
    private static final int TYPE_AUDIO = 2;
    private static final int TYPE_METADATA = 33;
    static final String NOTES_ID = "D_WEBVTT/METADATA";
    /// RFC 7845 4.6, and the Opus mapping of Matroska: decode 80 ms before a seek target.
    private static final long OPUS_SEEK_PRE_ROLL_NANOS = 80_000_000;

    private static final int WAVE_FORMAT_ALAW = 6;
    private static final int WAVE_FORMAT_MULAW = 7;

    static EbmlWriter write(Track track) {
        return write(track, new EbmlWriter());
    }

    /// One of many: of several the first is played.
    static EbmlWriter write(Track track, String name, boolean first) {
        return write(
                track,
                new EbmlWriter().uint(ElementId.FLAG_DEFAULT, first ? 1 : 0).text(ElementId.NAME, name));
    }

    /// Of what is said beside pictures and sound: the mapping of WebM for WebVTT, whose cues are JSON here.
    static EbmlWriter writeNotes(int number) {
        return new EbmlWriter()
                .uint(ElementId.TRACK_NUMBER, number)
                .uint(ElementId.TRACK_UID, number)
                .uint(ElementId.TRACK_TYPE, TYPE_METADATA)
                .uint(ElementId.FLAG_DEFAULT, 0)
                .uint(ElementId.FLAG_LACING, 0)
                .text(ElementId.LANGUAGE, "und")
                .text(ElementId.CODEC_ID, NOTES_ID);
    }

    private static EbmlWriter write(Track track, EbmlWriter more) {
        var out = new EbmlWriter()
                .uint(ElementId.TRACK_NUMBER, track.id())
                .uint(ElementId.TRACK_UID, track.id())
                .uint(ElementId.TRACK_TYPE, track.isVideo() ? TYPE_VIDEO : TYPE_AUDIO)
                .uint(ElementId.FLAG_LACING, 0)
                .raw(more.toBytes())
                .text(ElementId.LANGUAGE, "und")
                .text(ElementId.CODEC_ID, codecId(track.codec()));
        Bytes codecPrivate = codecPrivate(track.codec());
        if (!codecPrivate.isEmpty()) {
            out.binary(ElementId.CODEC_PRIVATE, codecPrivate);
        }
        if (track.codec() instanceof Codec.Opus opus) {
            out.uint(ElementId.CODEC_DELAY, delayNanos(opus)).uint(ElementId.SEEK_PRE_ROLL, OPUS_SEEK_PRE_ROLL_NANOS);
        }
        return switch (track.codec()) {
            case Codec.Video video -> out.master(ElementId.VIDEO, video(video, track.rotationDegrees()));
            case Codec.Audio audio -> out.master(ElementId.AUDIO, audio(audio));
        };
    }

    private static EbmlWriter video(Codec.Video codec, int rotationDegrees) {
        var out = new EbmlWriter()
                .uint(ElementId.PIXEL_WIDTH, codec.width())
                .uint(ElementId.PIXEL_HEIGHT, codec.height());
        if (rotationDegrees != 0) {
            // RFC 9559 5.1.4.1.28.41 and following: a flat picture, turned counter-clockwise by -180 to 180 degrees.
            int roll = rotationDegrees == 270 ? 90 : -rotationDegrees;
            out.master(
                    ElementId.PROJECTION,
                    new EbmlWriter().uint(ElementId.PROJECTION_TYPE, 0).real(ElementId.PROJECTION_POSE_ROLL, roll));
        }
        return out;
    }

    private static EbmlWriter audio(Codec.Audio codec) {
        var out = new EbmlWriter()
                .real(ElementId.SAMPLING_FREQUENCY, codec.sampleRateHz())
                .uint(ElementId.CHANNELS, codec.channels());
        if (codec instanceof Codec.Pcma || codec instanceof Codec.Pcmu) {
            out.uint(ElementId.BIT_DEPTH, 8);
        }
        return out;
    }

    private static String codecId(Codec codec) {
        return switch (codec) {
            case Codec.Vp8 _ -> "V_VP8";
            case Codec.Vp9 _ -> "V_VP9";
            case Codec.Av1 _ -> AV1_ID;
            case Codec.H264 _ -> H264_ID;
            case Codec.H265 _ -> H265_ID;
            case Codec.Opus _ -> "A_OPUS";
            case Codec.Aac _ -> "A_AAC";
            case Codec.Mp3 _ -> "A_MPEG/L3";
            case Codec.Ac3 _ -> "A_AC3";
            case Codec.Pcma _, Codec.Pcmu _ -> "A_MS/ACM";
            case Codec.G722 _ -> throw new IllegalArgumentException(codec.name() + " in Matroska");
        };
    }

    private static Bytes codecPrivate(Codec codec) {
        return switch (codec) {
            case Codec.Vp8 _, Codec.Mp3 _, Codec.Ac3 _ -> Bytes.EMPTY;
            // The VP9 mapping of WebM: feature, length, value; 1 = profile, 3 = bit depth.
            case Codec.Vp9 c -> Bytes.ofU8(1, 1, c.profile(), 3, 1, c.bitDepth());
            case Codec.Av1 c -> Av1SequenceHeader.parse(c.sequenceHeader()).toAv1C();
            case Codec.H264 c -> H264.toAvcc(c);
            case Codec.H265 c -> H265.toHvcc(c);
            case Codec.Opus c -> OpusHead.of(c).toBytes();
            case Codec.Aac c -> c.config();
            case Codec.Pcma c -> waveFormat(WAVE_FORMAT_ALAW, c);
            case Codec.Pcmu c -> waveFormat(WAVE_FORMAT_MULAW, c);
            case Codec.G722 _ -> throw new IllegalArgumentException(codec.name() + " in Matroska");
        };
    }

    /// WAVEFORMATEX, little-endian, of one byte a sample.
    private static Bytes waveFormat(int formatTag, Codec.Audio codec) {
        return new ByteWriter(18)
                .u16Le(formatTag)
                .u16Le(codec.channels())
                .u32Le(codec.sampleRateHz())
                .u32Le((long) codec.sampleRateHz() * codec.channels())
                .u16Le(codec.channels())
                .u16Le(8)
                .u16Le(0)
                .toBytes();
    }

    /// The delay of a codec that has one: RFC 7845 4.2.
    static long delayNanos(Codec codec) {
        return codec instanceof Codec.Opus opus ? opus.preSkip() * 1_000_000_000L / opus.sampleRateHz() : 0;
    }

    static TrackEntry parse(List<EbmlReader.Child> children) {
        int number = 0;
        long uid = 0;
        String name = "";
        int type = 0;
        String codecId = "";
        Bytes codecPrivate = Bytes.EMPTY;
        long codecDelayNanos = 0;
        List<EbmlReader.Child> video = List.of();
        List<EbmlReader.Child> audio = List.of();
        for (EbmlReader.Child child : children) {
            switch (child.id()) {
                case ElementId.TRACK_NUMBER -> number = child.uint(Integer.MAX_VALUE);
                case ElementId.TRACK_UID -> uid = child.uint();
                case ElementId.NAME -> name = child.text();
                case ElementId.TRACK_TYPE -> type = child.uint(255);
                case ElementId.CODEC_ID -> codecId = child.text();
                case ElementId.CODEC_PRIVATE -> codecPrivate = child.content();
                case ElementId.CODEC_DELAY -> codecDelayNanos = child.uint(Integer.MAX_VALUE);
                case ElementId.VIDEO -> video = child.children();
                case ElementId.AUDIO -> audio = child.children();
                default -> {
                    // Languages, flags, encryption: nothing that is asked here.
                }
            }
        }
        if (number == 0) {
            throw new MalformedException("TrackEntry without a TrackNumber");
        }
        Optional<Codec> codec = switch (type) {
            case TYPE_VIDEO -> videoCodec(codecId, codecPrivate, video);
            case TYPE_AUDIO -> audioCodec(codecId, codecPrivate, audio);
            default -> Optional.empty();
        };
        Kind kind = type == TYPE_VIDEO ? Kind.VIDEO : type == TYPE_AUDIO ? Kind.AUDIO : Kind.OTHER;
        return new TrackEntry(
                number, uid, name, kind, codecId, codecPrivate, codec, codecDelayNanos, rotationDegrees(video));
    }

    /// The roll of a flat picture, as [#write] has it.
    private static int rotationDegrees(List<EbmlReader.Child> video) {
        for (EbmlReader.Child child : video) {
            if (child.id() == ElementId.PROJECTION) {
                for (EbmlReader.Child member : child.children()) {
                    if (member.id() == ElementId.PROJECTION_POSE_ROLL) {
                        return 90 * Math.floorMod(-(int) Math.rint(member.real() / 90), 4);
                    }
                }
            }
        }
        return 0;
    }

    boolean video() {
        return kind == Kind.VIDEO;
    }

    /// The track under this id, also where only its frames will say what it is; null for a codec that nobody knows.
    @Nullable
    CodedTrack coded(int id) {
        return switch (codecId) {
            case H264_ID -> codecPrivate.isEmpty() ? CodedTrack.ofAnnexB(id) : CodedTrack.ofAvcc(id, codecPrivate);
            case H265_ID -> codecPrivate.isEmpty() ? null : CodedTrack.ofHvcc(id, codecPrivate);
            case AV1_ID -> codec.isPresent() ? CodedTrack.of(id, codec.get(), 0) : CodedTrack.ofAv1(id);
            default -> codec.map(known -> CodedTrack.of(id, known, 0)).orElse(null);
        };
    }

    private static Optional<Codec> videoCodec(String codecId, Bytes codecPrivate, List<EbmlReader.Child> video) {
        int width = 0;
        int height = 0;
        for (EbmlReader.Child child : video) {
            switch (child.id()) {
                case ElementId.PIXEL_WIDTH -> width = child.uint(MAX_PICTURE_SIZE);
                case ElementId.PIXEL_HEIGHT -> height = child.uint(MAX_PICTURE_SIZE);
                default -> {
                    // Colours, crops and stereo modes.
                }
            }
        }
        return switch (codecId) {
            case "V_VP8" -> Optional.of(new Codec.Vp8(width, height));
            case "V_VP9" -> Optional.of(vp9(codecPrivate, width, height));
            case AV1_ID ->
                codecPrivate.length() <= 4
                        ? Optional.empty()
                        : Optional.of(Av1SequenceHeader.parseAv1C(codecPrivate).codec());
            // Some say nothing here: then the parameter sets are in the pictures.
            case H264_ID -> codecPrivate.isEmpty() ? Optional.empty() : Optional.of(H264.fromAvcc(codecPrivate));
            case H265_ID -> codecPrivate.isEmpty() ? Optional.empty() : Optional.of(H265.fromHvcc(codecPrivate));
            default -> Optional.empty();
        };
    }

    private static Codec.Vp9 vp9(Bytes features, int width, int height) {
        int profile = 0;
        int bitDepth = 8;
        ByteReader in = features.reader();
        while (in.remaining() >= 2) {
            int feature = in.u8();
            Bytes value = in.take(in.u8());
            if (feature == 1 && value.length() == 1) {
                profile = value.u8(0);
            } else if (feature == 3 && value.length() == 1) {
                bitDepth = value.u8(0);
            }
        }
        return new Codec.Vp9(profile, bitDepth, width, height);
    }

    private static Optional<Codec> audioCodec(String codecId, Bytes codecPrivate, List<EbmlReader.Child> audio) {
        // RFC 9559 5.1.4.1.29: 8000 Hz and 1 channel where nothing is said.
        int rateHz = 8000;
        int channels = 1;
        for (EbmlReader.Child child : audio) {
            if (child.id() == ElementId.CHANNELS) {
                channels = child.uint(MAX_CHANNELS);
            } else if (child.id() == ElementId.SAMPLING_FREQUENCY) {
                double value = child.real();
                if (!(value >= 1 && value <= MAX_SAMPLE_RATE_HZ)) {
                    throw new MalformedException("SamplingFrequency of %s Hz".formatted(value));
                }
                rateHz = (int) Math.round(value);
            }
        }
        return switch (codecId) {
            case "A_OPUS" ->
                codecPrivate.isEmpty()
                        ? Optional.of(new Codec.Opus(channels, 0))
                        : Optional.of(OpusHead.parse(codecPrivate).codec());
            case "A_AAC" -> codecPrivate.isEmpty() ? Optional.empty() : Optional.of(Aac.fromConfig(codecPrivate));
            case "A_MPEG/L3" -> Optional.of(new Codec.Mp3(rateHz, channels));
            case "A_AC3" -> Optional.of(Ac3Header.usual(rateHz, channels));
            case "A_MS/ACM" -> acm(codecPrivate, rateHz, channels);
            default -> Optional.empty();
        };
    }

    private static Optional<Codec> acm(Bytes waveFormat, int rateHz, int channels) {
        return switch (waveFormat.length() < 2 ? 0 : waveFormat.reader().u16Le()) {
            case WAVE_FORMAT_ALAW -> Optional.of(new Codec.Pcma(rateHz, channels));
            case WAVE_FORMAT_MULAW -> Optional.of(new Codec.Pcmu(rateHz, channels));
            default -> Optional.empty();
        };
    }
}
