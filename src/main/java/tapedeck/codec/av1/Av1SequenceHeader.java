package tapedeck.codec.av1;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// A sequence header OBU: AV1 specification 5.5.
///
/// @param obu header, size and payload
/// @param levelIndex `seq_level_idx[0]`
/// @param tier `seq_tier[0]`
/// @param chromaSamplePosition 0 unknown
/// @param width `max_frame_width_minus_1 + 1`
/// @param height `max_frame_height_minus_1 + 1`
/// @param rules of the frame headers behind it
public record Av1SequenceHeader(
        Bytes obu,
        boolean reducedStillPicture,
        int profile,
        int levelIndex,
        int tier,
        boolean highBitDepth,
        boolean twelveBit,
        boolean monochrome,
        boolean subsamplingX,
        boolean subsamplingY,
        int chromaSamplePosition,
        int width,
        int height,
        Av1FrameRules rules) {
    private static final int AV1C_HEAD_BYTES = 4;
    private static final int AV1C_MARKER_AND_VERSION = 0x81;

    /// Reads a sequence header OBU that has a size field.
    public static Av1SequenceHeader parse(Bytes obu) {
        Obu unit = Obu.read(obu);
        if (unit.type() != Obu.SEQUENCE_HEADER) {
            throw new MalformedException("OBU of type %d is no sequence header".formatted(unit.type()));
        }
        return new Av1SequenceParser(new BitReader(unit.payload())).parse(unit.whole());
    }

    /// Reads the sequence header inside an `av1C`: AV1 in ISOBMFF 2.3.3, also Matroska's CodecPrivate.
    public static Av1SequenceHeader parseAv1C(Bytes av1C) {
        if (av1C.length() < AV1C_HEAD_BYTES || av1C.u8(0) != AV1C_MARKER_AND_VERSION) {
            throw new MalformedException("av1C without its marker and version 1");
        }
        return parse(av1C.slice(AV1C_HEAD_BYTES));
    }

    /// The body of an `av1C` box with this sequence header as its only OBU: AV1 in ISOBMFF 2.3.3.
    public Bytes toAv1C() {
        int flags = tier << 7
                | bit(highBitDepth) << 6
                | bit(twelveBit) << 5
                | bit(monochrome) << 4
                | bit(subsamplingX) << 3
                | bit(subsamplingY) << 2
                | chromaSamplePosition;
        return new ByteWriter(AV1C_HEAD_BYTES + obu.length())
                .u8(AV1C_MARKER_AND_VERSION)
                .u8(profile << 5 | levelIndex)
                .u8(flags)
                .u8(0)
                .bytes(obu)
                .toBytes();
    }

    public int bitDepth() {
        return twelveBit ? 12 : highBitDepth ? 10 : 8;
    }

    public Codec.Av1 codec() {
        return new Codec.Av1(obu, width, height);
    }

    private static int bit(boolean flag) {
        return flag ? 1 : 0;
    }
}
