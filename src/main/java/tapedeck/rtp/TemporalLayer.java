package tapedeck.rtp;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Obu;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.vp8.Vp8References;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// Which pictures a viewer can do without: what the bitstream itself says, as payload descriptors end where frames
/// begin.
final class TemporalLayer {
    private static final int NONE_DEPENDS = FramePackets.NONE_DEPENDS;

    private TemporalLayer() {}

    /// @return 0 for what all later pictures may depend on, a number for what only those of as high a number do, or
    ///     [FramePackets#NONE_DEPENDS]
    static int of(Frame frame) {
        if (frame.keyframe() || frame.data().isEmpty()) {
            return 0;
        }
        try {
            return switch (frame.track().codec()) {
                case Codec.H264 _ -> h264(frame.data());
                case Codec.H265 _ -> h265(frame.data());
                case Codec.Vp8 _ -> Vp8References.leavesNothing(frame.data()) ? NONE_DEPENDS : 0;
                case Codec.Vp9 _ -> vp9(frame.data());
                case Codec.Av1 _ -> av1(frame.data());
                case Codec.Audio _ -> 0;
            };
        } catch (MalformedException _) {
            // Whoever decodes it will see.
            return 0;
        }
    }

    /// nal_ref_idc, ISO/IEC 14496-10 7.4.1: 0 in all slices of a picture that no other refers to.
    private static int h264(Bytes accessUnit) {
        boolean slices = false;
        for (Bytes unit : H264.nalUnits(accessUnit)) {
            int type = H264.nalUnitType(unit.u8(0));
            if (type >= 1 && type <= 5) {
                slices = true;
                if ((unit.u8(0) & 0x60) != 0) {
                    return 0;
                }
            } else if (type == H264.NAL_SPS || type == H264.NAL_PPS) {
                return 0;
            }
        }
        return slices ? NONE_DEPENDS : 0;
    }

    /// TemporalId, ISO/IEC 23008-2 7.4.2.2: pictures depend on none of a higher one.
    private static int h265(Bytes accessUnit) {
        int layer = 0;
        for (Bytes unit : H264.nalUnits(accessUnit)) {
            if (unit.length() > 1 && H265.isSlice(H265.nalUnitType(unit.u8(0)))) {
                layer = Math.max(0, (unit.u8(1) & 7) - 1);
            } else if (H265.nalUnitType(unit.u8(0)) <= H265.NAL_PPS) {
                return 0;
            }
        }
        return layer;
    }

    /// VP9 bitstream specification 6.2: an interframe that refreshes nothing. With error_resilient_mode, which encoders
    /// of layers set, it leaves no probabilities behind either. A superframe is left alone.
    private static int vp9(Bytes frame) {
        if ((frame.u8(frame.length() - 1) & 0xE0) == 0xC0) {
            return 0;
        }
        BitReader in = new BitReader(frame);
        in.skip(2);
        int profile = in.u(1) | in.u(1) << 1;
        in.skip(profile == 3 ? 1 : 0);
        boolean again = in.flag();
        boolean interframe = in.flag();
        boolean shown = in.flag();
        boolean resilient = in.flag();
        return !again && interframe && shown && resilient && in.u(8) == 0 ? NONE_DEPENDS : 0;
    }

    /// temporal_id, AV1 specification 5.3.3: layers depend on none of a higher one.
    private static int av1(Bytes unit) {
        for (Bytes rest = unit; !rest.isEmpty(); ) {
            Obu obu = Obu.read(rest);
            rest = rest.slice(obu.whole().length());
            if (obu.type() == Obu.SEQUENCE_HEADER) {
                return 0;
            }
            if (obu.type() == Obu.FRAME || obu.type() == Obu.FRAME_HEADER) {
                return obu.headerBytes() == 2 ? obu.whole().u8(1) >> 5 : 0;
            }
        }
        return 0;
    }
}
