package tapedeck.codec.h264;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.BitReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// Facts inside an H.264 bitstream. An access unit is NAL units prefixed by their length in four bytes, as in a
/// [tapedeck.media.Frame]; "NAL unit" alone means without any prefix.
public final class H264 {
    public static final int NAL_LENGTH_BYTES = 4;

    // nal_unit_type, ISO/IEC 14496-10 table 7-1
    public static final int NAL_SLICE = 1;
    public static final int NAL_IDR = 5;
    public static final int NAL_SEI = 6;
    public static final int NAL_SPS = 7;
    public static final int NAL_PPS = 8;
    public static final int NAL_AUD = 9;
    public static final int NAL_FILLER = 12;

    /// More NAL units than any picture has: 8K in slices of one macroblock row with SEI has some hundreds.
    public static final int MAX_NAL_UNITS = 4096;

    private H264() {}

    /// @param header the first byte of a NAL unit
    public static int nalUnitType(int header) {
        return header & 0x1F;
    }

    public static Codec.H264 fromAvcc(Bytes avcC) {
        return AvcConfiguration.parse(avcC).codec();
    }

    /// AVCDecoderConfigurationRecord with four-byte lengths.
    public static Bytes toAvcc(Codec.H264 codec) {
        return AvcConfiguration.write(codec);
    }

    /// The codec of these parameter sets, with the picture size of the first SPS.
    public static Codec.H264 fromParameterSets(List<Bytes> sps, List<Bytes> pps) {
        check("SPS", sps, NAL_SPS, AvcConfiguration.MAX_SPS);
        check("PPS", pps, NAL_PPS, AvcConfiguration.MAX_PPS);
        Sps first = Sps.parse(sps.getFirst());
        return new Codec.H264(sps, pps, first.width(), first.height());
    }

    private static void check(String name, List<Bytes> sets, int type, int max) {
        if (sets.isEmpty() || sets.size() > max) {
            throw new MalformedException("H.264: 1 to %d %s needed, %d given".formatted(max, name, sets.size()));
        }
        for (Bytes set : sets) {
            if (set.length() < 2 || set.length() > AvcConfiguration.MAX_PARAMETER_SET_BYTES) {
                throw new MalformedException("H.264: %s of %d bytes".formatted(name, set.length()));
            }
            if (nalUnitType(set.u8(0)) != type) {
                throw new MalformedException("H.264: %s with NAL unit type %d".formatted(name, nalUnitType(set.u8(0))));
            }
        }
    }

    /// The NAL units of an access unit, sharing its array; empty ones are left out.
    public static List<Bytes> nalUnits(Bytes accessUnit) {
        List<Bytes> units = new ArrayList<>();
        int count = 0;
        for (int at = 0; at < accessUnit.length(); ) {
            int length = lengthAt(accessUnit, at, NAL_LENGTH_BYTES);
            at += NAL_LENGTH_BYTES;
            countNal(++count);
            if (length > 0) {
                units.add(accessUnit.slice(at, at + length));
            }
            at += length;
        }
        return units;
    }

    /// Whether the access unit holds a NAL unit of this type. Allocates nothing.
    public static boolean contains(Bytes accessUnit, int nalUnitType) {
        for (int at = 0; at < accessUnit.length(); ) {
            int length = lengthAt(accessUnit, at, NAL_LENGTH_BYTES);
            at += NAL_LENGTH_BYTES;
            if (length > 0 && nalUnitType(accessUnit.u8(at)) == nalUnitType) {
                return true;
            }
            at += length;
        }
        return false;
    }

    /// Whether decoding can start here: an IDR picture, 7.4.1.2.4.
    public static boolean isKeyframe(Bytes accessUnit) {
        return contains(accessUnit, NAL_IDR);
    }

    /// The access unit with four-byte lengths, out of one with lengths of `nalLengthBytes` (1 to 4). One that has four
    /// already is checked and returned as it is.
    public static Bytes normalised(Bytes accessUnit, int nalLengthBytes) {
        int count = 0;
        for (int at = 0; at < accessUnit.length(); ) {
            at += nalLengthBytes + lengthAt(accessUnit, at, nalLengthBytes);
            countNal(++count);
        }
        if (nalLengthBytes == NAL_LENGTH_BYTES) {
            return accessUnit;
        }
        byte[] out = new byte[accessUnit.length() + count * (NAL_LENGTH_BYTES - nalLengthBytes)];
        int to = 0;
        for (int at = 0; at < accessUnit.length(); ) {
            int length = lengthAt(accessUnit, at, nalLengthBytes);
            at += nalLengthBytes;
            to = putNal(accessUnit, at, length, out, to);
            at += length;
        }
        return Bytes.wrap(out);
    }

    /// Joins NAL units to an access unit.
    public static Bytes accessUnit(List<Bytes> nalUnits) {
        if (nalUnits.size() == 1) {
            Bytes unit = nalUnits.getFirst();
            byte[] only = unit.toByteArray(NAL_LENGTH_BYTES);
            putLength(unit.length(), only, 0);
            return Bytes.wrap(only);
        }
        long size = 0;
        for (Bytes unit : nalUnits) {
            size += NAL_LENGTH_BYTES + unit.length();
        }
        byte[] out = new byte[Math.toIntExact(size)];
        int to = 0;
        for (Bytes unit : nalUnits) {
            to = putNal(unit, 0, unit.length(), out, to);
        }
        return Bytes.wrap(out);
    }

    private static int putNal(Bytes source, int at, int length, byte[] out, int to) {
        putLength(length, out, to);
        source.copyTo(at, out, to + NAL_LENGTH_BYTES, length);
        return to + NAL_LENGTH_BYTES + length;
    }

