package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Av1TemporalUnit;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Fuzz;
import tapedeck.peers.Lent;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

class DepacketizerTest {
    private static final PayloadFormat H264_FORMAT = new PayloadFormat(96, "H264", 90_000, 1);
    private static final PayloadFormat VP8_FORMAT = new PayloadFormat(97, "VP8", 90_000, 1);
    private static final PayloadFormat VP9_FORMAT = new PayloadFormat(98, "VP9", 90_000, 1);
    private static final PayloadFormat AV1_FORMAT = new PayloadFormat(99, "AV1", 90_000, 1);
    private static final PayloadFormat H265_FORMAT = new PayloadFormat(100, "H265", 90_000, 1);
    private static final PayloadFormat OPUS_FORMAT = new PayloadFormat(111, "opus", 48_000, 2);

    private static PayloadFormat format(List<Frame> media) {
        return switch (media.getFirst().track().codec()) {
            case Codec.H264 _ -> H264_FORMAT;
            case Codec.Vp8 _ -> VP8_FORMAT;
            case Codec.Vp9 _ -> VP9_FORMAT;
            case Codec.Opus _ -> OPUS_FORMAT;
            case Codec.Pcmu _ -> new PayloadFormat(0, "PCMU", 8000, 1);
            case Codec.Pcma _ -> new PayloadFormat(8, "PCMA", 8000, 1);
            case Codec.G722 _ -> new PayloadFormat(9, "G722", 8000, 1);
            case Codec.Av1 _ -> AV1_FORMAT;
            case Codec.H265 _ -> H265_FORMAT;
            case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ ->
                throw new IllegalArgumentException(media.getFirst().track().toString());
        };
    }

    private static List<List<Frame>> videos(int seconds) {
        return List.of(
                TestMedia.h264(seconds),
                TestMedia.vp8(seconds),
                TestMedia.vp9(seconds),
                TestMedia.av1(seconds),
                TestMedia.h265(seconds));
    }

    /// No codec looks into it: any bytes will do.
    private static List<Frame> g722() {
        Track track = new Track(Track.AUDIO, new Codec.G722(1));
        return TestMedia.g711(1, "alaw").stream()
                .map(frame -> new Frame(track, frame.dtsNanos(), frame.ptsNanos(), true, frame.data()))
                .toList();
    }

    private record Packet(Bytes payload, long timestamp, boolean marker) {}

    private record Out(Codec codec, long timestamp, boolean keyframe, Bytes data) {}

    private static List<Packet> packets(List<Frame> frames, int maxPayloadBytes) {
        Packetizer packetizer = Packetizer.of(frames.getFirst().track().codec(), maxPayloadBytes);
        List<Packet> packets = new ArrayList<>();
        for (Frame frame : frames) {
            packetizer.packetize(frame, (header, body, marker) -> {
                Bytes payload = Packetizer.joined(header, body);
                assertTrue(payload.length() <= maxPayloadBytes || frame.track().isAudio());
                packets.add(new Packet(payload, frame.ptsNanos(), marker));
            });
        }
        return packets;
    }

    private static List<Out> feed(Depacketizer depacketizer, List<Packet> packets) {
        List<Out> out = new ArrayList<>();
        for (Packet packet : packets) {
            Lent.to(
                    packet.payload(),
                    payload -> depacketizer.packet(
                            payload,
                            packet.timestamp(),
                            packet.marker(),
                            (codec, timestamp, keyframe, data) -> out.add(new Out(codec, timestamp, keyframe, data))));
        }
        return out;
    }

    /// What comes out of the depacketizer for this frame: parameter sets and delimiters are not in the data.
    private static Bytes data(Frame frame) {
        if (frame.track().codec() instanceof Codec.H265) {
            List<Bytes> units = new ArrayList<>(H264.nalUnits(frame.data()));
            units.removeIf(unit -> List.of(32, 33, 34, 35, 38).contains(unit.u8(0) >> 1));
            return H264.accessUnit(units);
        }
        if (!(frame.track().codec() instanceof Codec.H264)) {
            return frame.data();
        }
        List<Bytes> units = new ArrayList<>(H264.nalUnits(frame.data()));
        units.removeIf(unit -> List.of(7, 8, 9, 12).contains(unit.u8(0) & 31));
        return H264.accessUnit(units);
    }

