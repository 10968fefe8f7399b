package tapedeck.peers;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What every parser has to stand: its samples whole, cut at every length, and damaged at random. Only
/// [MalformedException] may leave it, and a whole sample must pass.
public final class Fuzz {
    /// `-Dfuzz.seconds=…` for longer nights.
    private static final double SECONDS = Double.parseDouble(System.getProperty("fuzz.seconds", "2"));

    private static final double[] FLIP_RATES = {1e-5, 1e-4, 1e-3, 5e-3, 2e-2};
    private static final long[] LIES = {0, 1, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFFL, 0x8000_0000L, 0xFFFF_FFFFL
    };
    private static final int MAX_CUTS = 4000;
    /// What one input may allocate in all, beside 64 times its own length: what it only claims is bounded.
    private static final long MOST_BYTES = 16 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Fuzz() {}

    /// What the dearest inputs of one parser cost.
    private static final class Cost {
        private long mostNanos;
        private long mostBytes;

        void add(long nanos, long bytes, Bytes input, String how) {
            mostNanos = Math.max(mostNanos, nanos);
            mostBytes = Math.max(mostBytes, bytes);
            if (bytes > MOST_BYTES + 64L * input.length()) {
                throw new AssertionError(
                        "%s (%d bytes) allocated %d bytes: %s".formatted(how, input.length(), bytes, shown(input)));
            }
        }
    }

    /// @param good samples that the parser must take
    /// @param further anything that it must survive, as a starting point for damage
    public static void parser(List<Bytes> good, List<Bytes> further, Consumer<Bytes> parser) {
        good.forEach(parser);
        List<Bytes> seeds = new ArrayList<>(good);
        seeds.addAll(further);
        Cost cost = new Cost();
        long cuts = 0;
        for (Bytes seed : seeds) {
            int step = Math.max(1, seed.length() / MAX_CUTS);
            for (int length = 0; length <= seed.length(); length += step) {
                survive(parser, Bytes.wrap(seed.slice(0, length).toByteArray()), "cut at " + length, cost);
                cuts++;
            }
        }
        long runs = 0;
        long end = System.nanoTime() + (long) (SECONDS * 1e9);
        for (long number = 0; number == 0 || System.nanoTime() < end; number++, runs++) {
            Random random = new Random(number);
            Bytes seed = seeds.get(random.nextInt(seeds.size()));
            survive(parser, damaged(seed, random), "damage " + number, cost);
        }
        // `bench/faults fuzz` adds these lines up.
        System.out.printf(
                Locale.ROOT,
                "fuzz: %s: %d seeds, %d cuts, %d damaged, %d ms of CPU at most, %d KiB allocated at most%n",
                StackWalker.getInstance()
                        .walk(frames -> frames.skip(1).findFirst().orElseThrow().getClassName()),
                seeds.size(),
                cuts,
                runs,
                cost.mostNanos / 1_000_000,
                cost.mostBytes / 1024);
    }

    /// A copy with flipped bits, and in half of the cases with a lie written over 1, 2, 4 or 8 bytes, a part doubled or
    /// left out.
    public static Bytes damaged(Bytes sample, Random random) {
        byte[] array = sample.toByteArray();
        if (array.length == 0) {
            return sample;
        }
        double rate = FLIP_RATES[random.nextInt(FLIP_RATES.length)];
        long flips = 1 + Math.round(array.length * 8 * rate * random.nextDouble() * 2);
        if (random.nextBoolean()) {
            lie(array, random);
            flips--;
        }
        for (long i = 0; i < flips; i++) {
            array[random.nextInt(array.length)] ^= (byte) (1 << random.nextInt(8));
        }
        if (random.nextInt(4) == 0) {
            return spliced(array, random);
        }
        return Bytes.wrap(array);
    }

    private static void lie(byte[] array, Random random) {
        int size = 1 << random.nextInt(4);
        if (array.length < size) {
            return;
        }
        int at = random.nextInt(array.length - size + 1);
        long lie = LIES[random.nextInt(LIES.length)];
        if (random.nextInt(4) == 0) {
            lie = random.nextLong();
        }
        for (int i = 0; i < size; i++) {
            array[at + i] = (byte) (lie >> 8 * (size - 1 - i));
        }
    }

    private static Bytes spliced(byte[] array, Random random) {
        int from = random.nextInt(array.length);
        int to = from + random.nextInt(Math.min(64, array.length - from) + 1);
        boolean twice = random.nextBoolean();
        byte[] result = new byte[twice ? array.length + to - from : array.length - to + from];
        int head = twice ? to : from;
        System.arraycopy(array, 0, result, 0, head);
        int tail = twice ? from : to;
        System.arraycopy(array, tail, result, head, array.length - tail);
        return Bytes.wrap(result);
    }

    private static void survive(Consumer<Bytes> parser, Bytes input, String how, Cost cost) {
        long nanos = THREADS.getCurrentThreadCpuTime();
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        try {
            parser.accept(input);
        } catch (MalformedException expected) {
            // what a parser says of bad input
        } catch (RuntimeException | Error e) {
            throw new AssertionError("%s (%d bytes): %s".formatted(how, input.length(), shown(input)), e);
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        cost.add(THREADS.getCurrentThreadCpuTime() - nanos, allocated, input, how);
    }

    private static String shown(Bytes input) {
        return input.length() <= 2000 ? input.toHex() : input.slice(0, 2000).toHex() + "\u2026";
    }
}