    private static void putLength(int length, byte[] out, int to) {
        out[to] = (byte) (length >> 24);
        out[to + 1] = (byte) (length >> 16);
        out[to + 2] = (byte) (length >> 8);
        out[to + 3] = (byte) length;
    }

    /// The NAL units of a byte stream, ISO/IEC 14496-10 annex B, sharing its array. Zeros behind a NAL unit
    /// (trailing_zero_8bits) are not part of it; what stands before the first start code is an error.
    public static List<Bytes> splitAnnexB(Bytes stream) {
        List<Bytes> units = new ArrayList<>();
        int start = nextStartCode(stream, 0);
        if (start < 0) {
            throw new MalformedException("Annex B: no start code in %d bytes".formatted(stream.length()));
        }
        for (int i = 0; i < start; i++) {
            if (stream.u8(i) != 0) {
                throw new MalformedException("Annex B: bytes before the first start code");
            }
        }
        while (start >= 0) {
            int from = start + 3;
            int next = nextStartCode(stream, from);
            int to = next < 0 ? stream.length() : next;
            while (to > from && stream.u8(to - 1) == 0) {
                to--;
            }
            if (to > from) {
                units.add(stream.slice(from, to));
                countNal(units.size());
            }
            start = next;
        }
        return units;
    }

    /// An access unit out of a byte stream with start codes.
    public static Bytes fromAnnexB(Bytes stream) {
        return accessUnit(splitAnnexB(stream));
    }

    /// A byte stream with four-byte start codes out of an access unit.
    public static Bytes toAnnexB(Bytes accessUnit) {
        ByteWriter out = new ByteWriter(accessUnit.length());
        for (Bytes unit : nalUnits(accessUnit)) {
            out.u32(1).bytes(unit);
        }
        return out.toBytes();
    }

    /// Where the next 00 00 01 begins, or -1.
    private static int nextStartCode(Bytes stream, int from) {
        int end = stream.length() - 2;
        for (int i = stream.indexOfZeros(from); i < end; i = stream.indexOfZeros(i + 1)) {
            if (stream.u8(i + 2) == 1) {
                return i;
            }
        }
        return -1;
    }

    /// `codec` with the parameter sets that the access unit carries in band: a set replaces the one of the same id, and
    /// a new id is added. The same instance if nothing differs.
    public static Codec.H264 withInBand(Codec.H264 codec, Bytes accessUnit) {
        if (!contains(accessUnit, NAL_SPS) && !contains(accessUnit, NAL_PPS)) {
            return codec;
        }
        return withParameterSets(codec, nalUnits(accessUnit));
    }

    /// As [#withInBand], from NAL units that are at hand; those of other types are ignored.
    public static Codec.H264 withParameterSets(Codec.H264 codec, List<Bytes> nalUnits) {
        List<Bytes> sps = codec.sps();
        List<Bytes> pps = codec.pps();
        boolean changed = false;
        for (Bytes unit : nalUnits) {
            int type = unit.isEmpty() ? 0 : nalUnitType(unit.u8(0));
            if (type == NAL_SPS && !sps.contains(unit)) {
                sps = replaced(sps, unit, 4);
                changed = true;
            } else if (type == NAL_PPS && !pps.contains(unit)) {
                pps = replaced(pps, unit, 1);
                changed = true;
            }
        }
        return changed ? fromParameterSets(sps, pps) : codec;
    }

    /// @param idAt where the set's id stands as ue(v)
    private static List<Bytes> replaced(List<Bytes> sets, Bytes unit, int idAt) {
        long id = id(unit, idAt);
        List<Bytes> result = new ArrayList<>(sets);
        for (int i = 0; i < result.size(); i++) {
            if (id(result.get(i), idAt) == id) {
                result.set(i, unit);
                return result;
            }
        }
        result.add(unit);
        return result;
    }

    private static long id(Bytes set, int idAt) {
        if (set.length() <= idAt) {
            throw new MalformedException("H.264: parameter set of %d bytes".formatted(set.length()));
        }
        return new BitReader(unescape(set.slice(idAt))).ue();
    }

    /// RBSP out of the bytes of a NAL unit: without emulation_prevention_three_byte, 7.4.1.
    public static Bytes unescape(Bytes nal) {
        byte[] out = new byte[nal.length()];
        int to = 0;
        int zeros = 0;
        for (int i = 0; i < nal.length(); i++) {
            int b = nal.u8(i);
            if (zeros >= 2 && b == 3) {
                zeros = 0;
                continue;
            }
            zeros = b == 0 ? zeros + 1 : 0;
            out[to++] = (byte) b;
        }
        return Bytes.wrap(out, 0, to);
    }

    private static int lengthAt(Bytes accessUnit, int at, int nalLengthBytes) {
        int left = accessUnit.length() - at;
        if (left < nalLengthBytes) {
            throw new MalformedException("access unit: %d bytes where a NAL length should be".formatted(left));
        }
        long length = switch (nalLengthBytes) {
            case 1 -> accessUnit.u8(at);
            case 2 -> accessUnit.u16(at);
            case 3 -> accessUnit.u24(at);
            case 4 -> accessUnit.u32(at);
            default -> throw new IllegalArgumentException("NAL length of " + nalLengthBytes + " bytes");
        };
        if (length > left - nalLengthBytes) {
            throw new MalformedException(
                    "access unit: NAL unit of %d bytes at %d, %d there".formatted(length, at, left - nalLengthBytes));
        }
        return (int) length;
    }

    private static void countNal(int count) {
        if (count > MAX_NAL_UNITS) {
            throw new MalformedException("access unit: more than %d NAL units".formatted(MAX_NAL_UNITS));
        }
    }
}