    /// So that no packetizer puts parameter sets in front.
    private static List<Frame> withoutKeyframes(List<Frame> frames) {
        return frames.stream()
                .map(frame -> new Frame(frame.track(), frame.dtsNanos(), frame.ptsNanos(), false, frame.data()))
                .toList();
    }

    private static void assertSameFrames(List<Frame> sent, List<Out> received) {
        assertEquals(sent.size(), received.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(data(sent.get(i)), received.get(i).data(), "frame " + i);
            assertEquals(sent.get(i).keyframe(), received.get(i).keyframe());
            assertEquals(sent.get(i).ptsNanos(), received.get(i).timestamp());
        }
    }

    /// So that a keyframe on its way is not asked for again.
    @Test
    void theFirstPacketOfAKeyframeIsKnownAndNoOther() {
        for (List<Frame> media : List.of(TestMedia.vp8(3), TestMedia.vp9(3), TestMedia.av1(3), TestMedia.h265(3))) {
            Depacketizer depacketizer = Depacketizer.of(format(media));
            int keyframes = 0;
            for (Frame frame : media) {
                List<Packet> packets = packets(List.of(frame), 200);
                feed(depacketizer, packets);
                for (int i = 0; i < packets.size(); i++) {
                    Bytes payload = packets.get(i).payload();
                    assertEquals(frame.keyframe() && i == 0, depacketizer.beginsKeyframe(payload), frame.toString());
                    for (int length = 0; length < Math.min(8, payload.length()); length++) {
                        depacketizer.beginsKeyframe(payload.slice(0, length));
                    }
                }
                keyframes += frame.keyframe() ? 1 : 0;
            }
            assertTrue(keyframes > 1, "keyframes");
        }
        Depacketizer av1 = Depacketizer.of(format(TestMedia.av1(1)));
        assertTrue(av1.beginsKeyframe(Bytes.ofU8(0x10, 0x08, 0x00)), "N forgotten, one element");
        assertTrue(av1.beginsKeyframe(Bytes.ofU8(0x00, 0x02, 0x08, 0x00)), "N forgotten, with sizes");
        assertFalse(av1.beginsKeyframe(Bytes.ofU8(0x98, 0x08, 0x00)), "not the start");
        Depacketizer h265 = Depacketizer.of(format(TestMedia.h265(1)));
        assertTrue(h265.beginsKeyframe(Bytes.ofU8(0x60, 0x01, 0, 3, 0x46, 1, 0x50, 0, 3, 0x40, 1, 0xC)), "AUD, VPS");
        assertTrue(h265.beginsKeyframe(Bytes.ofU8(0x26, 0x01, 0x80)), "IDR, parameter sets by SDP");
        assertTrue(h265.beginsKeyframe(Bytes.ofU8(0x62, 0x01, 0x93, 0x80)), "IDR in fragments");
        assertFalse(h265.beginsKeyframe(Bytes.ofU8(0x62, 0x01, 0x53, 0x80)), "its last fragment");
        assertFalse(h265.beginsKeyframe(Bytes.ofU8(0x26, 0x01, 0x00)), "its second slice");
        // Layers and profiles: with a spatial layer above, with references, and an intra-only picture.
        Depacketizer vp9 = Depacketizer.of(VP9_FORMAT);
        assertTrue(vp9.beginsKeyframe(Bytes.ofU8(0x28, 0x00, 0x01, 0x82, 0x49)));
        assertFalse(vp9.beginsKeyframe(Bytes.ofU8(0x28, 0x02, 0x01, 0x82, 0x49)), "upper layer");
        assertFalse(vp9.beginsKeyframe(Bytes.ofU8(0x68, 0x00, 0x01, 0x82, 0x49)), "depends on others");
        assertFalse(vp9.beginsKeyframe(Bytes.ofU8(0x28, 0x00, 0x01, 0x86, 0x49)), "intra-only");
        assertFalse(vp9.beginsKeyframe(Bytes.ofU8(0x20, 0x00, 0x01, 0x82, 0x49)), "not the start");
        assertTrue(vp9.beginsKeyframe(Bytes.ofU8(0x08, 0xB1)), "profile 3");
        assertFalse(vp9.beginsKeyframe(Bytes.ofU8(0x08, 0xB2)), "profile 3, not a key");
        assertFalse(vp9.beginsKeyframe(Bytes.ofU8(0x08, 0xB4)), "an old picture again");
    }

