package tapedeck.codec.h265;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;

/// Facts inside an H.265 bitstream. Access units are framed as those of H.264: [H264#nalUnits], [H264#accessUnit],
/// [H264#normalised], [H264#fromAnnexB] and [H264#toAnnexB] serve both.
public final class H265 {
    public static final int NAL_HEADER_BYTES = 2;

    // nal_unit_type, ISO/IEC 23008-2 table 7-1
    /// BLA, IDR and CRA pictures are the types from here …
    public static final int NAL_FIRST_IRAP = 16;
    /// … to here.
    public static final int NAL_LAST_IRAP = 23;

    public static final int NAL_VPS = 32;
    public static final int NAL_SPS = 33;
    public static final int NAL_PPS = 34;
    public static final int NAL_AUD = 35;
    public static final int NAL_FILLER = 38;

    /// Types up to this one are slices.
    private static final int NAL_LAST_SLICE = 31;

    private H265() {}

    /// @param header the first byte of a NAL unit
    public static int nalUnitType(int header) {
        return header >> 1 & 0x3F;
    }

    /// Whether this NAL unit is a part of a picture.
    public static boolean isSlice(int nalUnitType) {
        return nalUnitType <= NAL_LAST_SLICE;
    }

    public static Codec.H265 fromHvcc(Bytes hvcC) {
        return HevcConfiguration.parse(hvcC).codec();
    }

    /// HEVCDecoderConfigurationRecord with four-byte lengths.
    public static Bytes toHvcc(Codec.H265 codec) {
        return HevcConfiguration.write(codec);
    }

    /// The codec of these parameter sets, with the picture size of the first SPS.
    public static Codec.H265 fromParameterSets(List<Bytes> vps, List<Bytes> sps, List<Bytes> pps) {
        check("VPS", vps, NAL_VPS);
        check("SPS", sps, NAL_SPS);
        check("PPS", pps, NAL_PPS);
        H265Sps first = H265Sps.parse(sps.getFirst());
        return new Codec.H265(vps, sps, pps, first.width(), first.height());
    }

    private static void check(String name, List<Bytes> sets, int type) {
        if (sets.isEmpty() || sets.size() > HevcConfiguration.MAX_SETS) {
            throw new MalformedException(
                    "H.265: 1 to %d %s needed, %d given".formatted(HevcConfiguration.MAX_SETS, name, sets.size()));
        }
        for (Bytes set : sets) {
            if (set.length() <= NAL_HEADER_BYTES || set.length() > HevcConfiguration.MAX_PARAMETER_SET_BYTES) {
                throw new MalformedException("H.265: %s of %d bytes".formatted(name, set.length()));
            }
            if (nalUnitType(set.u8(0)) != type) {
                throw new MalformedException("H.265: %s with NAL unit type %d".formatted(name, nalUnitType(set.u8(0))));
            }
        }
    }

    /// Whether decoding can start here: an intra random access point, 3.69 and table 7-1.
    public static boolean isKeyframe(Bytes accessUnit) {
        for (Bytes unit : H264.nalUnits(accessUnit)) {
            int type = nalUnitType(unit.u8(0));
            if (isSlice(type)) {
                return type >= NAL_FIRST_IRAP && type <= NAL_LAST_IRAP;
            }
        }
        return false;
    }

    /// `codec` with those of these NAL units that are parameter sets: a set replaces the one of the same id, and a new
    /// id is added. The same instance if nothing differs.
    public static Codec.H265 withParameterSets(Codec.H265 codec, List<Bytes> nalUnits) {
        List<Bytes> vps = codec.vps();
        List<Bytes> sps = codec.sps();
        List<Bytes> pps = codec.pps();
        boolean changed = false;
        for (Bytes unit : nalUnits) {
            int type = unit.isEmpty() ? 0 : nalUnitType(unit.u8(0));
            if (type == NAL_VPS && !vps.contains(unit)) {
                vps = replaced(vps, unit);
                changed = true;
            } else if (type == NAL_SPS && !sps.contains(unit)) {
                sps = replaced(sps, unit);
                changed = true;
            } else if (type == NAL_PPS && !pps.contains(unit)) {
                pps = replaced(pps, unit);
                changed = true;
            }
        }
        return changed ? fromParameterSets(vps, sps, pps) : codec;
    }

    private static List<Bytes> replaced(List<Bytes> sets, Bytes unit) {
        long id = id(unit);
        List<Bytes> result = new ArrayList<>(sets);
        for (int i = 0; i < result.size(); i++) {
            if (id(result.get(i)) == id) {
                result.set(i, unit);
                return result;
            }
        }
        result.add(unit);
        return result;
    }

    /// 7.3.2.1 to 7.3.2.3: where each kind has its id.
    private static long id(Bytes set) {
        if (set.length() <= NAL_HEADER_BYTES) {
            throw new MalformedException("H.265: parameter set of %d bytes".formatted(set.length()));
        }
        return switch (nalUnitType(set.u8(0))) {
            case NAL_VPS -> set.u8(NAL_HEADER_BYTES) >> 4;
            case NAL_SPS -> H265Sps.parse(set).id();
            default -> new BitReader(H264.unescape(set.slice(NAL_HEADER_BYTES))).ue();
        };
    }
}
