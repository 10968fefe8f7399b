package tapedeck.relay;

import java.util.random.RandomGenerator;

/// How long to wait before the next try: 1 s after the first failure, twice as long after each further one, up to 30 s;
/// and a little more by chance, so that a hundred pulls do not return to a server in the same moment.
final class Backoff {
    static final long FIRST_NANOS = 1_000_000_000L;
    static final long LONGEST_NANOS = 30_000_000_000L;
    /// The chance part is at most so much of the rest.
    static final double JITTER = 0.25;

    private final RandomGenerator random;
    private final long firstNanos;
    private final long longestNanos;
    private long nextNanos;

    Backoff(RandomGenerator random) {
        this(random, FIRST_NANOS, LONGEST_NANOS);
    }

    Backoff(RandomGenerator random, long firstNanos, long longestNanos) {
        this.random = random;
        this.firstNanos = firstNanos;
        this.longestNanos = longestNanos;
        this.nextNanos = firstNanos;
    }

    long nextNanos() {
        long base = nextNanos;
        nextNanos = Math.min(2 * base, longestNanos);
        return Math.min((long) (base * (1 + random.nextDouble() * JITTER)), longestNanos);
    }

    /// The connection held for a while: the next failure is the first again.
    void reset() {
        nextNanos = firstNanos;
    }

    /// Nobody expects a change soon.
    void longest() {
        nextNanos = longestNanos;
    }
}
