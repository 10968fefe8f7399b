package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

class H265PayloadTest {
    private static final PayloadFormat FORMAT = format("");

    private static PayloadFormat format(String parameters) {
        return new PayloadFormat(100, "H265", 90_000, 1, parameters, List.of());
    }

    private static List<Long> feed(Depacketizer depacketizer, long timestamp, Bytes... payloads) {
        List<Long> out = new ArrayList<>();
        for (int i = 0; i < payloads.length; i++) {
            depacketizer.packet(
                    payloads[i], timestamp, i == payloads.length - 1, (codec, at, keyframe, data) -> out.add(at));
        }
        return out;
    }

    private static Bytes[] payloads(Frame frame) {
        List<Bytes> payloads = new ArrayList<>();
        Packetizer.of(frame.track().codec(), 1000)
                .packetize(frame, (header, body, marker) -> payloads.add(Packetizer.joined(header, body)));
        return payloads.toArray(Bytes[]::new);
    }

    /// A NAL unit of this type.
    private static Bytes nal(int type, int first) {
        return Bytes.ofU8(type << 1, 1, first, 0x55, 0x80);
    }

    private static Codec.H265 codec() {
        return (Codec.H265) TestMedia.h265(1).getFirst().track().codec();
    }

    private static Frame asDelta(Frame frame) {
        return new Frame(frame.track(), frame.dtsNanos(), frame.ptsNanos(), false, frame.data());
    }

    private static Frame withoutSets(Frame frame) {
        List<Bytes> units = new ArrayList<>(H264.nalUnits(frame.data()));
        units.removeIf(unit -> H265.nalUnitType(unit.u8(0)) >= H265.NAL_VPS);
        return new Frame(frame.track(), frame.dtsNanos(), frame.ptsNanos(), false, H264.accessUnit(units));
    }

    @Test
    void parameterSetsAndSmallUnitsShareAPayload() {
        Frame key = withoutSets(TestMedia.h265(1).getFirst());
        Frame marked = new Frame(key.track(), 0, 0, true, key.data());
        Bytes first = payloads(marked)[0];
        // Type 48, layer 0, TID 0 (plus 1).
        assertEquals(0x6001, first.u16(0));
        assertEquals(codec().vps().getFirst().length(), first.u16(2));
    }

    @Test
    void parameterSetsOfTheDescriptionAreEnough() {
        Codec.H265 codec = codec();
        Base64.Encoder base64 = Base64.getEncoder();
        StringBuilder parameters = new StringBuilder("profile-id=1");
        parameters
                .append(";sprop-vps=")
                .append(base64.encodeToString(codec.vps().getFirst().toByteArray()));
        parameters
                .append(";sprop-sps=")
                .append(base64.encodeToString(codec.sps().getFirst().toByteArray()));
        parameters
                .append(";sprop-pps=")
                .append(base64.encodeToString(codec.pps().getFirst().toByteArray()));
        Depacketizer depacketizer = Depacketizer.of(format(parameters.toString()));
        Bytes[] key = payloads(withoutSets(TestMedia.h265(1).getFirst()));
        assertEquals(List.of(0L), feed(depacketizer, 0, key));
        // Also behind a loss, as they never come in band.
        depacketizer.gap(1);
        assertEquals(List.of(9L), feed(depacketizer, 9, key));
        Depacketizer without = Depacketizer.of(format("sprop-vps=!;sprop-sps=QgEB;sprop-pps="));
        assertEquals(List.of(), feed(without, 0, key));
        assertTrue(without.needsKeyframe());
    }

