package tapedeck.codec.h264;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A sequence parameter set, ISO/IEC 14496-10 7.3.2.1.1, as far as the picture size needs it; and of the VUI behind it
/// how far pictures are reordered. Real encoders cut the VUI short: then that is unknown.
///
/// @param constraintFlags the byte behind `profile_idc`: constraint_set0_flag is its highest bit
/// @param width in pixels after cropping
/// @param height in pixels after cropping
/// @param reorderFrames how many pictures at most precede one in decoding order and follow it in output order
/// (max_num_reorder_frames, E.2.1); -1 if that is not said
/// @param framesOnly frame_mbs_only_flag: no picture is a field
public record Sps(
        int profileIdc,
        int constraintFlags,
        int levelIdc,
        int id,
        int chromaFormatIdc,
        int bitDepthLuma,
        int bitDepthChroma,
        int width,
        int height,
        int reorderFrames,
        boolean framesOnly) {
    /// The widest and highest picture: twice what level 6.2 allows, and no coded size can be larger by far.
    public static final int MAX_PICTURE_SIZE = 16_384;
    /// A.3: no level allows more reference frames.
    static final int MAX_REFERENCE_FRAMES = 16;
    /// 7.4.2.1.1: the range of seq_parameter_set_id.
    static final int MAX_ID = 31;

    private static final int MACROBLOCK = 16;

    /// @param nal the NAL unit with its header byte, without start code or length
    public static Sps parse(Bytes nal) {
        if (nal.length() < 4) {
            throw new MalformedException("SPS: 4 bytes needed, %d given".formatted(nal.length()));
        }
        if (H264.nalUnitType(nal.u8(0)) != H264.NAL_SPS) {
            throw new MalformedException("SPS: NAL unit type %d".formatted(H264.nalUnitType(nal.u8(0))));
        }
        BitReader in = new BitReader(H264.unescape(nal.slice(1)));
        int profileIdc = in.u(8);
        int constraintFlags = in.u(8);
        int levelIdc = in.u(8);
        int id = ue(in, "seq_parameter_set_id", MAX_ID);
        int chromaFormatIdc = 1;
        int bitDepthLuma = 8;
        int bitDepthChroma = 8;
        boolean separateColourPlanes = false;
        if (hasChromaFormat(profileIdc)) {
            chromaFormatIdc = ue(in, "chroma_format_idc", 3);
            separateColourPlanes = chromaFormatIdc == 3 && in.flag();
            bitDepthLuma = 8 + ue(in, "bit_depth_luma_minus8", 6);
            bitDepthChroma = 8 + ue(in, "bit_depth_chroma_minus8", 6);
            in.skip(1); // qpprime_y_zero_transform_bypass_flag
            if (in.flag()) {
                skipScalingLists(in, chromaFormatIdc == 3 ? 12 : 8);
            }
        }
        boolean outputOrder = pictureOrderType(in) == 2;
        ue(in, "max_num_ref_frames", MAX_REFERENCE_FRAMES);
        in.skip(1); // gaps_in_frame_num_value_allowed_flag
        int[] size = size(in, separateColourPlanes ? 0 : chromaFormatIdc);
        return new Sps(
                profileIdc,
                constraintFlags,
                levelIdc,
                id,
                chromaFormatIdc,
                bitDepthLuma,
                bitDepthChroma,
                size[0],
                size[1],
                // 8.2.1.3: output order is decoding order.
                outputOrder ? 0 : VideoUsability.reorderFrames(in),
                size[2] != 0);
    }

    /// 7.3.2.1.1: the profiles whose parameter sets say the chroma format.
    private static boolean hasChromaFormat(int profileIdc) {
        return switch (profileIdc) {
            case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 -> true;
            default -> false;
        };
    }

    /// 7.3.2.1.1.1.
    private static void skipScalingLists(BitReader in, int count) {
        for (int list = 0; list < count; list++) {
            if (!in.flag()) {
                continue;
            }
            int size = list < 6 ? 16 : 64;
            int last = 8;
            for (int i = 0; i < size && last != 0; i++) {
                last = (int) (last + in.se() & 0xFF);
            }
        }
    }

    private static int pictureOrderType(BitReader in) {
        ue(in, "log2_max_frame_num_minus4", 12);
        int type = ue(in, "pic_order_cnt_type", 2);
        switch (type) {
            case 0 -> ue(in, "log2_max_pic_order_cnt_lsb_minus4", 12);
            case 1 -> {
                in.skip(1); // delta_pic_order_always_zero_flag
                in.se();
                in.se();
                int cycle = ue(in, "num_ref_frames_in_pic_order_cnt_cycle", 255);
                for (int i = 0; i < cycle; i++) {
                    in.se();
                }
            }
            default -> {}
        }
        return type;
    }

    /// Width and height, 7.4.2.1.1 (7-13 to 7-22), and frame_mbs_only_flag.
    private static int[] size(BitReader in, int chromaArrayType) {
        int maxMacroblocks = MAX_PICTURE_SIZE / MACROBLOCK;
        int width = (ue(in, "pic_width_in_mbs_minus1", maxMacroblocks - 1) + 1) * MACROBLOCK;
        int mapUnits = ue(in, "pic_height_in_map_units_minus1", maxMacroblocks - 1) + 1;
        boolean framesOnly = in.flag();
        int height = mapUnits * MACROBLOCK * (framesOnly ? 1 : 2);
        if (!framesOnly) {
            in.skip(1); // mb_adaptive_frame_field_flag
        }
        in.skip(1); // direct_8x8_inference_flag
        if (in.flag()) {
            int unitX = chromaArrayType == 1 || chromaArrayType == 2 ? 2 : 1;
            int unitY = (chromaArrayType == 1 ? 2 : 1) * (framesOnly ? 1 : 2);
            width -= crop(in, unitX) + crop(in, unitX);
            height -= crop(in, unitY) + crop(in, unitY);
        }
        if (width < 1 || height < 1 || height > MAX_PICTURE_SIZE) {
            throw new MalformedException("SPS: picture of %d x %d after cropping".formatted(width, height));
        }
        return new int[] {width, height, framesOnly ? 1 : 0};
    }

    private static int crop(BitReader in, int unit) {
        return ue(in, "frame_crop_offset", MAX_PICTURE_SIZE) * unit;
    }

    private static int ue(BitReader in, String name, int max) {
        long value = in.ue();
        if (value > max) {
            throw new MalformedException("SPS: %s is %d, at most %d allowed".formatted(name, value, max));
        }
        return (int) value;
    }
}
