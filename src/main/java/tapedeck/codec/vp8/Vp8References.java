package tapedeck.codec.vp8;

import tapedeck.bytes.Bytes;

/// What an interframe leaves behind for later ones: the part of its header that the boolean decoder reads, RFC 6386
/// 9.3 to 9.11 and 19.2.
public final class Vp8References {
    private static final int TAG_BYTES = 3;
    private static final int QUANTIZER_DELTAS = 5;
    private static final int QUANTIZER_DELTA_BITS = 4;
    /// Four of references and four of modes.
    private static final int LOOP_FILTER_DELTAS = 8;

    private static final int LOOP_FILTER_DELTA_BITS = 6;

    private final Bytes partition;
    private int at;
    private int value;
    private int range = 255;
    private int bitCount;

    private Vp8References(Bytes partition) {
        this.partition = partition;
        value = next() << 8 | next();
    }

    /// Whether no later frame needs anything of this one: no reference picture, no probabilities, and nothing else that
    /// holds until it is changed. False for a keyframe, and where the header does not say so in the simplest way.
    public static boolean leavesNothing(Bytes frame) {
        if (frame.length() <= TAG_BYTES || (frame.u8(0) & 1) == 0) {
            return false;
        }
        return new Vp8References(frame.slice(TAG_BYTES)).leavesNothing();
    }

    private boolean leavesNothing() {
        // segmentation_enabled: its map may hold on, 9.3.
        if (flag()) {
            return false;
        }
        bits(1 + 6 + 3); // filter_type, loop_filter_level, sharpness_level
        // loop_filter_adj_enable, mode_ref_lf_delta_update, 9.6. The deltas hold until they are changed; who sends them
        // with an interframe at all (libvpx, where errors are expected) sends them with each.
        boolean adjusts = flag();
        if (adjusts && flag()) {
            deltas(LOOP_FILTER_DELTAS, LOOP_FILTER_DELTA_BITS);
        }
        bits(2 + 7); // log2_nbr_of_dct_partitions, y_ac_qi
        deltas(QUANTIZER_DELTAS, QUANTIZER_DELTA_BITS);
        // refresh_golden_frame, refresh_alternate_frame, copy_buffer_to_golden, copy_buffer_to_alternate
        if (bits(1 + 1 + 2 + 2) != 0) {
            return false;
        }
        bits(2); // sign_bias_golden, sign_bias_alternate
        boolean refreshesProbabilities = flag();
        boolean refreshesLast = flag();
        return !refreshesProbabilities && !refreshesLast;
    }

    /// Each a flag, a magnitude and a sign.
    private void deltas(int count, int magnitudeBits) {
        for (int i = 0; i < count; i++) {
            if (flag()) {
                bits(magnitudeBits + 1);
            }
        }
    }

    private int next() {
        return at < partition.length() ? partition.u8(at++) : 0;
    }

    private int bits(int count) {
        int result = 0;
        for (int i = 0; i < count; i++) {
            result = result << 1 | (flag() ? 1 : 0);
        }
        return result;
    }

    /// One of an even chance: 7.3, with probability 128.
    private boolean flag() {
        int split = 1 + ((range - 1) * 128 >> 8);
        boolean set = value >= split << 8;
        if (set) {
            range -= split;
            value -= split << 8;
        } else {
            range = split;
        }
        while (range < 128) {
            value <<= 1;
            range <<= 1;
            if (++bitCount == 8) {
                bitCount = 0;
                value |= next();
            }
        }
        return set;
    }
}
