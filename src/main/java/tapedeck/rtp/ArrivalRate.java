package tapedeck.rtp;

import java.util.Arrays;

/// How fast packets arrived when they arrived fastest, within the last second. A path that is full delivers at its own
/// rate, while a mean over time would count the pauses of the sender too.
final class ArrivalRate {
    /// Long enough that a few packets in a row do not look like a fast path.
    private static final int WINDOW_SLOTS = 4;

    private static final double SLOT_MILLIS = 50;
    private static final int SLOTS = 24;

    private final int[] bytes = new int[SLOTS];
    private long slot = Long.MIN_VALUE;

    void packet(int size, double arrivedMillis) {
        long at = (long) (arrivedMillis / SLOT_MILLIS);
        if (slot == Long.MIN_VALUE || Math.abs(at - slot) >= SLOTS) {
            Arrays.fill(bytes, 0);
            slot = at;
        }
        while (slot < at) {
            slot++;
            bytes[Math.floorMod(slot, SLOTS)] = 0;
        }
        bytes[Math.floorMod(at, SLOTS)] += size;
    }

    /// Over the best window; the slot that is being filled is left out.
    double bitsPerSecond() {
        if (slot == Long.MIN_VALUE) {
            return 0;
        }
        long best = 0;
        long window = 0;
        for (long at = slot - SLOTS + 1; at < slot; at++) {
            window += bytes[Math.floorMod(at, SLOTS)];
            if (at - WINDOW_SLOTS > slot - SLOTS) {
                window -= bytes[Math.floorMod(at - WINDOW_SLOTS, SLOTS)];
            }
            best = Math.max(best, window);
        }
        return best * 8.0 / (WINDOW_SLOTS * SLOT_MILLIS / 1_000);
    }
}
