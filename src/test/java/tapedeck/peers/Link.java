package tapedeck.peers;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/// One direction between one client and the server: decides what becomes of each datagram, and when. It knows no clock
/// and no socket, so the same seed and the same arrivals make the same fates.
final class Link {
    private static final long SEGMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Random random;
    private final Tally tally;
    private boolean bursting;
    private long busyUntilNanos = Long.MIN_VALUE;
    private long lastDueNanos = Long.MIN_VALUE;
    private long segmentEndNanos = Long.MIN_VALUE;
    private double segmentFrom;
    private double segmentTo;

    Link(long seed, Tally tally) {
        this.random = new Random(seed);
        this.tally = tally;
    }

    /// How often what happened, over all clients of a direction; written by one thread, read by all.
    static final class Tally {
        private final AtomicLongArray counts = new AtomicLongArray(Relay.Fate.values().length);

        void count(Relay.Fate fate) {
            counts.setRelease(fate.ordinal(), counts.get(fate.ordinal()) + 1);
        }

        long of(Relay.Fate fate) {
            return counts.get(fate.ordinal());
        }
    }

    @FunctionalInterface
    interface Arrivals {
        void at(long dueNanos, byte[] datagram);
    }

    /// Tells `arrivals` when `datagram` comes out at the other end: never, once, or twice.
    void carry(byte[] datagram, long nowNanos, Conditions conditions, Arrivals arrivals) {
        tally.count(Relay.Fate.OFFERED);
        Relay.Fate loss = loss(datagram, conditions);
        if (loss != null) {
            tally.count(loss);
            return;
        }
        long leavesNanos = leaves(datagram.length, nowNanos, conditions);
        if (leavesNanos == Long.MAX_VALUE) {
            tally.count(Relay.Fate.QUEUE_FULL);
            return;
        }
        byte[] sent = flipped(datagram, conditions.bitFlips);
        long dueNanos = leavesNanos + conditions.delayNanos + jitter(leavesNanos, conditions.jitterNanos);
        if (conditions.scatterNanos > 0) {
            dueNanos += (long) (random.nextDouble() * conditions.scatterNanos);
        } else if (conditions.reorder > 0 && random.nextDouble() < conditions.reorder) {
            tally.count(Relay.Fate.OVERTAKEN);
            dueNanos += conditions.overtakenNanos;
        } else {
            dueNanos = Math.max(dueNanos, lastDueNanos);
            lastDueNanos = dueNanos;
        }
        arrivals.at(dueNanos, sent);
        if (conditions.duplicates > 0 && random.nextDouble() < conditions.duplicates) {
            tally.count(Relay.Fate.DUPLICATED);
            arrivals.at(dueNanos, sent);
        }
    }

    private Relay.Fate loss(byte[] datagram, Conditions conditions) {
        if (conditions.blackhole) {
            return Relay.Fate.BLACKHOLED;
        }
        if (datagram.length > conditions.maxDatagramBytes) {
            return Relay.Fate.TOO_LARGE;
        }
        if (bursting ? random.nextDouble() < conditions.burstEnds : random.nextDouble() < conditions.burstBegins) {
            bursting = !bursting;
        }
        if (bursting) {
            return Relay.Fate.LOST_IN_BURST;
        }
        if (random.nextDouble() < conditions.loss) {
            return Relay.Fate.LOST;
        }
        return conditions.drops.test(datagram) ? Relay.Fate.RULED_OUT : null;
    }

    /// When the last bit has passed the bottleneck; [Long#MAX_VALUE] if the queue in front of it is full.
    private long leaves(int bytes, long nowNanos, Conditions conditions) {
        if (conditions.bitsPerSecond == 0) {
            return nowNanos;
        }
        long start = Math.max(busyUntilNanos, nowNanos);
        double waitingBytes = (start - nowNanos) * (conditions.bitsPerSecond / 8e9);
        if (waitingBytes + bytes > conditions.queueBytes) {
            return Long.MAX_VALUE;
        }
        busyUntilNanos = start + (long) (bytes * 8e9 / conditions.bitsPerSecond);
        return busyUntilNanos;
    }

    private long jitter(long nanos, long jitterNanos) {
        if (jitterNanos == 0) {
            return 0;
        }
        if (nanos >= segmentEndNanos) {
            boolean first = segmentEndNanos == Long.MIN_VALUE;
            segmentFrom = first ? random.nextDouble() : segmentTo;
            segmentTo = random.nextDouble();
            segmentEndNanos = nanos + SEGMENT_NANOS;
        }
        double left = (double) (segmentEndNanos - nanos) / SEGMENT_NANOS;
        return (long) ((segmentTo + (segmentFrom - segmentTo) * left) * jitterNanos);
    }

    private byte[] flipped(byte[] datagram, double rate) {
        if (rate == 0) {
            return datagram;
        }
        byte[] copy = datagram;
        // The distance between two flips is geometric: one random number per flip instead of one per bit.
        double logarithm = Math.log1p(-rate);
        for (double bit = next(logarithm); bit < 8.0 * datagram.length; bit += 1 + next(logarithm)) {
            if (copy == datagram) {
                copy = datagram.clone();
                tally.count(Relay.Fate.DAMAGED);
            }
            copy[(int) (bit / 8)] ^= (byte) (1 << (int) (bit % 8));
        }
        return copy;
    }

    private double next(double logarithm) {
        return Math.floor(Math.log(1 - random.nextDouble()) / logarithm);
    }
}
