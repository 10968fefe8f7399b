package tapedeck.codec.h265;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

class H265Test {
    private static final Bytes VPS = Bytes.ofHex("40010c01ffff016000000300900000030000030 03cba0240");
    /// 320 x 180 Main by x265: cropped from 184.
    private static final Bytes SPS =
            Bytes.ofHex("420101016000000300900000030000 03003ca00a080c1f3e5ba4a4c2f0168080000003008000000f04");
    private static final Bytes PPS = Bytes.ofHex("4401c073c189");
    private static final Codec.H265 CODEC = H265.fromParameterSets(List.of(VPS), List.of(SPS), List.of(PPS));

    @Test
    void theSizeOfAPictureIsAfterCropping() {
        H265Sps sps = H265Sps.parse(SPS);
        assertEquals(
                List.of(320, 180, 8, 8, 1, 1),
                List.of(
                        sps.width(),
                        sps.height(),
                        sps.bitDepthLuma(),
                        sps.bitDepthChroma(),
                        sps.chromaFormatIdc(),
                        sps.temporalLayers()));
    }

    @ParameterizedTest
    // IDR_W_RADL, IDR_N_LP, CRA, BLA_W_LP, then TRAIL_R, RASL_R, RADL_N
    @CsvSource({"2601, true", "2801, true", "2a01, true", "2001, true", "0201, false", "1201, false", "0c01, false"})
    void anIntraRandomAccessPointIsAKeyframe(String header, boolean keyframe) {
        Bytes slice = Bytes.ofHex(header + "ac2130");
        Bytes sei = Bytes.ofHex("4e0105ff");
        assertEquals(keyframe, H265.isKeyframe(H264.accessUnit(List.of(sei, slice))));
    }

    @Test
    void aRecordIsReadAsItWasWritten() {
        Bytes hvcC = H265.toHvcc(CODEC);
        HevcConfiguration parsed = HevcConfiguration.parse(hvcC);
        assertEquals(CODEC, parsed.codec());
        assertEquals(4, parsed.nalLengthBytes());
        assertEquals(hvcC, H265.toHvcc(parsed.codec()));
        // general_profile_space to general_level_idc are those of the SPS: Main, level 2.
        assertEquals(
                "01016000000090000000000 03c".replace(" ", ""),
                hvcC.slice(0, 13).toHex());
    }

    /// What FFmpeg's record says is what ours says, but for what is not known here.
    @Test
    void realPicturesAreWhatTheySay() {
        for (List<Frame> frames : List.of(TestMedia.h265(2), TestMedia.h265WithBFrames(2))) {
            for (Frame frame : frames) {
                assertEquals(frame.keyframe(), H265.isKeyframe(frame.data()));
            }
            Codec.H265 codec = (Codec.H265) frames.getFirst().track().codec();
            assertEquals(320, codec.width());
            assertEquals(180, codec.height());
        }
    }

    @Test
    void setsInBandReplaceThoseOfTheSameId() {
        assertSame(CODEC, H265.withParameterSets(CODEC, List.of(VPS, SPS, PPS, Bytes.ofHex("2601ac"))));
        Bytes other = Bytes.ofHex("4401c073c18a");
        assertEquals(
                List.of(other), H265.withParameterSets(CODEC, List.of(other)).pps());
        Bytes second = Bytes.ofHex("440152f0");
        assertEquals(
                List.of(PPS, second),
                H265.withParameterSets(CODEC, List.of(second)).pps());
    }

    @Test
    void aRecordWithoutSetsIsRefused() {
        Bytes head = H265.toHvcc(CODEC).slice(0, 22);
        assertThrows(
                MalformedException.class,
                () -> HevcConfiguration.parse(new ByteWriter().bytes(head).u8(0).toBytes()));
        assertThrows(
                MalformedException.class,
                () -> HevcConfiguration.parse(
                        new ByteWriter().bytes(head).u8(65).toBytes()));
        List<Bytes> many = new ArrayList<>();
        for (int i = 0; i <= HevcConfiguration.MAX_SETS; i++) {
            many.add(PPS);
        }
        assertThrows(MalformedException.class, () -> H265.fromParameterSets(List.of(VPS), List.of(SPS), many));
    }

    @Test
    void nothingButMalformedLeavesTheParsers() {
        Fuzz.parser(
                List.of(SPS), SharedMedia.bytes("fuzz-seeds/mediacommon/codecs_h265.FuzzSPSUnmarshal"), H265Sps::parse);
        Fuzz.parser(List.of(H265.toHvcc(CODEC)), List.of(), HevcConfiguration::parse);
    }

    @Test
    void noPictureIsLargerThanTheLimit() {
        // chroma_format_idc and the size behind 1 + 12 bytes: ue(1), ue(16384 or 16385), ue(8), no cropping …
        assertEquals(16_384, H265Sps.parse(spsOfWidth(16_384)).width());
        MalformedException refused = assertThrows(MalformedException.class, () -> H265Sps.parse(spsOfWidth(16_385)));
        assertTrue(refused.getMessage().contains("16385"));
    }

    private static Bytes spsOfWidth(int width) {
        String bits = ue(0) + ue(1) + ue(width) + ue(8) + "0" + ue(0) + ue(0) + "1";
        ByteWriter out = new ByteWriter().bytes(SPS.slice(0, 2)).u8(1);
        out.bytes(Bytes.ofHex("016000000190000101010 13c".replace(" ", "")));
        for (int at = 0; at < bits.length(); at += 8) {
            String eight = (bits.substring(at) + "0000000").substring(0, 8);
            out.u8(Integer.parseInt(eight, 2));
        }
        return out.toBytes();
    }

    private static String ue(int value) {
        String binary = Integer.toBinaryString(value + 1);
        return "0".repeat(binary.length() - 1) + binary;
    }
}
