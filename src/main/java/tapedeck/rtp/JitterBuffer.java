package tapedeck.rtp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// Puts the packets of one source in order: drops duplicates, waits for what is missing and asks for it again, and
/// gives up in the end. Bounded in packets, bytes and time.
final class JitterBuffer {
    static final int MAX_PACKETS = 2048;
    static final int MAX_BYTES = 4 << 20;
    /// RFC 3550 A.1: a number further away than this is a restart or an accident; two in a row tell.
    static final int MAX_JUMP = 1000;

    static final int MAX_TRIES = 10;
    static final int MAX_NACKS_AT_ONCE = 256;

    private static final long MILLI = 1_000_000;
    /// Neighbours that overtake each other are not asked for.
    static final long REORDER_NANOS = 10 * MILLI;
    /// Packets in front of the first one can still come, and nobody can ask for them; without the first packet the
    /// first keyframe is lost.
    static final long START_NANOS = 100 * MILLI;

    static final long MAX_REORDER_WAIT_NANOS = 100 * MILLI;
    private static final long MIN_WAIT_NANOS = 300 * MILLI;
    private static final long FIRST_ROUND_TRIP_NANOS = 100 * MILLI;

    private static final long NONE = Long.MIN_VALUE;

    private final boolean retransmission;
    private final long maxWaitNanos;
    private final Sink sink;

    private final @Nullable Packet[] ring = new Packet[MAX_PACKETS];
    private final List<Missing> missing = new ArrayList<>();
    private long next = NONE;
    private long highest;
    private long bytes;
    private long startedNanos;
    private boolean released;
    private @Nullable Packet stray;

    private long roundTripNanos = FIRST_ROUND_TRIP_NANOS;
    private long duplicates;
    private long late;
    private long recovered;
    private long lost;

    /// @param retransmission whether the sender answers to NACK
    /// @param maxWaitNanos how long a hole is kept open at most
    JitterBuffer(boolean retransmission, long maxWaitNanos, Sink sink) {
        this.retransmission = retransmission;
        this.maxWaitNanos = maxWaitNanos;
        this.sink = sink;
    }

    /// Takes packets in order.
    interface Sink {
        void packet(Packet packet);

        /// This many are lost for good in front of the next one.
        void lost(long packets);
    }

    /// @param sequence unwrapped
    /// @param timestamp as it was sent, 32 bits
    record Packet(long sequence, long timestamp, boolean marker, int payloadType, Bytes payload, long arrivalNanos) {}

    private static final class Missing {
        private final long sequence;
        private final long sinceNanos;
        private long askedNanos;
        private long dueNanos;
        private int tries;

        private Missing(long sequence, long sinceNanos) {
            this.sequence = sequence;
            this.sinceNanos = sinceNanos;
            this.dueNanos = sinceNanos + REORDER_NANOS;
        }
    }

    void offer(int sequenceNumber, long timestamp, boolean marker, int payloadType, Bytes payload, long arrivalNanos) {
        if (next == NONE) {
            start(sequenceNumber + (1L << 16), arrivalNanos);
        }
        long sequence = highest + (short) (sequenceNumber - (int) highest);
        Packet packet = new Packet(sequence, timestamp, marker, payloadType, payload, arrivalNanos);
        if (sequence > highest + MAX_JUMP || sequence < next - MAX_JUMP) {
            strayed(packet);
            return;
        }
        dropStray();
        insert(packet);
    }

    private void dropStray() {
        if (stray != null) {
            stray = null;
            late++;
        }
    }

    private void start(long sequence, long arrivalNanos) {
        next = sequence;
        highest = sequence - 1;
        startedNanos = arrivalNanos;
        released = false;
    }

    /// Far away from the others: the second in a row is where the sender is now.
    private void strayed(Packet packet) {
        Packet before = stray;
        if (before == null || packet.sequence() != before.sequence() + 1) {
            dropStray();
            stray = packet;
            return;
        }
        stray = null;
        sink.lost(1);
        lost++;
        clear();
        start(before.sequence(), before.arrivalNanos());
        insert(before);
        insert(packet);
    }

    private void clear() {
        Arrays.fill(ring, null);
        missing.clear();
        bytes = 0;
        next = NONE;
    }

    /// Another source takes the place of this one: what is in order leaves, the rest is of no use.
    void restart() {
        if (next != NONE) {
            releaseInOrder();
        }
        clear();
        dropStray();
    }

