package tapedeck.protocol.webrtc;

/// How much one authentic publisher may send: more than any camera does, less than what would hurt the others. What is
/// beyond is dropped before it is put together or stored. Filled evenly, so that a burst of a second passes.
final class FloodLimit {
    /// Two 4K pictures.
    static final long MAX_BITS_PER_SECOND = 50_000_000;

    static final long MAX_PACKETS_PER_SECOND = 8_000;

    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long MAX_BYTES = MAX_BITS_PER_SECOND / 8;

    private double bytes = MAX_BYTES;
    private double packets = MAX_PACKETS_PER_SECOND;
    private long nanos = Long.MIN_VALUE;
    private long dropped;

    /// Whether a packet may pass.
    boolean admits(int sizeBytes, long nowNanos) {
        if (nanos != Long.MIN_VALUE) {
            double seconds = Math.clamp(nowNanos - nanos, 0, SECOND_NANOS) / (double) SECOND_NANOS;
            bytes = Math.min(MAX_BYTES, bytes + seconds * MAX_BYTES);
            packets = Math.min(MAX_PACKETS_PER_SECOND, packets + seconds * MAX_PACKETS_PER_SECOND);
        }
        nanos = nowNanos;
        if (bytes < sizeBytes || packets < 1) {
            dropped++;
            return false;
        }
        bytes -= sizeBytes;
        packets--;
        return true;
    }

    long dropped() {
        return dropped;
    }
}
