package tapedeck.rtp.payload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.peers.TestMedia;

class RedPayloadTest {
    private static final PayloadFormat OPUS = new PayloadFormat(111, "opus", 48_000, 2);
    private static final int TICKS = 960;

    private record Out(long timestamp, Bytes data) {}

    /// The packet of frame `index` with the `distance` ones before it, as Chromium writes it.
    private static Bytes red(List<Frame> frames, int index, int distance) {
        ByteWriter out = new ByteWriter();
        int first = Math.max(0, index - distance);
        for (int i = first; i < index; i++) {
            out.u32(0x80L << 24
                    | 111L << 24
                    | (long) (index - i) * TICKS << 10
                    | frames.get(i).data().length());
        }
        out.u8(111);
        for (int i = first; i <= index; i++) {
            out.bytes(frames.get(i).data());
        }
        return out.toBytes();
    }

    private static List<Out> receive(List<Frame> frames, int distance, List<Integer> lost, long[] missing) {
        Depacketizer plain = Depacketizer.of(OPUS);
        Depacketizer red = Depacketizer.red(OPUS, plain);
        List<Out> out = new ArrayList<>();
        int gap = 0;
        for (int i = 0; i < frames.size(); i++) {
            if (lost.contains(i)) {
                gap++;
                continue;
            }
            if (gap > 0) {
                plain.gap(gap);
                gap = 0;
            }
            Depacketizer.Sink sink = (codec, timestamp, keyframe, data) -> out.add(new Out(timestamp, data));
            // Every seventh comes without redundancy: browsers mix both.
            if (i % 7 == 6) {
                plain.packet(frames.get(i).data(), (long) i * TICKS, false, sink);
            } else {
                red.packet(red(frames, i, distance), (long) i * TICKS, false, sink);
            }
        }
        missing[0] = red.missingFrames();
        return out;
    }

    private static List<Out> expected(List<Frame> frames, List<Integer> missing) {
        List<Out> out = new ArrayList<>();
        for (int i = 0; i < frames.size(); i++) {
            if (!missing.contains(i)) {
                out.add(new Out((long) i * TICKS, frames.get(i).data()));
            }
        }
        return out;
    }

    @Test
    void blocksAreTakenApart() {
        // RFC 2198 4: three headers of one PCM and two others, here with data of 2, 0 and 3 bytes.
        Bytes payload = Bytes.ofHex("ef 0f 00 02 ef 07 80 00 6f aabb ccddee");
        assertEquals(
                List.of(
                        new RedPayload.Block(111, 960, Bytes.ofHex("aabb")),
                        new RedPayload.Block(111, 480, Bytes.EMPTY),
                        new RedPayload.Block(111, 0, Bytes.ofHex("ccddee"))),
                RedPayload.parse(payload));
        assertEquals(List.of(new RedPayload.Block(5, 0, Bytes.EMPTY)), RedPayload.parse(Bytes.ofU8(5)));
        assertEquals(
                List.of(
                        new RedPayload.Block(0, 0x3FFF, Bytes.wrap(new byte[1023])),
                        new RedPayload.Block(127, 0, Bytes.EMPTY)),
                RedPayload.parse(
                        new ByteWriter().u32(0x80FF_FFFFL).u8(127).zeros(1023).toBytes()));
    }

    @Test
    void payloadsThatLieAreMalformed() {
        for (String hex : List.of("", "ef", "ef0f00", "ef0f0002", "ef0f0002 6f", "ef0f0002 6f aa", "efffffff 6f")) {
            assertThrows(MalformedException.class, () -> RedPayload.parse(Bytes.ofHex(hex)), hex);
        }
    }

    @Test
    void moreBlocksThanTheLimitAreMalformed() {
        ByteWriter out = new ByteWriter();
        for (int i = 1; i < RedPayload.MAX_BLOCKS; i++) {
            out.u32(0xEF00_0000L);
        }
        Bytes most = out.toBytes();
        assertEquals(
                RedPayload.MAX_BLOCKS,
                RedPayload.parse(new ByteWriter().bytes(most).u8(111).toBytes()).size());
        Bytes tooMany = new ByteWriter().bytes(most).u32(0xEF00_0000L).u8(111).toBytes();
        assertThrows(MalformedException.class, () -> RedPayload.parse(tooMany));
    }

    @Test
    void withoutLossEachFrameIsHandedOnOnce() {
        List<Frame> frames = TestMedia.opus(1);
        long[] missing = {0};
        assertEquals(expected(frames, List.of()), receive(frames, 2, List.of(), missing));
        assertEquals(0, missing[0]);
    }

    @Test
    void whatWasLostComesFromTheNextPacketsWithItsOwnTime() {
        List<Frame> frames = TestMedia.opus(1);
        long[] missing = {0};
        assertEquals(
                expected(frames, List.of()), receive(frames, 2, List.of(3, 8, 9, 15, 17, 22, 24, 30, 31), missing));
        assertEquals(0, missing[0]);
    }

    @Test
    void whatNoPacketRepeatsStaysLost() {
        List<Frame> frames = TestMedia.opus(1);
        long[] missing = {0};
        // Three in a row with two repeats, and one whose next packet comes without redundancy.
        assertEquals(expected(frames, List.of(21, 33)), receive(frames, 2, List.of(21, 22, 23, 33), missing));
        assertEquals(2, missing[0]);
    }

    @Test
    void aDamagedRepeatCostsOnlyItself() {
        Depacketizer plain = Depacketizer.of(OPUS);
        Depacketizer red = Depacketizer.red(OPUS, plain);
        List<Out> out = new ArrayList<>();
        Depacketizer.Sink sink = (codec, timestamp, keyframe, data) -> out.add(new Out(timestamp, data));
        plain.packet(Bytes.ofHex("08aa"), 0, false, sink);
        plain.gap(1);
        // The repeat is an Opus packet of code 3 with 0 frames.
        red.packet(Bytes.ofHex("ef 0f 00 02 6f 0b00 08bb"), 1920, false, sink);
        assertEquals(List.of(new Out(0, Bytes.ofHex("08aa")), new Out(1920, Bytes.ofHex("08bb"))), out);
        assertEquals(1, plain.missingFrames());
        // Another codec inside is passed over.
        red.packet(Bytes.ofHex("0d 00"), 2880, false, sink);
        assertEquals(2, out.size());
    }

    @Test
    void nothingButMalformedLeavesTheParser() {
        List<Frame> frames = TestMedia.opus(1);
        List<Bytes> good = List.of(red(frames, 0, 1), red(frames, 9, 1), red(frames, 9, 2), red(frames, 30, 9));
        Depacketizer plain = Depacketizer.of(OPUS);
        Depacketizer red = Depacketizer.red(OPUS, plain);
        long[] last = {Long.MIN_VALUE};
        long[] now = {0};
        Fuzz.parser(good, List.of(), bytes -> {
            List<RedPayload.Block> blocks = RedPayload.parse(bytes);
            assertTrue(blocks.stream().mapToInt(block -> block.data().length()).sum() < bytes.length());
            now[0] += TICKS;
            if (now[0] % 3 == 0) {
                plain.gap(2);
            }
            red.packet(bytes, now[0], false, (codec, timestamp, keyframe, data) -> {
                assertTrue(timestamp > last[0], "each once, in order");
                last[0] = timestamp;
            });
        });
    }
}
