package tapedeck.codec.h265;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;

/// HEVCDecoderConfigurationRecord (`hvcC`), ISO/IEC 14496-15 8.3.3.1.
///
/// @param nalLengthBytes how long the NAL lengths in this publisher's access units are; ours are always
///     [H264#NAL_LENGTH_BYTES]
public record HevcConfiguration(Codec.H265 codec, int nalLengthBytes) {
    /// 7.4.3.1, 7.4.3.2.1 and 7.4.3.3.1 of ISO/IEC 23008-2: ids go to 15, 15 and 63; several layers may repeat them.
    public static final int MAX_SETS = 64;
    /// Parameter sets carry their length in 16 bits.
    public static final int MAX_PARAMETER_SET_BYTES = 0xFFFF;
    /// One array for each kind of NAL unit.
    private static final int MAX_ARRAYS = 64;

    private static final int LENGTH_SIZE_AT = 21;
    private static final int COMPLETE = 0x80;

    public static HevcConfiguration parse(Bytes hvcC) {
        ByteReader in = hvcC.reader();
        int version = in.u8();
        // Some old encoders say 0 and mean 1.
        if (version > 1) {
            throw new MalformedException("hvcC: version %d".formatted(version));
        }
        in.skip(LENGTH_SIZE_AT - 1); // profile, level, chroma format and depth, as in the SPS
        int nalLengthBytes = (in.u8() & 3) + 1;
        int arrays = in.u8();
        if (arrays > MAX_ARRAYS) {
            throw new MalformedException("hvcC: %d arrays".formatted(arrays));
        }
        List<Bytes> vps = new ArrayList<>();
        List<Bytes> sps = new ArrayList<>();
        List<Bytes> pps = new ArrayList<>();
        for (int i = 0; i < arrays; i++) {
            int type = in.u8() & 0x3F;
            List<Bytes> sets = switch (type) {
                case H265.NAL_VPS -> vps;
                case H265.NAL_SPS -> sps;
                case H265.NAL_PPS -> pps;
                default -> new ArrayList<>(); // SEI
            };
            int count = in.u16();
            for (int n = 0; n < count; n++) {
                Bytes set = in.take(in.u16());
                if (sets.size() < MAX_SETS) {
                    sets.add(set);
                }
            }
        }
        return new HevcConfiguration(H265.fromParameterSets(vps, sps, pps), nalLengthBytes);
    }

    static Bytes write(Codec.H265 codec) {
        H265Sps sps = H265Sps.parse(codec.sps().getFirst());
        ByteWriter out = new ByteWriter(128);
        out.u8(1).bytes(sps.profileTierLevel());
        out.u16(0xF000); // min_spatial_segmentation_idc: not known
        out.u8(0xFC); // parallelismType: not known
        out.u8(0xFC | sps.chromaFormatIdc());
        out.u8(0xF8 | sps.bitDepthLuma() - 8);
        out.u8(0xF8 | sps.bitDepthChroma() - 8);
        out.u16(0); // avgFrameRate: not said
        out.u8(sps.temporalLayers() << 3 | (sps.temporalIdNested() ? 4 : 0) | H264.NAL_LENGTH_BYTES - 1);
        out.u8(3);
        array(out, H265.NAL_VPS, codec.vps());
        array(out, H265.NAL_SPS, codec.sps());
        array(out, H265.NAL_PPS, codec.pps());
        return out.toBytes();
    }

    private static void array(ByteWriter out, int type, List<Bytes> sets) {
        out.u8(COMPLETE | type).u16(sets.size());
        sets.forEach(set -> out.u16(set.length()).bytes(set));
    }
}