    @Test
    void picturesThatDependOnWhatWasBeforeTheEntryAreLeftOut() {
        Bytes[] idr = payloads(TestMedia.h265(1).getFirst());
        Bytes cra = nal(21, 0x80);
        Bytes rasl = nal(9, 0x80);
        Bytes trail = nal(1, 0x80);
        Bytes sps = codec().sps().getFirst();
        Depacketizer depacketizer = Depacketizer.of(FORMAT);
        assertEquals(List.of(0L), feed(depacketizer, 0, idr));
        // In the middle of a whole stream they can be decoded.
        assertEquals(List.of(1L), feed(depacketizer, 1, sps, cra));
        assertEquals(List.of(2L), feed(depacketizer, 2, rasl));
        depacketizer.gap(1);
        assertEquals(List.of(), feed(depacketizer, 3, trail));
        assertEquals(List.of(4L), feed(depacketizer, 4, sps, cra));
        assertEquals(List.of(), feed(depacketizer, 5, rasl));
        assertEquals(List.of(6L), feed(depacketizer, 6, trail));
        assertFalse(depacketizer.needsKeyframe());
        assertEquals(List.of(7L), feed(depacketizer, 7, cra));
        assertEquals(List.of(8L), feed(depacketizer, 8, rasl));
        assertEquals(3, depacketizer.missingFrames());
    }

    @Test
    void payloadsThatTheRfcForbidsAreMalformedAndCostTheirFrame() {
        for (String hex : List.of(
                "02",
                "0201",
                "6001",
                "600100",
                "60010003 0201",
                "6001 0002 0201",
                "6001 0009 020155",
                "620101",
                "6201",
                "62010155",
                "6201 b055",
                "6401 0055",
                "7e01 0055")) {
            Depacketizer depacketizer = Depacketizer.of(FORMAT);
            feed(depacketizer, 0, payloads(TestMedia.h265(1).getFirst()));
            assertThrows(MalformedException.class, () -> feed(depacketizer, 1, Bytes.ofHex(hex.replace(" ", ""))), hex);
            assertTrue(depacketizer.needsKeyframe(), hex);
            assertEquals(1, depacketizer.missingFrames());
            assertEquals(
                    List.of(2L),
                    feed(depacketizer, 2, payloads(TestMedia.h265(1).getFirst())));
        }
    }

    @Test
    void aFragmentWithoutAnEndCostsItsFrame() {
        Depacketizer depacketizer = Depacketizer.of(FORMAT);
        feed(depacketizer, 0, payloads(TestMedia.h265(1).getFirst()));
        assertEquals(List.of(), feed(depacketizer, 1, Bytes.ofHex("62018155")));
        assertTrue(depacketizer.needsKeyframe());
        depacketizer.packet(Bytes.ofHex("62018155"), 2, false, (codec, at, keyframe, data) -> {});
        assertEquals(1, depacketizer.missingFrames());
    }

    @Test
    void moreParameterSetsThanTheLimitAreMalformed() {
        Bytes[] sets = new Bytes[H265Depacketizer.MAX_PARAMETER_SETS + 1];
        java.util.Arrays.fill(sets, nal(H265.NAL_PPS, 0x80));
        Depacketizer depacketizer = Depacketizer.of(FORMAT);
        feed(depacketizer, 0, payloads(TestMedia.h265(1).getFirst()));
        assertThrows(MalformedException.class, () -> feed(depacketizer, 1, sets));
    }

    @Test
    void interleavedPacketsAreNotTaken() {
        assertTrue(Depacketizer.supports(format("sprop-max-don-diff=0;tx-mode=SRST")));
        assertFalse(Depacketizer.supports(format("sprop-max-don-diff=2")));
        assertFalse(Depacketizer.supports(format("tx-mode=MRST")));
    }

    @Test
    void framesWithBPicturesComeOutInTheirOrder() {
        Depacketizer depacketizer = Depacketizer.of(FORMAT);
        for (Frame frame : TestMedia.h265WithBFrames(1)) {
            assertEquals(
                    List.of(frame.ptsNanos()),
                    feed(depacketizer, frame.ptsNanos(), payloads(frame.keyframe() ? frame : asDelta(frame))));
        }
    }
}
