package tapedeck.codec.h264;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// AVCDecoderConfigurationRecord (`avcC`), ISO/IEC 14496-15 5.3.3.1.
///
/// @param nalLengthBytes how long the NAL lengths in this publisher's access units are; ours are always
///     [H264#NAL_LENGTH_BYTES]
public record AvcConfiguration(Codec.H264 codec, int nalLengthBytes) {
    /// numOfSequenceParameterSets has 5 bits.
    public static final int MAX_SPS = 31;
    /// numOfPictureParameterSets has 8 bits.
    public static final int MAX_PPS = 255;
    /// Parameter sets carry their length in 16 bits.
    public static final int MAX_PARAMETER_SET_BYTES = 0xFFFF;

    public static AvcConfiguration parse(Bytes avcC) {
        ByteReader in = avcC.reader();
        int version = in.u8();
        if (version != 1) {
            throw new MalformedException("avcC: version %d".formatted(version));
        }
        in.skip(3); // profile, compatibility and level, as in the SPS
        int nalLengthBytes = (in.u8() & 3) + 1;
        List<Bytes> sps = sets(in, in.u8() & MAX_SPS);
        List<Bytes> pps = sets(in, in.u8());
        // What follows for the high profiles repeats the SPS, and many writers leave it out.
        return new AvcConfiguration(H264.fromParameterSets(sps, pps), nalLengthBytes);
    }

    static Bytes write(Codec.H264 codec) {
        Bytes first = codec.sps().getFirst();
        ByteWriter out = new ByteWriter(64);
        out.u8(1).u8(first.u8(1)).u8(first.u8(2)).u8(first.u8(3));
        out.u8(0xFC | H264.NAL_LENGTH_BYTES - 1);
        out.u8(0xE0 | codec.sps().size());
        codec.sps().forEach(set -> out.u16(set.length()).bytes(set));
        out.u8(codec.pps().size());
        codec.pps().forEach(set -> out.u16(set.length()).bytes(set));
        Sps sps = Sps.parse(first);
        if (!isFirstEditionProfile(sps.profileIdc())) {
            out.u8(0xFC | sps.chromaFormatIdc());
            out.u8(0xF8 | sps.bitDepthLuma() - 8);
            out.u8(0xF8 | sps.bitDepthChroma() - 8);
            out.u8(0); // numOfSequenceParameterSetExt
        }
        return out.toBytes();
    }

    /// Baseline, Main and Extended have no extension fields.
    private static boolean isFirstEditionProfile(int profileIdc) {
        return profileIdc == 66 || profileIdc == 77 || profileIdc == 88;
    }

    private static List<Bytes> sets(ByteReader in, int count) {
        List<Bytes> sets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sets.add(in.take(in.u16()));
        }
        return sets;
    }
}