    @Test
    void everyFrameComesOutAsItWentInWhateverThePacketSize() {
        List<List<Frame>> all = new ArrayList<>(videos(2));
        all.addAll(List.of(TestMedia.opus(1), TestMedia.g711(1, "alaw"), TestMedia.g711(1, "mulaw"), g722()));
        for (List<Frame> media : all) {
            for (int size : new int[] {64, 100, 500, Packetizer.USUAL_PAYLOAD_BYTES, 60_000}) {
                assertSameFrames(media, feed(Depacketizer.of(format(media)), packets(media, size)));
            }
        }
    }

    @Test
    void thePartsOfAFrameAreOfOneSizeButTheLast() {
        for (List<Frame> media : videos(1)) {
            for (int size : new int[] {64, 333, Packetizer.USUAL_PAYLOAD_BYTES}) {
                Map<Long, List<Packet>> frames = new LinkedHashMap<>();
                for (Packet packet : packets(withoutKeyframes(media), size)) {
                    frames.computeIfAbsent(packet.timestamp(), _ -> new ArrayList<>())
                            .add(packet);
                }
                // The first has an SEI of its own in H.264.
                frames.values().stream().skip(1).forEach(parts -> {
                    int first = parts.getFirst().payload().length();
                    for (Packet part : parts.subList(0, parts.size() - 1)) {
                        assertEquals(first, part.payload().length());
                        assertFalse(part.marker());
                    }
                    assertTrue(parts.getLast().payload().length() <= first);
                    assertTrue(parts.getLast().marker());
                });
            }
        }
    }

    @Test
    void partsNeverGetLongerThanAllowedAndNoneIsEmpty() {
        for (int max : new int[] {64, 65, 1180}) {
            for (int body = 1; body < 3 * max * max; body += 1 + body / 7) {
                for (int first : new int[] {2, 8}) {
                    int size = EqualParts.payloadBytes(body, first, 2, max);
                    assertTrue(size <= max && size > first, "%d of %d".formatted(size, max));
                }
            }
        }
    }

    @Test
    void theCodecComesFromTheStream() {
        var h264 = feed(Depacketizer.of(H264_FORMAT), packets(TestMedia.h264(1), 1000));
        assertEquals(
                TestMedia.h264(1).getFirst().track().codec(), h264.getFirst().codec());
        assertSame(h264.getFirst().codec(), h264.getLast().codec());
        var vp8 = feed(Depacketizer.of(VP8_FORMAT), packets(TestMedia.vp8(2), 1000));
        assertEquals(new Codec.Vp8(320, 180), vp8.getFirst().codec());
        assertSame(vp8.getFirst().codec(), vp8.getLast().codec());
        for (List<Frame> media : videos(2)) {
            var out = feed(Depacketizer.of(format(media)), packets(media, 1000));
            assertEquals(media.getFirst().track().codec(), out.getFirst().codec());
            assertSame(out.getFirst().codec(), out.getLast().codec());
        }
    }

    @Test
    void framesWithoutMarkerEndAtTheNextTimestamp() {
        for (var media : videos(1)) {
            List<Packet> unmarked = packets(media, 500).stream()
                    .map(packet -> new Packet(packet.payload(), packet.timestamp(), false))
                    .toList();
            assertSameFrames(media.subList(0, media.size() - 1), feed(Depacketizer.of(format(media)), unmarked));
        }
    }

    @Test
    void eachSingleLossCostsTheFramesUpToTheNextKeyframeAndNoMore() {
        for (var media : videos(3)) {
            List<Packet> packets = packets(media, 400);
            for (int lost = 0; lost < packets.size(); lost++) {
                Depacketizer depacketizer = Depacketizer.of(format(media));
                List<Out> out = feed(depacketizer, packets.subList(0, lost));
                depacketizer.gap(1);
                assertTrue(depacketizer.needsKeyframe());
                out.addAll(feed(depacketizer, packets.subList(lost + 1, packets.size())));
                long hit = packets.get(lost).timestamp();
                List<Frame> expected = new ArrayList<>();
                boolean waiting = false;
                for (Frame frame : media) {
                    waiting = frame.ptsNanos() == hit || waiting && !frame.keyframe();
                    if (!waiting) {
                        expected.add(frame);
                    }
                }
                assertSameFrames(expected, out);
                int missing = media.size() - expected.size();
                assertTrue(
                        Math.abs(depacketizer.missingFrames() - missing) <= 1,
                        "lost %d: %d counted, %d missing".formatted(lost, depacketizer.missingFrames(), missing));
            }
        }
    }

