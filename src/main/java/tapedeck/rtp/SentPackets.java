package tapedeck.rtp;

import java.util.Arrays;

/// When each of the latest packets to one peer left, by transport-wide number.
final class SentPackets {
    /// Some seconds at usual rates; what is reported later than that says nothing any more.
    static final int MAX_PACKETS = 4_096;

    private static final int INITIAL_PACKETS = 256;

    private long[] sentNanos = new long[INITIAL_PACKETS];
    /// Bytes, and in the upper half the number of the probe; 0 once the packet's fate was told.
    private long[] sizes = new long[INITIAL_PACKETS];

    private long next;

    /// The number of the next packet.
    int nextNumber() {
        return (int) next & 0xFFFF;
    }

    void add(int bytes, int probe, long nowNanos) {
        if (next == sentNanos.length && next < MAX_PACKETS) {
            sentNanos = Arrays.copyOf(sentNanos, 2 * sentNanos.length);
            sizes = Arrays.copyOf(sizes, 2 * sizes.length);
        }
        int place = place(next);
        sentNanos[place] = nowNanos;
        sizes[place] = (long) probe << 32 | bytes;
        next++;
    }

    /// The packet with this 16-bit number, extended; -1 if none was sent, or too long ago.
    long find(int number) {
        long back = next - 1 - number & 0xFFFF;
        return back < Math.min(next, sentNanos.length) ? next - 1 - back : -1;
    }

    long sentNanos(long packet) {
        return sentNanos[place(packet)];
    }

    /// 0 if that was asked before: a report that comes twice counts once.
    int bytes(long packet) {
        return (int) sizes[place(packet)];
    }

    int probe(long packet) {
        return (int) (sizes[place(packet)] >>> 32);
    }

    void told(long packet) {
        sizes[place(packet)] = 0;
    }

    private int place(long packet) {
        return (int) packet & sentNanos.length - 1;
    }
}
