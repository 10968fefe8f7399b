package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

class FrameReaderTest {
    private final List<Bytes> frames = new ArrayList<>();
    private final FrameReader reader =
            new FrameReader((bytes, length) -> frames.add(Bytes.wrap(Arrays.copyOf(bytes, length))));

    private void read(Bytes bytes) {
        reader.read(Unpooled.wrappedBuffer(bytes.toByteArray()));
    }

    private static ByteWriter frame(ByteWriter out, int length, int fill) {
        byte[] content = new byte[length];
        Arrays.fill(content, (byte) fill);
        return out.u16(length).bytes(content);
    }

    private static Bytes threeFrames() {
        ByteWriter out = new ByteWriter();
        frame(out, 1, 1);
        frame(out, 0, 0);
        frame(out, FrameReader.MAX_FRAME_BYTES, 2);
        return frame(out, 300, 3).toBytes();
    }

    private void assertThreeFrames() {
        assertEquals(
                List.of(1, FrameReader.MAX_FRAME_BYTES, 300),
                frames.stream().map(Bytes::length).toList());
        assertEquals(
                List.of(1, 2, 3), frames.stream().map(f -> f.u8(f.length() - 1)).toList());
    }

    @Test
    void framesComeOutHoweverTheStreamIsCut() {
        Bytes stream = threeFrames();
        read(stream);
        assertThreeFrames();
        frames.clear();
        for (int i = 0; i < stream.length(); i++) {
            read(stream.slice(i, i + 1));
        }
        assertThreeFrames();
        for (int cut = 0; cut <= stream.length(); cut++) {
            frames.clear();
            read(stream.slice(0, cut));
            read(stream.slice(cut));
            assertThreeFrames();
        }
    }

    @Test
    void whatIsLongerThanADatagramIsRefusedBeforeItIsRead() {
        read(new ByteWriter().u16(FrameReader.MAX_FRAME_BYTES).toBytes());
        FrameReader other = new FrameReader((_, _) -> {});
        Bytes tooLong = new ByteWriter().u16(FrameReader.MAX_FRAME_BYTES + 1).toBytes();
        assertThrows(MalformedException.class, () -> other.read(Unpooled.wrappedBuffer(tooLong.toByteArray())));
    }

    @Test
    void nothingButMalformedAndNoLongerFrameLeavesUnderFuzz() {
        Random random = new Random(4571);
        int taken = 0;
        for (int run = 0; run < 30_000; run++) {
            byte[] stream = new byte[random.nextInt(400)];
            random.nextBytes(stream);
            if (run % 2 == 0) {
                // Lengths that a peer would send.
                for (int at = 0; at + 1 < stream.length; at += 2 + random.nextInt(60)) {
                    stream[at] = 0;
                }
            }
            int[] count = {0};
            FrameReader fuzzed = new FrameReader((bytes, length) -> {
                assertTrue(length > 0 && length <= bytes.length, "frame of " + length);
                count[0]++;
            });
            try {
                int cut = random.nextInt(stream.length + 1);
                fuzzed.read(Unpooled.wrappedBuffer(stream, 0, cut));
                fuzzed.read(Unpooled.wrappedBuffer(stream, cut, stream.length - cut));
            } catch (MalformedException expected) {
                // The only way out.
            }
            taken += count[0];
        }
        assertTrue(taken > 10_000, "frames were found: " + taken);
    }
}
