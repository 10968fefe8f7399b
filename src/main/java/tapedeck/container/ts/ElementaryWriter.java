package tapedeck.container.ts;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.aac.AdtsHeader;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// A frame in the form that an elementary stream has: video as a byte stream with start codes, an access unit
/// delimiter in front of each picture (2.14.1) and parameter sets in front of each keyframe; AAC with ADTS headers.
final class ElementaryWriter {
    /// How long a PES packet of sound may be: its length has 16 bits.
    static final int MAX_SOUND_BYTES = 65_535 - 8;

    private static final Bytes START_CODE = Bytes.ofHex("00000001");
    /// primary_pic_type 7 allows every slice type, ISO/IEC 14496-10 7.4.2.4.
    private static final Bytes H264_DELIMITER = Bytes.ofHex("0000000109f0");
    /// pic_type 2 allows every slice type, ISO/IEC 23008-2 7.4.3.5.
    private static final Bytes H265_DELIMITER = Bytes.ofHex("00000001460150");

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Codec codec;
    /// ADTS header of a frame without data; empty for other codecs.
    private final Bytes adts;
    /// Of AAC, MP3 and AC-3.
    private final long frameNanos;
    private boolean trimmed;

    ElementaryWriter(Codec codec) {
        this.codec = codec;
        adts = codec instanceof Codec.Aac aac ? AdtsHeader.write(aac, 0) : Bytes.EMPTY;
        frameNanos = switch (codec) {
            case Codec.Aac aac -> Aac.samplesPerFrame(aac) * NANOS_PER_SECOND / aac.sampleRateHz();
            // ISO/IEC 11172-3 and 13818-3: 1152 samples, half of it at the low rates.
            case Codec.Mp3 mp3 -> (mp3.sampleRateHz() >= 32_000 ? 1152 : 576) * NANOS_PER_SECOND / mp3.sampleRateHz();
            case Codec.Ac3 ac3 -> Ac3Header.SAMPLES * NANOS_PER_SECOND / ac3.sampleRateHz();
            default -> 0;
        };
    }

    /// How long the frame plays, 0 if only the next one tells.
    long durationNanos(Bytes data) {
        if (!(codec instanceof Codec.Opus)) {
            return frameNanos;
        }
        try {
            return OpusPacket.durationNanos(data);
        } catch (MalformedException _) {
            // No decoder can take it; it is stored all the same.
            return 0;
        }
    }

    /// @throws MalformedException if the frame cannot be what its codec says
    List<Bytes> parts(Frame frame) {
        Bytes data = frame.data();
        if (frame.track().isAudio() && data.length() > MAX_SOUND_BYTES / 2) {
            throw new MalformedException("sound: a frame of %d bytes".formatted(data.length()));
        }
        return switch (frame.track().codec()) {
            case Codec.H264 c -> h264(c, frame);
            case Codec.H265 c -> h265(c, frame);
            case Codec.Aac _ -> List.of(adts(data.length()), data);
            case Codec.Opus c -> List.of(opus(c, data), data);
            case Codec.Mp3 _, Codec.Ac3 _ -> List.of(data);
            default ->
                throw new IllegalArgumentException(
                        "MPEG-TS cannot carry " + frame.track().codec().name());
        };
    }

    private static List<Bytes> h264(Codec.H264 codec, Frame frame) {
        List<Bytes> units = H264.nalUnits(frame.data());
        List<Bytes> parts = new ArrayList<>(2 * units.size() + 8);
        parts.add(H264_DELIMITER);
        if (frame.keyframe()) {
            sets(codec.sps(), parts);
            sets(codec.pps(), parts);
        }
        for (Bytes unit : units) {
            int type = H264.nalUnitType(unit.u8(0));
            boolean said = type == H264.NAL_AUD
                    || frame.keyframe() && type == H264.NAL_SPS && codec.sps().contains(unit)
                    || frame.keyframe() && type == H264.NAL_PPS && codec.pps().contains(unit);
            if (!said) {
                parts.add(START_CODE);
                parts.add(unit);
            }
        }
        return parts;
    }

    private static List<Bytes> h265(Codec.H265 codec, Frame frame) {
        List<Bytes> units = H264.nalUnits(frame.data());
        List<Bytes> parts = new ArrayList<>(2 * units.size() + 8);
        parts.add(H265_DELIMITER);
        if (frame.keyframe()) {
            sets(codec.vps(), parts);
            sets(codec.sps(), parts);
            sets(codec.pps(), parts);
        }
        for (Bytes unit : units) {
            boolean said = switch (H265.nalUnitType(unit.u8(0))) {
                case H265.NAL_AUD -> true;
                case H265.NAL_VPS -> frame.keyframe() && codec.vps().contains(unit);
                case H265.NAL_SPS -> frame.keyframe() && codec.sps().contains(unit);
                case H265.NAL_PPS -> frame.keyframe() && codec.pps().contains(unit);
                default -> false;
            };
            if (!said) {
                parts.add(START_CODE);
                parts.add(unit);
            }
        }
        return parts;
    }

    private static void sets(List<Bytes> sets, List<Bytes> parts) {
        for (Bytes set : sets) {
            parts.add(START_CODE);
            parts.add(set);
        }
    }

    /// The header with frame_length, 13 bits from bit 30 on.
    private Bytes adts(int rawBytes) {
        int frameBytes = AdtsHeader.MIN_BYTES + rawBytes;
        if (frameBytes > AdtsHeader.MAX_FRAME_BYTES) {
            throw new MalformedException("AAC: a frame of %d bytes does not fit ADTS".formatted(rawBytes));
        }
        byte[] header = adts.toByteArray();
        header[3] = (byte) (header[3] & 0xFC | frameBytes >> 11);
        header[4] = (byte) (frameBytes >> 3);
        header[5] = (byte) (header[5] & 0x1F | frameBytes << 5);
        return Bytes.wrap(header);
    }

    /// opus_control_header, "Opus in MPEG-TS": 11 bits 3FF, start_trim_flag, end_trim_flag, control_extension_flag,
    /// two zeros; the size in bytes of 255 and a last one below. start_trim of the first packet is the pre-skip.
    private Bytes opus(Codec.Opus codec, Bytes data) {
        boolean trims = !trimmed && codec.preSkip() > 0;
        trimmed = true;
        ByteWriter out = new ByteWriter(data.length() / 255 + 5);
        out.u16(0x7FE0 | (trims ? 0x10 : 0));
        int left = data.length();
        for (; left >= 255; left -= 255) {
            out.u8(255);
        }
        out.u8(left);
        if (trims) {
            out.u16(Math.min(codec.preSkip(), 0x1FFF));
        }
        return out.toBytes();
    }
}