    @Test
    void aLostAudioPacketCostsItself() {
        List<Packet> packets = packets(TestMedia.opus(1), 1000);
        Depacketizer depacketizer = Depacketizer.of(OPUS_FORMAT);
        List<Out> out = feed(depacketizer, packets.subList(0, 10));
        depacketizer.gap(3);
        assertFalse(depacketizer.needsKeyframe());
        out.addAll(feed(depacketizer, packets.subList(13, packets.size())));
        assertEquals(packets.size() - 3, out.size());
        assertEquals(3, depacketizer.missingFrames());
    }

    @Test
    void paddingBetweenFramesIsNoFrame() {
        List<Packet> padded = new ArrayList<>();
        for (Packet packet : packets(TestMedia.vp8(1), 300)) {
            padded.add(packet);
            padded.add(new Packet(Bytes.EMPTY, packet.timestamp(), false));
        }
        assertSameFrames(TestMedia.vp8(1), feed(Depacketizer.of(VP8_FORMAT), padded));
    }

    @Test
    void parameterSetsOfTheDescriptionAreEnough() {
        Codec.H264 codec = (Codec.H264) TestMedia.h264(1).getFirst().track().codec();
        Depacketizer depacketizer =
                new H264Depacketizer(List.of(codec.sps().getFirst(), codec.pps().getFirst()));
        List<Packet> packets = packets(withoutKeyframes(TestMedia.h264(1)), 1000);
        assertSameFrames(TestMedia.h264(1), feed(depacketizer, packets));
    }

    @Test
    void otherParameterSetsAreAnotherCodec() {
        Codec.H264 one = (Codec.H264) TestMedia.h264(1).getFirst().track().codec();
        Codec other = TestMedia.h264WithBFrames(1).getFirst().track().codec();
        Depacketizer depacketizer = Depacketizer.of(H264_FORMAT);
        assertEquals(
                one,
                feed(depacketizer, packets(TestMedia.h264(1), 1000)).getLast().codec());
        List<Frame> later = TestMedia.shifted(TestMedia.h264WithBFrames(1), 10_000_000_000L);
        assertEquals(other, feed(depacketizer, packets(later, 1000)).getLast().codec());
    }

    @Test
    void aKeyframeWithoutParameterSetsIsNotHandedOn() {
        List<Packet> packets = packets(withoutKeyframes(TestMedia.h264(1)), 1000);
        Depacketizer depacketizer = Depacketizer.of(H264_FORMAT);
        assertEquals(List.of(), feed(depacketizer, packets));
        assertTrue(depacketizer.needsKeyframe());
        assertEquals(30, depacketizer.missingFrames());
    }

    @Test
    void payloadsThatTheRfcForbidsAreMalformedAndCostTheirFrame() {
        for (String hex :
                List.of("00", "1e", "1f", "19", "1a", "1b", "1d", "1800", "180005 61", "18000118", "1c", "7c98 00")) {
            Depacketizer depacketizer = Depacketizer.of(H264_FORMAT);
            feed(depacketizer, packets(TestMedia.h264(1), 1000));
            assertThrows(
                    MalformedException.class,
                    () -> feed(depacketizer, List.of(new Packet(Bytes.ofHex(hex), 1, true))),
                    hex);
            assertTrue(depacketizer.needsKeyframe());
            assertEquals(1, depacketizer.missingFrames());
        }
        for (String hex : List.of("80", "8080", "808080", "8040", "8020", "9080 8000", "10")) {
            Depacketizer depacketizer = Depacketizer.of(VP8_FORMAT);
            feed(depacketizer, packets(TestMedia.vp8(1), 1000));
            assertThrows(
                    MalformedException.class,
                    () -> feed(depacketizer, List.of(new Packet(Bytes.ofHex(hex), 1, true))),
                    hex);
            assertTrue(depacketizer.needsKeyframe());
        }
        for (String hex : List.of(
                "88",
                "8880",
                "888001",
                "28",
                "2800",
                "d8 01 03 03 03 00",
                "8a01",
                "8a01 18 0000",
                "8001" + "00",
                "8801 00")) {
            Depacketizer depacketizer = Depacketizer.of(VP9_FORMAT);
            feed(depacketizer, packets(TestMedia.vp9(1), 1000));
            if (hex.equals("800100")) {
                feed(depacketizer, List.of(new Packet(Bytes.ofHex(hex), 1, true)));
            } else {
                assertThrows(
                        MalformedException.class,
                        () -> feed(depacketizer, List.of(new Packet(Bytes.ofHex(hex), 1, true))),
                        hex);
            }
            assertTrue(depacketizer.needsKeyframe(), hex);
        }
        assertThrows(
                MalformedException.class,
                () -> feed(Depacketizer.of(OPUS_FORMAT), List.of(new Packet(Bytes.ofHex("0300"), 1, true))));
    }

