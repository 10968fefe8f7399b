package tapedeck.codec.h264;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.MalformedException;

/// The VUI parameters of an SPS, ISO/IEC 14496-10 E.1.1, as far as the order of pictures needs them.
final class VideoUsability {
    private static final int EXTENDED_SAR = 255;
    private static final int MAX_REORDER_FRAMES = 16;

    private VideoUsability() {}

    /// Reads from `vui_parameters_present_flag` on. -1 where nothing is said, or what is said cannot be.
    static int reorderFrames(BitReader in) {
        try {
            if (!in.flag()) {
                return -1;
            }
            skipPicture(in);
            boolean nal = in.flag();
            if (nal) {
                skipHrd(in);
            }
            boolean vcl = in.flag();
            if (vcl) {
                skipHrd(in);
            }
            if (nal || vcl) {
                in.skip(1); // low_delay_hrd_flag
            }
            in.skip(1); // pic_struct_present_flag
            if (!in.flag()) {
                return -1;
            }
            in.skip(1); // motion_vectors_over_pic_boundaries_flag
            in.ue(); // max_bytes_per_pic_denom
            in.ue(); // max_bits_per_mb_denom
            in.ue(); // log2_max_mv_length_horizontal
            in.ue(); // log2_max_mv_length_vertical
            long frames = in.ue();
            return frames <= MAX_REORDER_FRAMES ? (int) frames : -1;
        } catch (MalformedException _) {
            return -1;
        }
    }

    /// Aspect ratio, overscan, signal type, chroma location and timing.
    private static void skipPicture(BitReader in) {
        if (in.flag() && in.u(8) == EXTENDED_SAR) {
            in.skip(32);
        }
        if (in.flag()) {
            in.skip(1); // overscan_appropriate_flag
        }
        if (in.flag()) {
            in.skip(4); // video_format, video_full_range_flag
            if (in.flag()) {
                in.skip(24); // colour_primaries, transfer_characteristics, matrix_coefficients
            }
        }
        if (in.flag()) {
            in.ue(); // chroma_sample_loc_type_top_field
            in.ue(); // chroma_sample_loc_type_bottom_field
        }
        if (in.flag()) {
            in.skip(65); // num_units_in_tick, time_scale, fixed_frame_rate_flag
        }
    }

    /// E.1.2.
    private static void skipHrd(BitReader in) {
        long count = in.ue() + 1;
        if (count > 32) {
            throw new MalformedException("VUI: cpb_cnt_minus1 is %d".formatted(count - 1));
        }
        in.skip(8); // bit_rate_scale, cpb_size_scale
        for (int i = 0; i < count; i++) {
            in.ue();
            in.ue();
            in.skip(1);
        }
        in.skip(20);
    }
}
