package tapedeck.protocol.webrtc.sctp;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;

/// DATA from the peer: what is taken, what is held, and when that is acknowledged (RFC 9260 6.2).
final class Inbox {
    private static final int WINDOW = SctpAssociation.RECEIVE_WINDOW_BYTES;
    /// What closes holes may go beyond the window, or nothing that is held could ever be delivered; but not without
    /// end.
    static final int MAX_HELD_BYTES = 2 * WINDOW;
    /// One more message, of fragments of any size.
    static final int MAX_NEXT_BYTES = WINDOW;

    private final ReceivedTsns received;
    private final Reassembly reassembly;
    private boolean sackNow;
    private boolean dataInPacket;
    private int unacknowledgedPackets;
    private long deadlineNanos = Long.MAX_VALUE;

    Inbox(long initialTsn, Reassembly.Delivery delivery) {
        received = new ReceivedTsns(initialTsn);
        reassembly = new Reassembly(received, delivery);
    }

    int heldBytes() {
        return reassembly.heldBytes();
    }

    long cumulativeTsn() {
        return received.cumulative();
    }

    /// @throws MalformedException for what no honest peer sends
    void data(Chunk.Data chunk) {
        if (chunk.payload().isEmpty()) {
            throw new MalformedException("SCTP: DATA without data"); // RFC 9260 6.2
        }
        dataInPacket = true;
        sackNow |= chunk.immediate();
        long tsn = Serial.near(received.cumulative(), chunk.tsn());
        if (received.has(tsn)) {
            received.duplicate(tsn & 0xFFFF_FFFFL);
            sackNow = true;
            return;
        }
        int heldThen = heldBytes() + chunk.payload().length() + Reassembly.CHUNK_OVERHEAD_BYTES;
        if (tsn == received.cumulative() + 1) {
            // What all others wait for. If even that is too much, messages are held that nothing holds up.
            if (heldThen > MAX_HELD_BYTES + MAX_NEXT_BYTES) {
                throw new MalformedException("SCTP: %d bytes that make no message".formatted(heldThen));
            }
        } else if (heldThen > (tsn > received.highest() ? WINDOW : MAX_HELD_BYTES) || !received.takes(tsn)) {
            sackNow = true;
            return;
        }
        received.add(tsn);
        sackNow |= !received.inOrder();
        reassembly.add(tsn, chunk);
    }

    /// RFC 3758 3.6.
    void forward(Chunk.ForwardTsn forward) {
        sackNow = true;
        dataInPacket = true;
        long tsn = Serial.near(received.cumulative(), forward.cumulativeTsn());
        if (tsn <= received.cumulative()) {
            return;
        }
        received.forward(tsn);
        reassembly.forward(forward);
    }

    /// RFC 6525 5.2.2.
    void reset(int streamId) {
        reassembly.reset(streamId);
    }

    List<Integer> streamIds() {
        return reassembly.streamIds();
    }

    void endOfPacket(long nowNanos) {
        if (!dataInPacket) {
            return;
        }
        dataInPacket = false;
        if (++unacknowledgedPackets >= 2) {
            sackNow = true;
        } else if (deadlineNanos == Long.MAX_VALUE) {
            deadlineNanos = nowNanos + SctpAssociation.SACK_DELAY_NANOS;
        }
    }

    /// When a SACK is due that was held back.
    long deadlineNanos() {
        return deadlineNanos;
    }

    /// The SACK, if it is time for one.
    Chunk.@Nullable Sack sack(long nowNanos) {
        if (!sackNow && nowNanos < deadlineNanos) {
            return null;
        }
        sackNow = false;
        unacknowledgedPackets = 0;
        deadlineNanos = Long.MAX_VALUE;
        return received.sack(Math.max(0, WINDOW - heldBytes()));
    }
}
