package tapedeck.codec.h264;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class H264Test {
    /// 640 x 360 Constrained Baseline by x264.
    private static final Bytes BASELINE_SPS = Bytes.ofHex("6742c01ed900a02ff97016a020202800000300080000030180478b1720");

    /// 1920 x 1080 High by x264: cropped from 1088.
    private static final Bytes HIGH_SPS = Bytes.ofHex("67640028acd940780227e5c05a808080a0000003002000000781e30632c0");
    private static final Bytes PPS = Bytes.ofHex("68ebe3cb22c0");
    private static final Bytes IDR = Bytes.ofHex("658884001000");
    private static final Bytes SLICE = Bytes.ofHex("419a2101");
    private static final Codec.H264 HIGH = H264.fromParameterSets(List.of(HIGH_SPS), List.of(PPS));

    @ParameterizedTest
    @CsvSource({
        "6742c01ed900a02ff97016a020202800000300080000030180478b1720, 66, 30, 1, 8, 640, 360",
        "67640028acd940780227e5c05a808080a0000003002000000781e30632c0, 100, 40, 1, 8, 1920, 1080",
        // Chromium's WebRTC answer for 42e01f: no VUI
        "6742c01f8c8d40501e900f08846a, 66, 31, 1, 8, 640, 480",
        // interlaced: map units of two macroblock rows
        "67640028acd94078044fde0220000003002000000643e2c5b2c0, 100, 40, 1, 8, 1920, 1080",
        // interlaced, 4:2:2, 10 bits
        "677a0028b6cd94078044fcb8088000000300800000190f8b16cb, 122, 40, 2, 10, 1920, 1080",
    })
    void theSizeOfAPictureIsAfterCropping(
            String hex, int profile, int level, int chromaFormat, int bitDepth, int width, int height) {
        Sps sps = Sps.parse(Bytes.ofHex(hex));
        assertEquals(
                List.of(profile, level, chromaFormat, bitDepth, width, height),
                List.of(
                        sps.profileIdc(),
                        sps.levelIdc(),
                        sps.chromaFormatIdc(),
                        sps.bitDepthLuma(),
                        sps.width(),
                        sps.height()));
    }

    @Test
    void aPictureLargerThanTheLimitIsRefused() {
        // The same baseline head, with pic_width_in_mbs_minus1 = 1023 and 1024.
        assertEquals(16_384, Sps.parse(spsOfWidth(1023)).width());
        assertThrows(MalformedException.class, () -> Sps.parse(spsOfWidth(1024)));
    }

    @Test
    void scalingListsAreSkipped() {
        String lists = "1" // seq_scaling_matrix_present_flag
                + "1" + ue(2 * 8 - 1) + "1".repeat(15) // 4x4, delta_scale 8 then 0
                + "1" + ue(2 * 8) // 4x4, delta_scale -8: nextScale 0 ends the list
                + "0000" // four not there
                + "1" + ue(2 * 4 - 1) + "1".repeat(63) // 8x8
                + "0";
        Sps sps = Sps.parse(nal("67640028", ue(0) + ue(1) + ue(0) + ue(0) + "0" + lists + frameSize(39)));
        assertEquals(640, sps.width());
    }

    private static Bytes spsOfWidth(int widthInMacroblocksMinus1) {
        return nal("6742c01e", ue(0) + frameSize(widthInMacroblocksMinus1));
    }

    /// From log2_max_frame_num_minus4 to the end, for one row of macroblocks.
    private static String frameSize(int widthInMacroblocksMinus1) {
        return ue(0) + ue(2) + ue(1) + "0" + ue(widthInMacroblocksMinus1) + ue(0) + "1" + "1" + "0" + "0" + "1";
    }

    private static String ue(int value) {
        String code = Integer.toBinaryString(value + 1);
        return "0".repeat(code.length() - 1) + code;
    }

    private static Bytes nal(String hexHead, String bits) {
        String padded = bits + "0".repeat((8 - bits.length() % 8) % 8);
        StringBuilder hex = new StringBuilder(hexHead);
        for (int i = 0; i < padded.length(); i += 8) {
            hex.append("%02x".formatted(Integer.parseInt(padded.substring(i, i + 8), 2)));
        }
        return Bytes.ofHex(hex.toString());
    }

    @Test
    void aConfigurationIsReadAndWrittenToTheByte() {
        Bytes baseline = Bytes.ofHex("0142c01effe1001d" + BASELINE_SPS.toHex() + "01000668ebe3cb22c0");
        assertEquals(baseline, H264.toAvcc(H264.fromAvcc(baseline)));
        // High: chroma 4:2:0, 8 bits, no SPS extension behind the sets
        Bytes high = Bytes.ofHex("01640028ffe1001e" + HIGH_SPS.toHex() + "01000668ebe3cb22c0fdf8f800");
        assertEquals(high, H264.toAvcc(H264.fromAvcc(high)));
        // many writers leave the extension out
        assertEquals(HIGH, H264.fromAvcc(high.slice(0, high.length() - 4)));
    }

    @Test
    void theLengthOfNalLengthsIsRead() {
        Bytes high = Bytes.ofHex("01640028fde1001e" + HIGH_SPS.toHex() + "01000668ebe3cb22c0");
        assertEquals(2, AvcConfiguration.parse(high).nalLengthBytes());
    }

    @Test
    void aConfigurationWithoutParameterSetsIsRefused() {
        assertThrows(MalformedException.class, () -> H264.fromAvcc(Bytes.ofHex("01640028ffe000")));
        assertThrows(MalformedException.class, () -> H264.fromParameterSets(List.of(HIGH_SPS), List.of()));
        assertThrows(MalformedException.class, () -> H264.fromParameterSets(List.of(PPS), List.of(PPS)));
        List<Bytes> tooMany = Collections.nCopies(AvcConfiguration.MAX_SPS + 1, HIGH_SPS);
        assertThrows(MalformedException.class, () -> H264.fromParameterSets(tooMany, List.of(PPS)));
    }

    @Test
    void anAccessUnitIsItsNalUnits() {
        Bytes unit = H264.accessUnit(List.of(HIGH_SPS, PPS, IDR));
        assertEquals(List.of(HIGH_SPS, PPS, IDR), H264.nalUnits(unit));
        assertTrue(H264.isKeyframe(unit));
        assertFalse(H264.isKeyframe(H264.accessUnit(List.of(HIGH_SPS, PPS, SLICE))));
        assertEquals(List.of(), H264.nalUnits(Bytes.EMPTY));
    }

    @Test
    void shorterNalLengthsBecomeFourBytes() {
        Bytes wanted = H264.accessUnit(List.of(IDR, SLICE));
        assertEquals(wanted, H264.normalised(Bytes.ofHex("06" + IDR.toHex() + "04" + SLICE.toHex()), 1));
        assertEquals(wanted, H264.normalised(Bytes.ofHex("0006" + IDR.toHex() + "0004" + SLICE.toHex()), 2));
        assertEquals(wanted, H264.normalised(Bytes.ofHex("000006" + IDR.toHex() + "000004" + SLICE.toHex()), 3));
        assertSame(wanted, H264.normalised(wanted, 4));
    }

    @Test
    void aNalLengthBeyondTheAccessUnitIsRefused() {
        assertThrows(MalformedException.class, () -> H264.nalUnits(Bytes.ofHex("0000000765888400")));
        assertThrows(MalformedException.class, () -> H264.nalUnits(Bytes.ofHex("ffffffff65888400")));
        assertThrows(MalformedException.class, () -> H264.normalised(Bytes.ofHex("00000001650000"), 4));
        assertThrows(MalformedException.class, () -> H264.isKeyframe(Bytes.ofHex("000000")));
    }

    @Test
    void moreNalUnitsThanAnyPictureHasAreRefused() {
        Bytes limit = Bytes.wrap(new byte[H264.MAX_NAL_UNITS * 4]);
        assertEquals(List.of(), H264.nalUnits(limit));
        Bytes more = Bytes.wrap(new byte[(H264.MAX_NAL_UNITS + 1) * 4]);
        assertThrows(MalformedException.class, () -> H264.nalUnits(more));
        assertThrows(MalformedException.class, () -> H264.normalised(more, 2));
    }

    @Test
    void aByteStreamIsSplitAtItsStartCodes() {
        Bytes stream = Bytes.ofHex("0000000109f0" + "00000001" + HIGH_SPS.toHex() + "0000000168ebe3cb22c0"
                + "000001658884001000" + "0000");
        // The zeros at the end of IDR are trailing_zero_8bits here.
        assertEquals(List.of(Bytes.ofHex("09f0"), HIGH_SPS, PPS, Bytes.ofHex("6588840010")), H264.splitAnnexB(stream));
        Bytes unit = H264.fromAnnexB(stream);
        assertEquals(unit, H264.fromAnnexB(H264.toAnnexB(unit)));
        for (String start : List.of("000001", "00000001", "0000000109f0000001")) {
            List<Bytes> slice = H264.splitAnnexB(Bytes.ofHex(start + "6588840010"));
            assertEquals(
                    "000000056588840010",
                    H264.accessUnit(List.of(slice.getLast())).toHex(),
                    start);
        }
        assertThrows(MalformedException.class, () -> H264.splitAnnexB(Bytes.ofHex("6588840010")));
        assertThrows(MalformedException.class, () -> H264.splitAnnexB(Bytes.ofHex("65000001658884")));
    }

    @Test
    void parameterSetsInBandChangeTheCodec() {
        assertSame(HIGH, H264.withInBand(HIGH, H264.accessUnit(List.of(IDR))));
        assertSame(HIGH, H264.withInBand(HIGH, H264.accessUnit(List.of(HIGH_SPS, PPS, IDR))));
        Codec.H264 smaller = H264.withInBand(HIGH, H264.accessUnit(List.of(BASELINE_SPS, PPS, IDR)));
        assertEquals(List.of(BASELINE_SPS), smaller.sps());
        assertEquals(640, smaller.width());
        Bytes secondPps = Bytes.ofHex("6848e3cb22c0"); // pic_parameter_set_id 1
        Codec.H264 two = H264.withInBand(HIGH, H264.accessUnit(List.of(secondPps, IDR)));
        assertEquals(List.of(PPS, secondPps), two.pps());
    }

    @Test
    void damagedParameterSetsAreRefusedInWords() {
        Fuzz.parser(List.of(BASELINE_SPS, HIGH_SPS), seeds("codecs_h264.FuzzSPSUnmarshal"), Sps::parse);
    }

    @Test
    void damagedConfigurationsAreRefusedInWords() {
        Fuzz.parser(
                List.of(H264.toAvcc(HIGH)),
                seeds("codecs_h264.FuzzAVCCUnmarshal"),
                bytes -> H264.toAvcc(H264.fromAvcc(bytes)));
    }

    @Test
    void damagedAccessUnitsAreRefusedInWords() {
        Bytes unit = H264.accessUnit(List.of(HIGH_SPS, PPS, IDR, SLICE));
        Fuzz.parser(List.of(unit), seeds("codecs_h264.FuzzAVCCUnmarshal"), bytes -> {
            H264.withInBand(HIGH, bytes);
            H264.normalised(bytes, 4);
        });
        Fuzz.parser(
                List.of(H264.toAnnexB(unit)),
                seeds("codecs_h264.FuzzAnnexBUnmarshal"),
                bytes -> H264.normalised(H264.fromAnnexB(bytes), 4));
    }

    private static List<Bytes> seeds(String folder) {
        return SharedMedia.bytes("fuzz-seeds/mediacommon/" + folder);
    }
}
