package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Seeded mutation of good and bad samples: bit flips at graded rates, lies in 8 and 16 bits, cuts. Only
/// [MalformedException] may leave a parser.
public final class Mutations {
    private static final double[] FLIP_RATES = {1e-5, 1e-4, 1e-3, 5e-3, 2e-2};
    private static final int[] LIES = {0, 1, 2, 3, 4, 7, 8, 12, 127, 128, 254, 255};

    private Mutations() {}

    /// Feeds mutated samples to the parser for about `millis`, and each sample cut at every length before that.
    public static void run(long seed, long millis, List<Bytes> samples, Consumer<Bytes> parser) {
        for (Bytes sample : samples) {
            for (int length = 0; length <= Math.min(sample.length(), 4096); length++) {
                feed(Bytes.wrap(sample.slice(0, length).toByteArray()), parser);
            }
        }
        Random random = new Random(seed);
        long end = System.nanoTime() + millis * 1_000_000;
        while (System.nanoTime() < end) {
            for (Bytes sample : samples) {
                feed(mutate(sample, random), parser);
            }
        }
    }

    /// One mutated copy.
    public static Bytes mutate(Bytes sample, Random random) {
        byte[] bytes = sample.toByteArray();
        if (bytes.length == 0) {
            return sample;
        }
        switch (random.nextInt(4)) {
            case 0 -> flip(bytes, FLIP_RATES[random.nextInt(FLIP_RATES.length)], random);
            case 1 -> {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    bytes[random.nextInt(bytes.length)] = (byte) LIES[random.nextInt(LIES.length)];
                }
            }
            case 2 -> {
                int at = random.nextInt(bytes.length);
                bytes[at] = (byte) random.nextInt();
                if (at + 1 < bytes.length) {
                    bytes[at + 1] = (byte) random.nextInt();
                }
            }
            default -> {
                flip(bytes, 1e-2, random);
                return Bytes.wrap(bytes, 0, random.nextInt(bytes.length + 1));
            }
        }
        return Bytes.wrap(bytes);
    }

    private static void flip(byte[] bytes, double rate, Random random) {
        int flips = (int) Math.max(1, Math.round(bytes.length * 8 * rate));
        for (int i = 0; i < flips; i++) {
            int bit = random.nextInt(bytes.length * 8);
            bytes[bit >> 3] ^= (byte) (1 << (bit & 7));
        }
    }

    private static void feed(Bytes input, Consumer<Bytes> parser) {
        try {
            parser.accept(input);
        } catch (MalformedException expected) {
            // The one way out for bad input.
        } catch (RuntimeException | StackOverflowError e) {
            fail("input " + HexFormat.of().formatHex(input.toByteArray()), e);
        }
    }
}
