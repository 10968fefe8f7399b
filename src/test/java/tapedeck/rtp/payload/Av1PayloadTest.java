package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Obu;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;

class Av1PayloadTest {
    private static final PayloadFormat AV1 = new PayloadFormat(99, "AV1", 90_000, 1);

    private static List<Bytes> payloads(Frame frame, int maxPayloadBytes) {
        List<Bytes> payloads = new ArrayList<>();
        Packetizer.of(frame.track().codec(), maxPayloadBytes)
                .packetize(frame, (header, body, marker) -> payloads.add(Packetizer.joined(header, body)));
        return payloads;
    }

    private static List<Bytes> feed(Depacketizer depacketizer, List<Bytes> payloads, long timestamp) {
        List<Bytes> out = new ArrayList<>();
        for (int i = 0; i < payloads.size(); i++) {
            depacketizer.packet(
                    payloads.get(i), timestamp, i == payloads.size() - 1, (codec, at, keyframe, data) -> out.add(data));
        }
        return out;
    }

    /// An OBU with a size.
    private static Bytes obu(int type, int extension, Bytes payload) {
        ByteWriter out = new ByteWriter().u8(type << 3 | 2 | (extension >= 0 ? 4 : 0));
        if (extension >= 0) {
            out.u8(extension);
        }
        byte[] size = new byte[Obu.leb128Bytes(payload.length())];
        Obu.putLeb128(payload.length(), size, 0);
        return out.bytes(size).bytes(payload).toBytes();
    }

    private static Frame frame(boolean keyframe, Bytes... obus) {
        Codec codec = TestMedia.av1(1).getFirst().track().codec();
        ByteWriter data = new ByteWriter();
        List.of(obus).forEach(data::bytes);
        return new Frame(new Track(1, codec), 0, 0, keyframe, data.toBytes());
    }

    private static Bytes random(int length) {
        byte[] bytes = new byte[length];
        new java.util.Random(length).nextBytes(bytes);
        return Bytes.wrap(bytes);
    }

    @Test
    void everyPayloadButTheLastEndsInsideAnObu() {
        for (int size : new int[] {64, 65, 66, 67, 100, 1180}) {
            for (Frame frame : TestMedia.av1(1).subList(0, 10)) {
                List<Bytes> payloads = payloads(frame, size);
                for (int i = 0; i < payloads.size(); i++) {
                    int head = payloads.get(i).u8(0);
                    assertEquals(i > 0, (head & 0x80) != 0, "goes on from the last one");
                    assertEquals(i < payloads.size() - 1, (head & 0x40) != 0, "goes on in the next one");
                    assertEquals(i == 0 && frame.keyframe(), (head & 0x08) != 0, "a new coded video sequence");
                }
            }
        }
    }

    @Test
    void manyObusOfAnySizeComeOutAsTheyWentIn() {
        Bytes sequence = TestMedia.av1(1).getFirst().data();
        Bytes first = Obu.read(sequence).whole();
        for (int size = 1; size < 300; size++) {
            // Key frame header, tile groups, metadata: all that the order of OBUs allows in one unit.
            Frame frame = frame(
                    true,
                    first,
                    obu(5, -1, random(size % 7)),
                    obu(Obu.FRAME_HEADER, -1, Bytes.ofU8(0x10, 1, 2)),
                    obu(4, -1, random(size)),
                    obu(4, -1, random(300 - size)),
                    obu(4, -1, random(1)));
            Depacketizer depacketizer = Depacketizer.of(AV1);
            assertEquals(List.of(frame.data()), feed(depacketizer, payloads(frame, 64 + size % 5), size));
        }
    }

    @Test
    void layersDoNotShareAPayload() {
        Bytes first = Obu.read(TestMedia.av1(1).getFirst().data()).whole();
        Frame frame = frame(
                true,
                first,
                obu(Obu.FRAME, 0x00, Bytes.ofU8(0x10, 1)),
                obu(Obu.FRAME, 0x08, random(40)),
                obu(Obu.FRAME, 0x10, random(50)));
        List<Bytes> payloads = payloads(frame, 1180);
        assertEquals(3, payloads.size());
        for (Bytes payload : payloads) {
            assertEquals(0, payload.u8(0) & 0xC0, "whole OBUs");
        }
        Depacketizer depacketizer = Depacketizer.of(AV1);
        assertEquals(List.of(frame.data()), feed(depacketizer, payloads, 1));
    }

    /// Browsers that have no dependency descriptor wait for the end of whatever began with a whole OBU.
    @Test
    void aWholePictureIsCutAsIfItHadOneLayer() {
        Bytes first = Obu.read(TestMedia.av1(1).getFirst().data()).whole();
        Frame frame = frame(
                true,
                first,
                obu(Obu.FRAME, 0x00, Bytes.ofU8(0x10, 1, 2, 3)),
                obu(Obu.FRAME, 0x08, random(900)),
                obu(Obu.FRAME, 0x10, random(2_000)));
        List<Bytes> payloads = new ArrayList<>();
        Packetizer.ofWholePictures(frame.track().codec(), 300)
                .packetize(frame, (header, body, marker) -> payloads.add(Packetizer.joined(header, body)));
        for (int i = 0; i < payloads.size(); i++) {
            assertEquals(i > 0, (payloads.get(i).u8(0) & 0x80) != 0, "goes on from the last one");
        }
        assertEquals(List.of(frame.data()), feed(Depacketizer.of(AV1), payloads, 1));
    }

