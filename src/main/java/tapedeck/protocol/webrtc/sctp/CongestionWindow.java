package tapedeck.protocol.webrtc.sctp;

/// How many bytes may be on the way, RFC 9260 7.2: slow start, congestion avoidance, fast recovery.
final class CongestionWindow {
    private static final int MTU = SctpAssociation.MAX_PACKET_BYTES;
    /// RFC 9260 7.2.1.
    static final int INITIAL_BYTES = Math.min(4 * MTU, Math.max(2 * MTU, 4_404));
    /// What may be on the way at most: more than chat needs on any path.
    static final int MAX_BYTES = 256 * 1024;
    /// RFC 9260 6.1 D: no more packets at once after a silence. A little more than the 4 of clause 16: a message of
    /// 64 KiB shall not take ten round trips.
    static final int MAX_BURST_PACKETS = 10;

    private int bytes = INITIAL_BYTES;
    private int slowStartBytes = MAX_BYTES;
    private int partialBytesAcked;
    private boolean recovering;
    private long recoveryEndTsn;

    int bytes() {
        return bytes;
    }

    boolean recovering() {
        return recovering;
    }

    /// A SACK moved the cumulative TSN, and acknowledged `acked` bytes, when so many were on the way.
    void acknowledged(int acked, int flightBytes, long cumulativeTsn) {
        if (recovering) {
            recovering = cumulativeTsn < recoveryEndTsn;
            return;
        }
        boolean used = flightBytes + MTU > bytes;
        if (bytes <= slowStartBytes) {
            if (used) {
                // RFC 9260 7.2.1 with L = 2, which makes up for delayed SACKs (RFC 3465 2.2).
                grow(Math.min(acked, 2 * MTU));
            }
            return;
        }
        partialBytesAcked += acked;
        if (partialBytesAcked >= bytes) {
            partialBytesAcked = used ? partialBytesAcked - bytes : bytes;
            if (used) {
                grow(MTU);
            }
        }
    }

    private void grow(int by) {
        bytes = Math.min(bytes + by, MAX_BYTES);
    }

    /// RFC 9260 7.2.4: chunks up to `highestTsn` are on the way, and one of them was lost.
    void lost(long highestTsn) {
        if (!recovering) {
            recovering = true;
            recoveryEndTsn = highestTsn;
            slowStartBytes = Math.max(bytes / 2, 4 * MTU);
            bytes = slowStartBytes;
            partialBytesAcked = 0;
        }
    }

    /// RFC 9260 7.2.3.
    void timedOut() {
        slowStartBytes = Math.max(bytes / 2, 4 * MTU);
        bytes = MTU;
        partialBytesAcked = 0;
        recovering = false;
    }

    /// Nothing was acknowledged for long: old knowledge of the path is worth no more than so much.
    void limitBurst(int flightBytes) {
        bytes = Math.max(MTU, Math.min(bytes, flightBytes + MAX_BURST_PACKETS * MTU));
    }

    void nothingOnTheWay() {
        partialBytesAcked = 0;
    }
}