    private void insert(Packet packet) {
        long sequence = packet.sequence();
        if (sequence < next) {
            if (released || highest - sequence >= MAX_PACKETS) {
                late++;
                return;
            }
            for (long hole = next - 1; hole > sequence; hole--) {
                missing.addFirst(new Missing(hole, packet.arrivalNanos()));
            }
            next = sequence;
        }
        while (sequence - next >= MAX_PACKETS) {
            giveUp();
        }
        int slot = slot(sequence);
        if (ring[slot] != null) {
            duplicates++;
            return;
        }
        ring[slot] = packet;
        bytes += packet.payload().length();
        if (sequence > highest) {
            for (long hole = highest + 1; hole < sequence; hole++) {
                missing.add(new Missing(hole, packet.arrivalNanos()));
            }
            highest = sequence;
        } else {
            found(packet);
        }
        while (bytes > MAX_BYTES && !missing.isEmpty()) {
            giveUp();
        }
        if (bytes > MAX_BYTES) {
            releaseInOrder();
        }
    }

    private void found(Packet packet) {
        for (int i = 0; i < missing.size(); i++) {
            Missing hole = missing.get(i);
            if (hole.sequence == packet.sequence()) {
                missing.remove(i);
                if (hole.tries > 0) {
                    recovered++;
                }
                if (hole.tries == 1) {
                    // Only an answer to a single question tells how long the way is.
                    long sample = packet.arrivalNanos() - hole.askedNanos;
                    roundTripNanos += (sample - roundTripNanos) / 4;
                }
                return;
            }
        }
    }

    /// Hands on what is in order, and gives up on what was waited for long enough.
    void release(long nowNanos) {
        if (next == NONE || !released && nowNanos - startedNanos < START_NANOS) {
            return;
        }
        while (true) {
            releaseInOrder();
            if (next > highest || nowNanos - missing.getFirst().sinceNanos < waitNanos()) {
                return;
            }
            giveUp();
        }
    }

    private void releaseInOrder() {
        released = true;
        while (next <= highest) {
            Packet packet = ring[slot(next)];
            if (packet == null) {
                return;
            }
            ring[slot(next)] = null;
            bytes -= packet.payload().length();
            next++;
            sink.packet(packet);
        }
    }

    /// Closes the first hole without what was in it.
    private void giveUp() {
        releaseInOrder();
        long from = next;
        while (next <= highest && ring[slot(next)] == null) {
            next++;
        }
        if (next > from) {
            missing.removeIf(hole -> hole.sequence < next);
            lost += next - from;
            sink.lost(next - from);
        }
    }

    private long waitNanos() {
        if (!retransmission) {
            return Math.min(MAX_REORDER_WAIT_NANOS, maxWaitNanos);
        }
        // Time for five or six questions and answers.
        return Math.min(maxWaitNanos, Math.max(MIN_WAIT_NANOS, 6 * roundTripNanos + 100 * MILLI));
    }

    /// Adds the sequence numbers to ask for now.
    void collectNacks(long nowNanos, List<Integer> target) {
        if (!retransmission) {
            return;
        }
        for (Missing hole : missing) {
            if (hole.tries < MAX_TRIES && hole.dueNanos <= nowNanos && target.size() < MAX_NACKS_AT_ONCE) {
                target.add((int) (hole.sequence & 0xFFFF));
                hole.tries++;
                hole.askedNanos = nowNanos;
                hole.dueNanos = nowNanos + roundTripNanos + 10 * MILLI * hole.tries;
            }
        }
    }

    /// When [#release(long)] or [#collectNacks(long, List)] has something to do at the latest, or [Long#MAX_VALUE].
    long nextDeadlineNanos() {
        if (next == NONE) {
            return Long.MAX_VALUE;
        }
        if (!released) {
            return startedNanos + START_NANOS;
        }
        if (missing.isEmpty()) {
            return Long.MAX_VALUE;
        }
        long deadline = missing.getFirst().sinceNanos + waitNanos();
        if (retransmission) {
            for (Missing hole : missing) {
                if (hole.tries < MAX_TRIES) {
                    deadline = Math.min(deadline, hole.dueNanos);
                }
            }
        }
        return deadline;
    }

    long duplicates() {
        return duplicates;
    }

    /// Packets that came when their place was given up, or that stray far away from all others.
    long late() {
        return late;
    }

    /// Packets that came after they were asked for.
    long recovered() {
        return recovered;
    }

    long lost() {
        return lost;
    }

    long roundTripNanos() {
        return roundTripNanos;
    }

    private static int slot(long sequence) {
        return (int) (sequence & MAX_PACKETS - 1);
    }
}
