package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.container.matroska.PackedFrames.Frame;

class PackedFramesTest {
    private static final long MILLI = 1_000_000;

    private static List<Frame> of(PackedFrames packed) {
        List<Frame> all = new ArrayList<>();
        PackedFrames.Reader reader = packed.open();
        while (reader.hasNext()) {
            all.add(reader.next());
        }
        return all;
    }

    @Test
    void whatGoesInComesOut() {
        Random random = new Random(7);
        PackedFrames packed = new PackedFrames(MILLI);
        List<Frame> frames = new ArrayList<>();
        frames.add(new Frame(0, 0, 0, Long.MIN_VALUE / 4, false));
        frames.add(new Frame(Long.MAX_VALUE / 4, Integer.MAX_VALUE, 0xFF06, Long.MAX_VALUE / 4, true));
        for (int i = 0; i < 20_000; i++) {
            frames.add(new Frame(
                    random.nextLong() >>> 2 + random.nextInt(60),
                    random.nextInt() >>> 1 + random.nextInt(30),
                    random.nextInt(4) == 0 ? random.nextInt(1 << 16) : 0,
                    (random.nextLong() >> 2 + random.nextInt(60)) * (random.nextBoolean() ? MILLI >> 6 : 1),
                    random.nextBoolean()));
        }
        frames.forEach(packed::add);
        assertEquals(frames.size(), packed.count());
        assertEquals(frames, of(packed));
        assertEquals(frames, of(packed), "and again");
    }

    /// Thirty pictures a second of a call of fifty, at 500 kbit/s each.
    @Test
    void aFrameOfACallTakesSevenBytes() {
        Random random = new Random(8);
        PackedFrames packed = new PackedFrames(MILLI);
        long bytes = 0;
        long at = 0;
        int count = 200_000;
        for (int i = 0; i < count; i++) {
            int size = 500 + random.nextInt(3_500);
            at += size + random.nextInt(150_000);
            bytes += packed.add(new Frame(at, size, 0, i * 100L / 3 * MILLI, i % 60 == 0));
        }
        assertTrue(bytes <= 7.0 * count, "%.2f bytes a frame".formatted((double) bytes / count));
    }
}
