package tapedeck.container.ts;

import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;

/// What a NAL unit is, and whether an access unit begins with it.
final class PictureUnits {
    /// Bytes of a NAL unit that tell whether an access unit begins with it.
    static final int HEAD_BYTES = 3;

    private PictureUnits() {}

    enum Kind {
        DELIMITER,
        SET,
        KEYFRAME,
        SLICE,
        /// Messages, fillers and the like.
        OTHER
    }

    static Kind kind(boolean h265, Bytes unit) {
        int header = unit.u8(0);
        if (h265) {
            int type = H265.nalUnitType(header);
            return switch (type) {
                case H265.NAL_AUD -> Kind.DELIMITER;
                case H265.NAL_VPS, H265.NAL_SPS, H265.NAL_PPS -> Kind.SET;
                default -> {
                    boolean key = type >= H265.NAL_FIRST_IRAP && type <= H265.NAL_LAST_IRAP;
                    yield key ? Kind.KEYFRAME : H265.isSlice(type) ? Kind.SLICE : Kind.OTHER;
                }
            };
        }
        int type = H264.nalUnitType(header);
        return switch (type) {
            case H264.NAL_AUD -> Kind.DELIMITER;
            case H264.NAL_SPS, H264.NAL_PPS -> Kind.SET;
            case H264.NAL_IDR -> Kind.KEYFRAME;
            default -> type >= 1 && type < H264.NAL_IDR ? Kind.SLICE : Kind.OTHER;
        };
    }

    /// Whether a NAL unit behind a slice cannot be of the same access unit, ISO/IEC 14496-10 7.4.1.2.3 and ISO/IEC
    /// 23008-2 7.4.2.4.4. The first slice of a picture is the one that begins with its first macroblock.
    static boolean startsNext(boolean h265, Bytes unit) {
        int header = unit.u8(0);
        if (h265) {
            int type = H265.nalUnitType(header);
            return switch (type) {
                // prefix SEI
                case H265.NAL_AUD, H265.NAL_VPS, H265.NAL_SPS, H265.NAL_PPS, 39 -> true;
                // first_slice_segment_in_pic_flag
                default ->
                    type <= H265.NAL_LAST_IRAP
                            ? unit.length() > 2 && (unit.u8(2) & 0x80) != 0
                            : type >= 41 && type <= 44;
            };
        }
        return switch (H264.nalUnitType(header)) {
            case H264.NAL_AUD, H264.NAL_SPS, H264.NAL_PPS, H264.NAL_SEI, 14, 15, 16, 17, 18 -> true;
            // first_mb_in_slice 0 is a single 1 in ue(v)
            case 1, 2, H264.NAL_IDR -> unit.length() > 1 && (unit.u8(1) & 0x80) != 0;
            default -> false;
        };
    }

    /// Whether an access unit begins with the first of these bytes.
    static boolean begins(boolean h265, Bytes data) {
        int at = 0;
        while (at < data.length() && data.u8(at) == 0) {
            at++;
        }
        return at >= 2
                && at + 1 < data.length()
                && data.u8(at) == 1
                && startsNext(h265, data.slice(at + 1, Math.min(data.length(), at + 1 + HEAD_BYTES)));
    }
}