    @Test
    void whatMeansNothingToAFileStaysBehind() {
        Bytes first = Obu.read(TestMedia.av1(1).getFirst().data()).whole();
        Bytes picture = obu(Obu.FRAME, -1, Bytes.ofU8(0x10, 1));
        Frame frame = frame(
                true, obu(Obu.TEMPORAL_DELIMITER, -1, Bytes.EMPTY), first, obu(Obu.PADDING, -1, random(9)), picture);
        Bytes kept = frame(true, first, picture).data();
        assertEquals(List.of(kept), feed(Depacketizer.of(AV1), payloads(frame, 1180), 1));
        // And from senders that leave it in: elements with OBU sizes, W 0.
        ByteWriter all = new ByteWriter().u8(0x08);
        for (Bytes rest = frame.data(); !rest.isEmpty(); ) {
            Bytes obu = Obu.read(rest).whole();
            all.u8(obu.length()).bytes(obu);
            rest = rest.slice(obu.length());
        }
        assertEquals(List.of(kept), feed(Depacketizer.of(AV1), List.of(all.toBytes()), 1));
    }

    @Test
    void aKeyframeWithoutItsSequenceHeaderGetsTheCodecsOne() {
        Frame key = TestMedia.av1(1).getFirst();
        Bytes sequence = ((Codec.Av1) key.track().codec()).sequenceHeader();
        int length = Obu.read(key.data()).whole().length();
        assertEquals(sequence, key.data().slice(0, length));
        Frame bare = new Frame(key.track(), 0, 0, true, key.data().slice(length));
        assertEquals(List.of(key.data()), feed(Depacketizer.of(AV1), payloads(bare, 500), 0));
    }

    @Test
    void payloadsThatLieAreMalformedAndCostTheirFrame() {
        List<Frame> media = TestMedia.av1(1);
        for (String hex : List.of(
                "90 30",
                "00",
                "10",
                "20 05 30 00",
                "20 01 30",
                "00 ff",
                "00 05 30",
                "10 b000",
                "10 34",
                "10 32 05 00",
                "00 ffffffffffffffffff")) {
            Depacketizer depacketizer = Depacketizer.of(AV1);
            feed(depacketizer, payloads(media.getFirst(), 1180), 0);
            assertFalse(depacketizer.needsKeyframe());
            assertThrows(
                    MalformedException.class,
                    () -> feed(depacketizer, List.of(Bytes.ofHex(hex.replace(" ", ""))), 1),
                    hex);
            assertTrue(depacketizer.needsKeyframe(), hex);
            assertEquals(1, depacketizer.missingFrames());
        }
        // A fragment that never ends.
        Depacketizer depacketizer = Depacketizer.of(AV1);
        feed(depacketizer, payloads(media.getFirst(), 1180), 0);
        assertThrows(
                MalformedException.class,
                () -> feed(depacketizer, List.of(Bytes.ofHex("50300102"), Bytes.ofHex("10300102")), 1));
    }

    @Test
    void moreObusOrBytesThanTheLimitAreMalformed() {
        Depacketizer depacketizer = Depacketizer.of(AV1);
        ByteWriter many = new ByteWriter().u8(0);
        for (int i = 0; i <= Units.MAX_UNITS; i++) {
            many.u8(2).u8(0x28).u8(1);
        }
        assertThrows(MalformedException.class, () -> feed(depacketizer, List.of(many.toBytes()), 1));
        byte[] part = new byte[60_000];
        part[0] = 0x50;
        part[1] = 0x30;
        List<Bytes> parts = new ArrayList<>(List.of(Bytes.wrap(part)));
        byte[] more = new byte[60_000];
        more[0] = (byte) 0xD0;
        for (int bytes = 0; bytes <= Pieces.MAX_FRAME_BYTES; bytes += more.length - 1) {
            parts.add(Bytes.wrap(more));
        }
        assertThrows(MalformedException.class, () -> feed(Depacketizer.of(AV1), parts, 1));
    }

    @Test
    void numbersAreWrittenAsTheyAreRead() {
        for (int value : new int[] {0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, Integer.MAX_VALUE}) {
            byte[] out = new byte[8];
            int end = Obu.putLeb128(value, out, 0);
            assertEquals(Obu.leb128Bytes(value), end);
            ByteReader in = Bytes.wrap(out).reader();
            assertEquals(value, Obu.leb128(in));
            assertEquals(end, in.position());
        }
    }
}
