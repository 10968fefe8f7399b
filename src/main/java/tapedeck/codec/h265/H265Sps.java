package tapedeck.codec.h265;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;

/// A sequence parameter set, ISO/IEC 23008-2 7.3.2.2, as far as the picture size and an `hvcC` need it.
///
/// @param profileTierLevel the twelve bytes of general_profile_space to general_level_idc, 7.3.3
/// @param temporalLayers sps_max_sub_layers_minus1 + 1
/// @param width in pixels after cropping
/// @param height in pixels after cropping
/// @param reorderFrames how many pictures at most precede one in decoding order and follow it in output order; -1 if
/// that cannot be read
public record H265Sps(
        int id,
        Bytes profileTierLevel,
        int temporalLayers,
        boolean temporalIdNested,
        int chromaFormatIdc,
        int bitDepthLuma,
        int bitDepthChroma,
        int width,
        int height,
        int reorderFrames) {
    /// The widest and highest picture: twice what level 6.2 allows.
    public static final int MAX_PICTURE_SIZE = 16_384;

    static final int PROFILE_TIER_LEVEL_BYTES = 12;

    private static final int MAX_ID = 15;
    private static final int MAX_SUB_LAYERS_MINUS1 = 6;
    private static final int PROFILE_BITS = 88;
    private static final int LEVEL_BITS = 8;
    private static final int MAX_REORDER_FRAMES = 16;

    /// @param nal the NAL unit with its header of two bytes, without start code or length
    public static H265Sps parse(Bytes nal) {
        if (nal.length() < H265.NAL_HEADER_BYTES + 1 || H265.nalUnitType(nal.u8(0)) != H265.NAL_SPS) {
            throw new MalformedException("H.265: no SPS in %s".formatted(nal));
        }
        Bytes rbsp = H264.unescape(nal.slice(H265.NAL_HEADER_BYTES));
        if (rbsp.length() < 1 + PROFILE_TIER_LEVEL_BYTES) {
            throw new MalformedException("H.265: SPS of %d bytes".formatted(nal.length()));
        }
        BitReader in = new BitReader(rbsp);
        in.skip(4); // sps_video_parameter_set_id
        int subLayersMinus1 = in.u(3);
        if (subLayersMinus1 > MAX_SUB_LAYERS_MINUS1) {
            throw new MalformedException("H.265: sps_max_sub_layers_minus1 is %d".formatted(subLayersMinus1));
        }
        boolean nested = in.flag();
        in.skip(PROFILE_BITS + LEVEL_BITS);
        skipSubLayers(in, subLayersMinus1);
        int id = ue(in, "sps_seq_parameter_set_id", MAX_ID);
        int chromaFormatIdc = ue(in, "chroma_format_idc", 3);
        boolean separateColourPlanes = chromaFormatIdc == 3 && in.flag();
        int[] size = size(in, separateColourPlanes ? 0 : chromaFormatIdc);
        int bitDepthLuma = 8 + ue(in, "bit_depth_luma_minus8", 8);
        int bitDepthChroma = 8 + ue(in, "bit_depth_chroma_minus8", 8);
        return new H265Sps(
                id,
                rbsp.slice(1, 1 + PROFILE_TIER_LEVEL_BYTES),
                subLayersMinus1 + 1,
                nested,
                chromaFormatIdc,
                bitDepthLuma,
                bitDepthChroma,
                size[0],
                size[1],
                reorderFrames(in, subLayersMinus1));
    }

    /// 7.3.3: flags for all sub-layers first, aligned to eight of them, then what the flags promise.
    private static void skipSubLayers(BitReader in, int subLayersMinus1) {
        long bits = 0;
        for (int i = 0; i < subLayersMinus1; i++) {
            bits += in.flag() ? PROFILE_BITS : 0;
            bits += in.flag() ? LEVEL_BITS : 0;
        }
        if (subLayersMinus1 > 0) {
            in.skip(2L * (8 - subLayersMinus1));
        }
        in.skip(bits);
    }

    /// sps_max_num_reorder_pics of the highest sub-layer, 7.4.3.2.1; -1 where it cannot be read.
    private static int reorderFrames(BitReader in, int subLayersMinus1) {
        try {
            in.ue(); // log2_max_pic_order_cnt_lsb_minus4
            boolean each = in.flag();
            long frames = -1;
            for (int i = each ? 0 : subLayersMinus1; i <= subLayersMinus1; i++) {
                in.ue(); // sps_max_dec_pic_buffering_minus1
                frames = in.ue();
                in.ue(); // sps_max_latency_increase_plus1
            }
            return frames <= MAX_REORDER_FRAMES ? (int) frames : -1;
        } catch (MalformedException _) {
            return -1;
        }
    }

    private static int[] size(BitReader in, int chromaArrayType) {
        int width = ue(in, "pic_width_in_luma_samples", MAX_PICTURE_SIZE);
        int height = ue(in, "pic_height_in_luma_samples", MAX_PICTURE_SIZE);
        if (in.flag()) {
            // Table 6-1: SubWidthC and SubHeightC.
            int unitX = chromaArrayType == 1 || chromaArrayType == 2 ? 2 : 1;
            int unitY = chromaArrayType == 1 ? 2 : 1;
            width -= unitX * (crop(in) + crop(in));
            height -= unitY * (crop(in) + crop(in));
        }
        if (width < 1 || height < 1) {
            throw new MalformedException("H.265: picture of %d x %d after cropping".formatted(width, height));
        }
        return new int[] {width, height};
    }

    private static int crop(BitReader in) {
        return ue(in, "conf_win_offset", MAX_PICTURE_SIZE);
    }

    private static int ue(BitReader in, String name, int max) {
        long value = in.ue();
        if (value > max) {
            throw new MalformedException("H.265: %s is %d, at most %d allowed".formatted(name, value, max));
        }
        return (int) value;
    }
}
