package tapedeck.protocol.webrtc;

import java.util.function.LongSupplier;

/// A bucket that holds `burst` turns and gets `perSecond` back each second.
final class RateLimit {
    private static final double SECOND_NANOS = 1e9;

    private final int burst;
    private final double perSecond;
    private final LongSupplier nanoClock;

    // Guarded by this.
    private double turns;
    private long lastNanos;

    RateLimit(int burst, double perSecond, LongSupplier nanoClock) {
        this.burst = burst;
        this.perSecond = perSecond;
        this.nanoClock = nanoClock;
        this.turns = burst;
        this.lastNanos = nanoClock.getAsLong();
    }

    /// Takes a turn; false if none is left.
    synchronized boolean take() {
        refill();
        if (turns < 1) {
            return false;
        }
        turns--;
        return true;
    }

    synchronized boolean isFull() {
        refill();
        return turns >= burst;
    }

    private void refill() {
        long now = nanoClock.getAsLong();
        turns = Math.min(burst, turns + (now - lastNanos) / SECOND_NANOS * perSecond);
        lastNanos = now;
    }
}
