package tapedeck.rtp;

import java.util.Arrays;

/// The latest numbers that were given up, and since when each was missing. Takes room only where something was.
final class AbandonedPackets {
    static final long NEVER = Long.MIN_VALUE;
    private static final int PLACES = JitterBuffer.MAX_PACKETS;

    private long[] sequences = {};
    private long[] sinceNanos = {};

    void add(long sequence, long missingSinceNanos) {
        if (sequences.length == 0) {
            sequences = new long[PLACES];
            sinceNanos = new long[PLACES];
            Arrays.fill(sequences, NEVER);
        }
        sequences[place(sequence)] = sequence;
        sinceNanos[place(sequence)] = missingSinceNanos;
    }

    /// Since when this one was missing, which is told once; [#NEVER] if it was not given up.
    long take(long sequence) {
        if (sequences.length == 0 || sequences[place(sequence)] != sequence) {
            return NEVER;
        }
        sequences[place(sequence)] = NEVER;
        return sinceNanos[place(sequence)];
    }

    void clear() {
        Arrays.fill(sequences, NEVER);
    }

    private static int place(long sequence) {
        return (int) sequence & PLACES - 1;
    }
}