    @Test
    void aFrameLargerThanTheLimitIsMalformed() {
        byte[] part = new byte[60_000];
        part[0] = 0x7C;
        part[1] = (byte) 0x85;
        part[2] = (byte) 0x80;
        Depacketizer h264 = Depacketizer.of(H264_FORMAT);
        List<Packet> packets = new ArrayList<>(List.of(new Packet(Bytes.wrap(part), 5, false)));
        byte[] more = part.clone();
        more[1] = 5;
        for (int bytes = 0; bytes <= H264Depacketizer.MAX_FRAME_BYTES; bytes += more.length - 2) {
            packets.add(new Packet(Bytes.wrap(more), 5, false));
        }
        assertThrows(MalformedException.class, () -> feed(h264, packets));
        byte[] vp8 = new byte[60_000];
        vp8[0] = 0x10;
        Depacketizer depacketizer = Depacketizer.of(VP8_FORMAT);
        feed(depacketizer, List.of(new Packet(Bytes.wrap(vp8), 5, false)));
        byte[] rest = new byte[60_000];
        List<Packet> restPackets = new ArrayList<>();
        for (int bytes = 0; bytes <= Pieces.MAX_FRAME_BYTES; bytes += rest.length - 1) {
            restPackets.add(new Packet(Bytes.wrap(rest), 5, false));
        }
        assertThrows(MalformedException.class, () -> feed(depacketizer, restPackets));
    }

    @Test
    void moreOfAnythingThanTheLimitIsMalformed() {
        List<Packet> parts = new ArrayList<>(List.of(new Packet(Bytes.ofHex("7c8580"), 5, false)));
        for (int i = 0; i < H264Depacketizer.MAX_PIECES; i++) {
            parts.add(new Packet(Bytes.ofHex("7c0500"), 5, false));
        }
        assertThrows(MalformedException.class, () -> feed(Depacketizer.of(H264_FORMAT), parts));
        List<Packet> sets = new ArrayList<>();
        for (int i = 0; i <= H264Depacketizer.MAX_PARAMETER_SETS; i++) {
            sets.add(new Packet(Bytes.ofHex("67424242"), 5, false));
        }
        assertThrows(MalformedException.class, () -> feed(Depacketizer.of(H264_FORMAT), sets));
    }

    @Test
    void nothingButMalformedLeavesADepacketizer() throws IOException {
        List<Bytes> good = new ArrayList<>();
        List<List<Frame>> all = new ArrayList<>(videos(1));
        all.add(TestMedia.opus(1));
        for (var media : all) {
            packets(media.subList(0, 2), 300).stream().limit(4).forEach(packet -> good.add(packet.payload()));
        }
        List<Bytes> further = new ArrayList<>();
        for (String codec : List.of("h264", "vp8", "vp9", "av1", "h265")) {
            String folder = "format_rtp" + codec + ".FuzzDecoder";
            for (var file : SharedMedia.files("fuzz-seeds/gortsplib/" + folder)) {
                further.add(Bytes.wrap(Files.readAllBytes(file)));
            }
        }
        further.addAll(good);
        List<Depacketizer> living =
                all.stream().map(DepacketizerTest::format).map(Depacketizer::of).toList();
        long[] time = {0};
        Fuzz.parser(List.of(), further, bytes -> {
            for (Depacketizer depacketizer : living) {
                time[0]++;
                try {
                    depacketizer.packet(
                            bytes,
                            time[0] / 5,
                            time[0] % 3 == 0,
                            (codec, at, keyframe, data) -> checkFrame(codec, data));
                } catch (MalformedException expected) {
                    // The one way out.
                }
                if (time[0] % 11 == 0) {
                    depacketizer.gap(1);
                }
            }
        });
    }

    private static void checkFrame(Codec codec, Bytes data) {
        assertTrue(data.length() > 0);
        if (codec instanceof Codec.H264 || codec instanceof Codec.H265) {
            H264.nalUnits(data);
        }
        if (codec instanceof Codec.Av1) {
            Av1TemporalUnit.parse(data);
        }
    }
}
