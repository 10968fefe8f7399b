package tapedeck.rtp;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// Puts the packets of one source in order: drops duplicates, waits for what is missing ([Holes] say how long,
/// and what to ask for again), and gives up in the end. Where nothing is missing, nothing waits: a packet that
/// is the next one goes on at once, as it was lent, and only what waits is copied. Bounded in packets, bytes
/// and time.
final class JitterBuffer {
    static final int MAX_PACKETS = 2048;
    static final int MAX_BYTES = 4 << 20;
    /// Of the room; most peers never need more.
    private static final int INITIAL_PACKETS = 64;
    /// RFC 3550 A.1: a number further away than this is a restart or an accident; two in a row tell.
    static final int MAX_JUMP = 1000;

    /// Packets in front of the first one can still come, and nobody can ask for them; without the first packet the
    /// first keyframe is lost. Not waited for where the first one begins a keyframe.
    static final long START_NANOS = 150_000_000L;

    private static final long NONE = Long.MIN_VALUE;

    private final Sink sink;
    private final Holes holes;

    /// As long as what ever waited, a power of two.
    private @Nullable Packet[] ring = new Packet[INITIAL_PACKETS];

    private final AbandonedPackets abandoned = new AbandonedPackets();
    /// Packets in the ring that begin a keyframe.
    private final Deque<Long> keyframes = new ArrayDeque<>();
    /// The time of the keyframe whose first packet was the last of a keyframe to leave, while its others follow.
    private long openKeyframe = NONE;

    private long first;
    private long next = NONE;
    private long highest;
    private long bytes;
    private long startedNanos;
    private boolean released;
    private @Nullable Packet stray;

    private long duplicates;
    private long late;
    private long lost;

    /// @param retransmission whether the sender answers to NACK
    /// @param maxWaitNanos how long a hole is kept open at most
    JitterBuffer(boolean retransmission, long maxWaitNanos, Sink sink) {
        this.holes = new Holes(retransmission, maxWaitNanos);
        this.sink = sink;
    }

    /// Takes packets in order.
    interface Sink {
        void packet(Packet packet);

        /// This many are lost for good in front of the next one.
        void lost(long packets);

        /// Whether all up to the next keyframe is of no use.
        boolean needsKeyframe();

        /// How many of the packets in front of this one come once more inside it, RFC 2198.
        int repeats(Packet packet);
    }

    /// @param sequence unwrapped
    /// @param timestamp as it was sent, 32 bits
    /// @param payload lent while it is handed on, else its own
    record Packet(long sequence, long timestamp, boolean marker, int payloadType, Bytes payload, long arrivalNanos) {
        Packet kept() {
            return new Packet(sequence, timestamp, marker, payloadType, payload.copy(), arrivalNanos);
        }
    }

    /// How a packet came.
    enum Way {
        /// Maybe a plain repeat.
        ORIGINAL,
        /// The same, and it begins a keyframe.
        KEYFRAME,
        /// As an answer, RFC 4588.
        REPAIR,
        KEYFRAME_REPAIR;

        static Way of(boolean repair, boolean keyframe) {
            if (repair) {
                return keyframe ? KEYFRAME_REPAIR : REPAIR;
            }
            return keyframe ? KEYFRAME : ORIGINAL;
        }

        boolean repair() {
            return this == REPAIR || this == KEYFRAME_REPAIR;
        }

        boolean keyframe() {
            return this == KEYFRAME || this == KEYFRAME_REPAIR;
        }
    }

    /// @param payload lent
    void offer(
            int sequenceNumber,
            long timestamp,
            boolean marker,
            int payloadType,
            Bytes payload,
            long arrivalNanos,
            Way way) {
        if (next == NONE) {
            start(sequenceNumber + (1L << 16), arrivalNanos);
        }
        long sequence = highest + (short) (sequenceNumber - (int) highest);
        Packet packet = new Packet(sequence, timestamp, marker, payloadType, payload, arrivalNanos);
        if (sequence > highest + MAX_JUMP || sequence < next - MAX_JUMP) {
            // An answer is never a new start.
            if (way.repair()) {
                late++;
            } else {
                strayed(packet);
            }
            return;
        }
        dropStray();
        if (released && sequence == next && next > highest) {
            highest = sequence;
            next++;
            leave(packet, way.keyframe());
            return;
        }
        insert(packet, way);
    }

    private void dropStray() {
        if (stray != null) {
            stray = null;
            late++;
        }
    }

