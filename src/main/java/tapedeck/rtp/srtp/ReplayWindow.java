package tapedeck.rtp.srtp;

/// Which packet indices of one source were seen, RFC 3711 3.3.2.
final class ReplayWindow {
    /// The RFC wants 64 at least; a retransmission of a second ago must still pass.
    static final int BITS = 1024;

    private final int ssrc;
    private final long[] seen = new long[BITS / 64];
    private long highest = -1;

    ReplayWindow(int ssrc) {
        this.ssrc = ssrc;
    }

    int ssrc() {
        return ssrc;
    }

    /// The 48-bit index that this sequence number most probably has, RFC 3711 3.3.1; negative before the first cycle.
    long estimate(int sequenceNumber) {
        if (highest < 0) {
            return sequenceNumber;
        }
        return highest + (short) (sequenceNumber - (int) highest);
    }

    boolean isNew(long index) {
        if (index > highest) {
            return true;
        }
        return index >= 0 && index > highest - BITS && (seen[word(index)] >> index & 1) == 0;
    }

    void add(long index) {
        if (index > highest) {
            if (index - highest >= BITS) {
                java.util.Arrays.fill(seen, 0);
            } else {
                for (long skipped = highest + 1; skipped < index; skipped++) {
                    seen[word(skipped)] &= ~(1L << skipped);
                }
            }
            highest = index;
        }
        seen[word(index)] |= 1L << index;
    }

    private static int word(long index) {
        return (int) (index >> 6) & BITS / 64 - 1;
    }
}
