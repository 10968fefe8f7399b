package tapedeck.rtp;

/// When each of the latest packets to one peer left, by transport-wide number.
final class SentPackets {
    static final int MAX_PACKETS = 4_096;
    /// What is reported later than that says nothing any more.
    static final long MAX_NANOS = 2_000_000_000L;

    private static final int INITIAL_PACKETS = 256;

    private long[] sentNanos = new long[INITIAL_PACKETS];
    /// Bytes, and in the upper half the number of the probe; 0 once the packet's fate was told.
    private long[] sizes = new long[INITIAL_PACKETS];

    private long next;
    /// What was there when there was less room: nothing from before is in its place.
    private long known;

    /// The number of the next packet.
    int nextNumber() {
        return (int) next & 0xFFFF;
    }

    void add(int bytes, int probe, long nowNanos) {
        int place = place(next);
        if (next >= sentNanos.length && sentNanos.length < MAX_PACKETS && nowNanos - sentNanos[place] < MAX_NANOS) {
            grow();
            place = place(next);
        }
        sentNanos[place] = nowNanos;
        sizes[place] = (long) probe << 32 | bytes;
        next++;
    }

    private void grow() {
        int old = sentNanos.length;
        long[] nanos = new long[2 * old];
        long[] bytes = new long[2 * old];
        for (long packet = next - old; packet < next; packet++) {
            int place = (int) packet & nanos.length - 1;
            nanos[place] = sentNanos[place(packet)];
            bytes[place] = sizes[place(packet)];
        }
        sentNanos = nanos;
        sizes = bytes;
        known = next - old;
    }

    /// The packet with this 16-bit number, extended; -1 if none was sent, or too long ago.
    long find(int number) {
        long back = next - 1 - number & 0xFFFF;
        return back < Math.min(next - known, sentNanos.length) ? next - 1 - back : -1;
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