    private void start(long sequence, long arrivalNanos) {
        first = sequence;
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
            stray = packet.kept();
            return;
        }
        stray = null;
        sink.lost(1);
        lost++;
        clear();
        start(before.sequence(), before.arrivalNanos());
        insert(before, Way.ORIGINAL);
        insert(packet, Way.ORIGINAL);
    }

    private void clear() {
        Arrays.fill(ring, null);
        abandoned.clear();
        holes.clear();
        keyframes.clear();
        openKeyframe = NONE;
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

    private void insert(Packet packet, Way way) {
        long sequence = packet.sequence();
        if (sequence < next) {
            if (released || highest - sequence >= MAX_PACKETS) {
                tooLate(packet, way);
                return;
            }
            holes.open(sequence + 1, next, packet.arrivalNanos());
            reserve(sequence, highest);
            first = sequence;
            next = sequence;
        }
        while (sequence - next >= MAX_PACKETS) {
            giveUp();
        }
        reserve(next, sequence);
        int slot = slot(sequence);
        if (ring[slot] != null) {
            duplicates++;
            holes.again(sequence, packet.arrivalNanos());
            return;
        }
        ring[slot] = packet.kept();
        bytes += packet.payload().length();
        if (way.keyframe()) {
            keyframes.add(sequence);
        }
        if (sequence > highest) {
            if (sequence > highest + 1) {
                holes.open(highest + 1, sequence, packet.arrivalNanos());
                holes.repeated(sequence - sink.repeats(packet));
            }
            highest = sequence;
        } else {
            holes.filled(sequence, way.repair(), packet.arrivalNanos());
        }
        while (bytes > MAX_BYTES && !holes.isEmpty()) {
            giveUp();
        }
        if (bytes > MAX_BYTES) {
            releaseInOrder();
        }
    }

    /// Room for all from `from` to `to`, which are less than [#MAX_PACKETS].
    private void reserve(long from, long to) {
        int room = ring.length;
        while (to - from >= room) {
            room *= 2;
        }
        if (room > ring.length) {
            @Nullable Packet[] old = ring;
            ring = new Packet[room];
            for (Packet packet : old) {
                if (packet != null) {
                    ring[slot(packet.sequence())] = packet;
                }
            }
        }
    }

    private void tooLate(Packet packet, Way way) {
        long sinceNanos = abandoned.take(packet.sequence());
        if (sinceNanos != AbandonedPackets.NEVER) {
            late++;
            if (!way.repair()) {
                holes.overtaken(packet.arrivalNanos() - sinceNanos);
            }
        } else if (packet.sequence() < first || highest - packet.sequence() >= MAX_PACKETS) {
            late++;
        } else {
            duplicates++;
            holes.again(packet.sequence(), packet.arrivalNanos());
        }
    }

    /// Hands on what is in order, and gives up on what was waited for long enough or is of no use.
    void release(long nowNanos) {
        if (next == NONE || !released && nowNanos - startedNanos < START_NANOS && !beginsWithKeyframe()) {
            return;
        }
        while (true) {
            releaseInOrder();
            if (next > highest) {
                return;
            }
            if (!keyframes.isEmpty() && sink.needsKeyframe()) {
                giveUpBefore(keyframes.stream().mapToLong(Long::longValue).min().orElseThrow());
            } else if (nowNanos >= holes.giveUpNanos() || repeated()) {
                giveUp();
            } else {
                return;
            }
        }
    }

    /// Whether nobody needs to wait for the first hole, because the packet behind it brings the same.
    private boolean repeated() {
        long end = next;
        Packet packet = null;
        while (packet == null) {
            packet = ring[slot(++end)];
        }
        return sink.repeats(packet) >= end - next;
    }

    private boolean beginsWithKeyframe() {
        return keyframes.contains(next);
    }

    /// Whether a keyframe has begun to come of which not all could leave yet.
    boolean hasKeyframe() {
        return !keyframes.isEmpty() || openKeyframe != NONE;
    }

    /// When it is to be feared that a hole stays that no keyframe is behind; or [Long#MAX_VALUE].
    long doubtNanos() {
        return next == NONE || !released || holes.isEmpty()
                ? Long.MAX_VALUE
                : holes.doubtNanos(
                        keyframes.stream().mapToLong(Long::longValue).max().orElse(NONE));
    }

    private void releaseInOrder() {
        released = true;
        while (next <= highest) {
            Packet packet = take();
            if (packet == null) {
                return;
            }
            boolean keyframe = !keyframes.isEmpty() && keyframes.remove(next);
            next++;
            leave(packet, keyframe);
        }
    }

    /// @param keyframe whether it begins one
    private void leave(Packet packet, boolean keyframe) {
        if (keyframe) {
            openKeyframe = packet.timestamp();
        } else if (packet.timestamp() != openKeyframe) {
            openKeyframe = NONE;
        }
        sink.packet(packet);
        if (packet.marker()) {
            openKeyframe = NONE;
        }
    }

    private @Nullable Packet take() {
        int slot = slot(next);
        Packet packet = ring[slot];
        if (packet != null) {
            ring[slot] = null;
            bytes -= packet.payload().length();
        }
        return packet;
    }

    /// Closes the first hole without what was in it.
    private void giveUp() {
        releaseInOrder();
        long end = next;
        while (end <= highest && ring[slot(end)] == null) {
            end++;
        }
        giveUpBefore(end);
    }

    /// Nothing in front of this one is of use any more.
    private void giveUpBefore(long sequence) {
        long gone = 0;
        long sinceNanos = holes.isEmpty() ? 0 : holes.sinceNanos();
        for (; next < sequence; next++) {
            if (take() == null) {
                abandoned.add(next, sinceNanos);
                gone++;
            } else {
                keyframes.remove(next);
            }
        }
        holes.closeBefore(next);
        if (gone > 0) {
            lost += gone;
            openKeyframe = NONE;
            sink.lost(gone);
        }
    }

    /// Adds the sequence numbers to ask for now.
    void collectNacks(long nowNanos, List<Integer> target) {
        holes.collect(nowNanos, target);
    }

    /// When [#release(long)] or [#collectNacks(long, List)] has something to do at the latest, or [Long#MAX_VALUE].
    long nextDeadlineNanos() {
        return Math.min(releaseNanos(), askNanos());
    }

    /// When [#release(long)] has.
    long releaseNanos() {
        if (next == NONE) {
            return Long.MAX_VALUE;
        }
        return released ? holes.giveUpNanos() : startedNanos + START_NANOS;
    }

    /// When [#collectNacks(long, List)] has.
    long askNanos() {
        return next == NONE || !released ? Long.MAX_VALUE : holes.askNanos();
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
        return holes.recovered();
    }

    long lost() {
        return lost;
    }

    long roundTripNanos() {
        return holes.roundTripNanos();
    }

    private int slot(long sequence) {
        return (int) sequence & ring.length - 1;
    }
}
