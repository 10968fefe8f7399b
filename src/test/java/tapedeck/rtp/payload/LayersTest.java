package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.vp9.Vp9Header;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

/// Temporal and spatial layers: what a loss costs, and what becomes one frame.
class LayersTest {
    private static final PayloadFormat VP8 = new PayloadFormat(97, "VP8", 90_000, 1);
    private static final PayloadFormat VP9 = new PayloadFormat(98, "VP9", 90_000, 1);

    /// The layers of four pictures: base, top, middle, top. As browsers send three layers.
    private static final int[] TEMPORAL = {0, 2, 1, 2};

    /// Pictures of one packet each; `lost` never come, and a gap is told for each.
    private static Set<Integer> received(Depacketizer depacketizer, List<Bytes> pictures, Set<Integer> lost) {
        Set<Integer> received = new TreeSet<>();
        for (int i = 0; i < pictures.size(); i++) {
            if (lost.contains(i)) {
                depacketizer.gap(1);
            } else {
                depacketizer.packet(
                        pictures.get(i), i, true, (codec, timestamp, keyframe, data) -> received.add((int) timestamp));
            }
        }
        return received;
    }

    private static Set<Integer> allBut(int count, Integer... missing) {
        Set<Integer> all = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            all.add(i);
        }
        all.removeAll(List.of(missing));
        return all;
    }

    /// VP8 with TL0PICIDX, TID and Y; pictures 1 and 2 of every eight are sync points of their layers.
    private static List<Bytes> vp8() {
        List<Frame> frames = TestMedia.vp8(1);
        List<Bytes> out = new ArrayList<>();
        int tl0 = 250;
        for (int i = 0; i < frames.size(); i++) {
            int layer = TEMPORAL[i % 4];
            tl0 += layer == 0 ? 1 : 0;
            boolean sync = i % 8 == 1 || i % 8 == 2;
            out.add(new ByteWriter()
                    .u8(0x90)
                    .u8(0xE0)
                    .u16(0x8000 | (0x7FFE + i & 0x7FFF))
                    .u8(tl0 & 0xFF)
                    .u8(layer << 6 | (sync ? 0x20 : 0))
                    .bytes(frames.get(i).data())
                    .toBytes());
        }
        return out;
    }

    /// VP9 in the non-flexible mode, with a switching point at every eighth base picture.
    private static List<Bytes> vp9() {
        List<Frame> frames = TestMedia.vp9(1);
        List<Bytes> out = new ArrayList<>();
        int tl0 = 250;
        for (int i = 0; i < frames.size(); i++) {
            int layer = TEMPORAL[i % 4];
            tl0 += layer == 0 ? 1 : 0;
            out.add(new ByteWriter()
                    .u8(0xAC | (i == 0 ? 0 : 0x40))
                    .u16(0x8000 | i)
                    .u8(layer << 5 | (i % 8 == 0 ? 0x10 : 0))
                    .u8(tl0 & 0xFF)
                    .bytes(frames.get(i).data())
                    .toBytes());
        }
        return out;
    }

    /// VP9 in the flexible mode: each picture depends on the last base picture only.
    private static List<Bytes> vp9Flexible() {
        List<Frame> frames = TestMedia.vp9(1);
        List<Bytes> out = new ArrayList<>();
        for (int i = 0; i < frames.size(); i++) {
            int layer = TEMPORAL[i % 4];
            int reference = i % 4 == 0 ? 4 : i % 4;
            ByteWriter picture = new ByteWriter()
                    .u8(0xBC | (i == 0 ? 0 : 0x40))
                    .u16(0x8000 | (0x7FF0 + i & 0x7FFF))
                    .u8(layer << 5);
            if (i > 0) {
                picture.u8(reference << 1);
            }
            out.add(picture.bytes(frames.get(i).data()).toBytes());
        }
        return out;
    }

    @Test
    void withoutLossEveryPictureComesOut() {
        assertEquals(allBut(30), received(Depacketizer.of(VP8), vp8(), Set.of()));
        assertEquals(allBut(30), received(Depacketizer.of(VP9), vp9(), Set.of()));
        assertEquals(allBut(30), received(Depacketizer.of(VP9), vp9Flexible(), Set.of()));
    }

    @Test
    void aLostPictureOfAHigherLayerCostsThatLayerUpToItsNextStart() {
        Depacketizer vp8 = Depacketizer.of(VP8);
        // Picture 3 (top): the top layer begins again at 9, the middle one at 10.
        assertEquals(allBut(30, 3, 5, 6, 7), received(vp8, vp8(), Set.of(3)));
        assertEquals(4, vp8.missingFrames());
        assertFalse(vp8.needsKeyframe());
        Depacketizer vp9 = Depacketizer.of(VP9);
        assertEquals(allBut(30, 3, 5, 6, 7), received(vp9, vp9(), Set.of(3)));
        assertFalse(vp9.needsKeyframe());
    }

    @Test
    void aLostBasePictureCostsAllUpToTheNextKeyframe() {
        for (List<Bytes> pictures : List.of(vp8(), vp9(), vp9Flexible())) {
            Depacketizer depacketizer = Depacketizer.of(pictures.equals(vp8()) ? VP8 : VP9);
            assertEquals(Set.of(0, 1, 2, 3), received(depacketizer, pictures, Set.of(4)));
            assertTrue(depacketizer.needsKeyframe());
            assertEquals(26, depacketizer.missingFrames());
        }
    }

    @Test
    void picturesThatNameTheirReferencesAreHandedOnWhereTheseAreThere() {
        Depacketizer depacketizer = Depacketizer.of(VP9);
        assertEquals(allBut(30, 3, 5, 6), received(depacketizer, vp9Flexible(), Set.of(3, 5, 6)));
        assertFalse(depacketizer.needsKeyframe());
        assertEquals(3, depacketizer.missingFrames());
    }

    @Test
    void aLossOfMorePacketsThanTheCountCanTellAsksForAKeyframe() {
        Depacketizer depacketizer = Depacketizer.of(VP8);
        received(depacketizer, vp8().subList(0, 4), Set.of());
        depacketizer.gap(LayerLoss.MAX_LOST_PACKETS);
        assertFalse(depacketizer.needsKeyframe());
        depacketizer.gap(1);
        assertTrue(depacketizer.needsKeyframe());
    }

    @Test
    void aLayerThatNeverBeginsAgainAsksForAKeyframe() {
        List<Bytes> pictures = vp8();
        Depacketizer depacketizer = Depacketizer.of(VP8);
        received(depacketizer, pictures.subList(0, 3), Set.of());
        depacketizer.gap(1);
        Bytes top = pictures.get(3);
        byte[] again = top.toByteArray();
        // Not the direct successor of the last one: then nothing but padding would have been lost.
        again[3]++;
        for (int i = 0; i <= LayerLoss.MAX_LEFT_OUT; i++) {
            assertFalse(depacketizer.needsKeyframe(), "left out: " + i);
            depacketizer.packet(Bytes.wrap(again.clone()), 100 + i, true, (codec, timestamp, keyframe, data) -> {
                throw new AssertionError("nothing of this layer can be decoded");
            });
            again[3]++;
        }
        assertTrue(depacketizer.needsKeyframe());
    }

    /// A picture of these spatial layers, each in two packets.
    private static List<Bytes> spatial(int pictureId, List<Bytes> layers, boolean keyframe, boolean structure) {
        List<Bytes> out = new ArrayList<>();
        for (int s = 0; s < layers.size(); s++) {
            Bytes data = layers.get(s);
            int half = data.length() / 2;
            int head = 0xA0 | (keyframe ? 0 : 0x40);
            boolean said = structure && s == 0;
            ByteWriter first = new ByteWriter()
                    .u8(head | 0x08 | (said ? 0x02 : 0))
                    .u16(0x8000 | pictureId)
                    .u8(s << 1 | (s > 0 ? 1 : 0))
                    .u8(pictureId);
            if (said) {
                first.u8(0x58).u16(80).u16(45).u16(160).u16(90).u16(320).u16(180);
                first.u8(2).u8(0x14).u8(1).u8(0x00);
            }
            out.add(first.bytes(data.slice(0, half)).toBytes());
            out.add(new ByteWriter()
                    .u8(head | 0x04)
                    .u16(0x8000 | pictureId)
                    .u8(s << 1)
                    .u8(pictureId)
                    .bytes(data.slice(half))
                    .toBytes());
        }
        return out;
    }

    @Test
    void allSpatialLayersOfAPictureAreOneSuperframe() {
        List<Frame> media = TestMedia.vp9(1);
        List<Bytes> layers =
                List.of(media.get(0).data(), media.get(1).data(), media.get(2).data());
        Depacketizer depacketizer = Depacketizer.of(VP9);
        List<Bytes> out = new ArrayList<>();
        List<Codec> codecs = new ArrayList<>();
        List<Bytes> packets = spatial(7, layers, true, true);
        for (int i = 0; i < packets.size(); i++) {
            depacketizer.packet(packets.get(i), 9, i == packets.size() - 1, (codec, timestamp, keyframe, data) -> {
                assertTrue(keyframe);
                codecs.add(codec);
                out.add(data);
            });
        }
        ByteWriter expected = new ByteWriter();
        layers.forEach(expected::bytes);
        // VP9 bitstream specification, annex B.2: three frames, sizes of four bytes.
        expected.u8(0b110_11_010);
        layers.forEach(layer -> expected.u32Le(layer.length()));
        expected.u8(0b110_11_010);
        assertEquals(List.of(expected.toBytes()), out);
        // The keyframe inside is the lowest layer; the size is that of the highest.
        assertEquals(List.of(new Codec.Vp9(0, 8, 320, 180)), codecs);
    }

    @Test
    void aPictureWithoutItsLowestLayerIsNotHandedOn() {
        List<Frame> media = TestMedia.vp9(1);
        List<Bytes> layers = List.of(media.get(0).data(), media.get(1).data());
        Depacketizer depacketizer = Depacketizer.of(VP9);
        List<Long> out = new ArrayList<>();
        Depacketizer.Sink sink = (codec, timestamp, keyframe, data) -> out.add(timestamp);
        List<Bytes> first = spatial(0, layers, true, true);
        first.forEach(packet -> depacketizer.packet(packet, 0, packet.equals(first.getLast()), sink));
        List<Bytes> second = spatial(1, layers, false, false);
        depacketizer.gap(2);
        depacketizer.packet(second.get(2), 1, false, sink);
        depacketizer.packet(second.get(3), 1, true, sink);
        List<Bytes> third = spatial(2, layers, true, true);
        third.forEach(packet -> depacketizer.packet(packet, 2, packet.equals(third.getLast()), sink));
        assertEquals(List.of(0L, 2L), out);
    }

    @Test
    void moreLayersThanASuperframeHoldsAreMalformed() {
        Bytes data = TestMedia.vp9(1).getFirst().data();
        assertTrue(Vp9Header.parse(data).keyframe());
        Depacketizer depacketizer = Depacketizer.of(VP9);
        Depacketizer.Sink sink = (codec, timestamp, keyframe, frame) -> {};
        Bytes packet = new ByteWriter().u8(0x88).u16(0x8001).bytes(data).toBytes();
        for (int i = 0; i < Vp9Depacketizer.MAX_LAYERS; i++) {
            depacketizer.packet(packet, 5, false, sink);
        }
        assertThrows(MalformedException.class, () -> depacketizer.packet(packet, 5, false, sink));
    }
}
