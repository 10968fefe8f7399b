package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Messages to the peer: those that wait, and the chunks on the way until they are acknowledged (RFC 9260 6) or given
/// up (RFC 3758).
///
/// One queue for all channels, first in, first out: the fragments of a message have consecutive TSNs anyway.
final class SendQueue {
    static final int MAX_WAITING_BYTES = 1 << 20;
    /// What a waiting message costs beside its bytes.
    static final int MESSAGE_OVERHEAD_BYTES = 64;
    static final int MAX_ON_THE_WAY = 1_024;
    /// What fits a packet behind the headers, a multiple of four.
    static final int FRAGMENT_BYTES =
            (SctpAssociation.MAX_PACKET_BYTES - SctpPacket.HEADER_BYTES - Chunk.DATA_HEADER_BYTES) & ~3;

    /// RFC 9260 7.2.4.
    private static final int MISSES_TO_RETRANSMIT = 3;
    /// Ordered streams that one FORWARD TSN names.
    private static final int MAX_SKIPS = 200;

    private final RoundTrip roundTrip;
    private final CongestionWindow congestion = new CongestionWindow();
    private final Deque<OutgoingMessage> waiting = new ArrayDeque<>();
    private final Map<Integer, Integer> nextSsn = new HashMap<>();
    // Those behind the acknowledged one, without a hole: the first is always acknowledged + 1.
    private final List<Sent> onTheWay = new ArrayList<>();
    /// Stream → messages that wait and chunks on the way.
    private final Map<Integer, Integer> loads = new HashMap<>();

    private int waitingBytes;
    private long nextTsn;
    private long acknowledged;
    private long forwardTsn;
    private boolean forwardDue;
    private final boolean partialReliability;
    private int flightBytes;
    private int marked;
    private boolean urgent;
    private long peerWindow;
    private long deadlineNanos = Long.MAX_VALUE;
    private long retransmitted;
    private long abandoned;

    private static final class Sent {
        private final long tsn;
        private final OutgoingMessage message;
        private final Chunk.Data chunk;
        private int transmissions;
        private long sentNanos;
        private boolean acked;
        private boolean abandoned;
        private boolean marked;
        private boolean repeatedFast;
        private int misses;

        Sent(long tsn, OutgoingMessage message, Chunk.Data chunk) {
            this.tsn = tsn;
            this.message = message;
            this.chunk = chunk;
        }

        int bytes() {
            return chunk.payload().length();
        }

        boolean inFlight() {
            return !acked && !abandoned && !marked;
        }
    }

    SendQueue(long initialTsn, RoundTrip roundTrip, Agreement agreement) {
        this.peerWindow = agreement.peerWindow();
        this.partialReliability = agreement.forwardsTsn();
        this.roundTrip = roundTrip;
        this.nextTsn = initialTsn;
        this.acknowledged = initialTsn - 1;
        this.forwardTsn = acknowledged;
    }

    /// False if too much waits already.
    boolean offer(OutgoingMessage message) {
        int cost = message.data.length() + MESSAGE_OVERHEAD_BYTES;
        if (waitingBytes + cost > MAX_WAITING_BYTES) {
            return false;
        }
        waitingBytes += cost;
        waiting.add(message);
        load(message.streamId, 1);
        return true;
    }

    boolean idle() {
        return waiting.isEmpty() && onTheWay.isEmpty();
    }

    /// Whether something of this stream waits or is on the way.
    boolean carries(int streamId) {
        return loads.containsKey(streamId);
    }

    private void load(int streamId, int more) {
        if (loads.merge(streamId, more, Integer::sum) == 0) {
            loads.remove(streamId);
        }
    }

    int waitingBytes() {
        return waitingBytes;
    }

    int flightBytes() {
        return flightBytes;
    }

    int windowBytes() {
        return congestion.bytes();
    }

    long retransmitted() {
        return retransmitted;
    }

    long abandoned() {
        return abandoned;
    }

    long lastTsn() {
        return nextTsn - 1;
    }

    /// When the oldest chunk on the way is taken for lost.
    long deadlineNanos() {
        return deadlineNanos;
    }

    /// RFC 6525 5.2.7: the stream begins again at SSN 0.
    void reset(int streamId) {
        nextSsn.remove(streamId);
    }

    /// Before a batch of [#next].
    void begin() {
        congestion.limitBurst(flightBytes);
    }

    /// What to send now: lost chunks first.
    ///
    /// @param roomBytes for the chunk with header and padding
    Chunk.@Nullable Data next(int roomBytes, long nowNanos) {
        Chunk.Data again = marked > 0 ? lost(roomBytes, nowNanos) : null;
        return again != null ? again : fresh(roomBytes, nowNanos);
    }

    private Chunk.@Nullable Data lost(int roomBytes, long nowNanos) {
        // By index: giving up a message appends to the list and changes others.
        for (int i = 0; i < onTheWay.size() && marked > 0; i++) {
            Sent sent = onTheWay.get(i);
            if (!sent.marked) {
                continue;
            }
            if (exhausted(sent, nowNanos)) {
                abandon(sent.message);
                continue;
            }
            if (Chunk.Data.bytes(sent.bytes()) > roomBytes || flightBytes >= congestion.bytes() && !urgent) {
                return null;
            }
            sent.marked = false;
            marked--;
            retransmitted++;
            if (urgent || i == 0) {
                urgent = false;
                // RFC 9260 7.2.4, 4: the timer shall not strike while the repetition is on its way.
                deadlineNanos = nowNanos + roundTrip.timeoutNanos();
            }
            return transmit(sent, nowNanos);
        }
        return null;
    }

    private Chunk.@Nullable Data fresh(int roomBytes, long nowNanos) {
        OutgoingMessage message = waiting.peek();
        while (message != null && partialReliability && nowNanos >= message.expiresNanos) {
            abandon(message);
            message = waiting.peek();
        }
        if (message == null || onTheWay.size() >= MAX_ON_THE_WAY) {
            return null;
        }
        int length = Math.min(message.leftBytes(), FRAGMENT_BYTES);
        boolean allowed = flightBytes == 0 || flightBytes < congestion.bytes() && length <= peerWindow;
        if (!allowed || Chunk.Data.bytes(length) > roomBytes) {
            return null;
        }
        if (message.sentBytes == 0 && !message.unordered) {
            message.ssn = nextSsn.getOrDefault(message.streamId, 0);
            nextSsn.put(message.streamId, message.ssn + 1 & 0xFFFF);
        }
        Bytes payload = message.data.slice(message.sentBytes, message.sentBytes + length);
        boolean beginning = message.sentBytes == 0;
        message.sentBytes += length;
        boolean ending = message.leftBytes() == 0;
        waitingBytes -= length;
        if (ending) {
            waiting.remove();
            load(message.streamId, -1);
            waitingBytes -= MESSAGE_OVERHEAD_BYTES;
        }
        Chunk.Data chunk = new Chunk.Data(
                message.unordered,
                beginning,
                ending,
                waiting.isEmpty(),
                nextTsn & 0xFFFF_FFFFL,
                message.streamId,
                message.ssn,
                message.ppid,
                payload);
        Sent sent = new Sent(nextTsn++, message, chunk);
        onTheWay.add(sent);
        load(message.streamId, 1);
        return transmit(sent, nowNanos);
    }

    private Chunk.Data transmit(Sent sent, long nowNanos) {
        sent.transmissions++;
        sent.sentNanos = nowNanos;
        flightBytes += sent.bytes();
        peerWindow = Math.max(0, peerWindow - sent.bytes());
        startTimer(nowNanos);
        return sent.chunk;
    }

    private void startTimer(long nowNanos) {
        if (deadlineNanos == Long.MAX_VALUE) {
            deadlineNanos = nowNanos + roundTrip.timeoutNanos();
        }
    }

    private boolean exhausted(Sent sent, long nowNanos) {
        OutgoingMessage message = sent.message;
        return partialReliability
                && (message.maxRetransmits != OutgoingMessage.UNLIMITED && sent.transmissions > message.maxRetransmits
                        || nowNanos >= message.expiresNanos);
    }

    /// RFC 3758 3.5: nothing of the message is sent any more.
    private void abandon(OutgoingMessage message) {
        message.abandoned = true;
        abandoned++;
        for (Sent sent : onTheWay) {
            if (sent.message == message && !sent.abandoned) {
                if (sent.inFlight()) {
                    flightBytes -= sent.bytes();
                } else if (sent.marked) {
                    sent.marked = false;
                    marked--;
                }
                sent.abandoned = true;
            }
        }
        if (waiting.peek() == message) {
            waiting.remove();
            load(message.streamId, -1);
            waitingBytes -= message.leftBytes() + MESSAGE_OVERHEAD_BYTES;
            if (message.sentBytes > 0) {
                // A TSN that is never sent: if all before it were acknowledged, there would be nothing to forward, and
                // the peer would wait for the rest of this message.
                Sent rest = new Sent(
                        nextTsn,
                        message,
                        new Chunk.Data(message.unordered, false, true, false, 0, message.streamId, 0, 0, Bytes.EMPTY));
                rest.abandoned = true;
                nextTsn++;
                onTheWay.add(rest);
                load(message.streamId, 1);
            }
        }
        advance();
    }

    /// RFC 3758 3.5 C2.
    private void advance() {
        long point = acknowledged;
        for (Sent sent : onTheWay) {
            if (!sent.abandoned) {
                break;
            }
            point = sent.tsn;
        }
        if (point > forwardTsn) {
            forwardDue = true;
        }
        forwardTsn = Math.max(forwardTsn, point);
    }

    /// FORWARD TSN, if it is time for one.
    Chunk.@Nullable ForwardTsn forward(long nowNanos) {
        if (!forwardDue) {
            return null;
        }
        forwardDue = false;
        if (forwardTsn <= acknowledged) {
            return null;
        }
        Map<Integer, Integer> skips = new TreeMap<>();
        long point = acknowledged;
        for (Sent sent : onTheWay) {
            if (sent.tsn > forwardTsn) {
                break;
            }
            if (!sent.message.unordered) {
                if (skips.size() == MAX_SKIPS && !skips.containsKey(sent.message.streamId)) {
                    break;
                }
                skips.put(sent.message.streamId, sent.message.ssn);
            }
            point = sent.tsn;
        }
        startTimer(nowNanos);
        return new Chunk.ForwardTsn(
                point & 0xFFFF_FFFFL,
                skips.entrySet().stream()
                        .map(skip -> new Chunk.ForwardTsn.Skip(skip.getKey(), skip.getValue()))
                        .toList());
    }

    /// RFC 9260 6.2.1. Whether anything new was acknowledged.
    ///
    /// @throws MalformedException if it acknowledges what was never sent
    boolean acknowledge(Chunk.Sack sack, long nowNanos) {
        long cumulative = Serial.near(acknowledged, sack.cumulativeTsn());
        if (cumulative >= nextTsn) {
            throw new MalformedException("SCTP: SACK of a TSN that was not sent");
        }
        if (cumulative < acknowledged) {
            return false; // Overtaken by a later one.
        }
        int flightBefore = flightBytes;
        Acked acked = new Acked();
        boolean advanced = cumulative > acknowledged;
        int gone = (int) (cumulative - acknowledged);
        for (Sent sent : onTheWay.subList(0, gone)) {
            acked.take(sent, nowNanos);
            load(sent.message.streamId, -1);
        }
        onTheWay.subList(0, gone).clear();
        acknowledged = cumulative;
        gaps(sack, acked, nowNanos);
        if (acked.roundTripNanos >= 0) {
            roundTrip.measured(acked.roundTripNanos);
        }
        if (advanced) {
            congestion.acknowledged(acked.bytes, flightBefore, cumulative);
            deadlineNanos = onTheWay.isEmpty() ? Long.MAX_VALUE : nowNanos + roundTrip.timeoutNanos();
        }
        miss(acked.highestTsn, advanced, sack);
        peerWindow = Math.max(0, sack.receiverWindow() - flightBytes);
        advance();
        forwardDue |= forwardTsn > acknowledged;
        if (onTheWay.isEmpty()) {
            congestion.nothingOnTheWay();
        }
        return advanced || acked.bytes > 0;
    }

    /// What one SACK brought.
    private final class Acked {
        private int bytes;
        private long highestTsn = -1;
        private long roundTripNanos = -1;

        void take(Sent sent, long nowNanos) {
            if (sent.acked) {
                return;
            }
            if (sent.inFlight()) {
                flightBytes -= sent.bytes();
            } else if (sent.marked) {
                sent.marked = false;
                marked--;
            }
            sent.acked = true;
            bytes += sent.bytes();
            highestTsn = Math.max(highestTsn, sent.tsn);
            // Karn: nobody knows which transmission is meant.
            if (sent.transmissions == 1) {
                roundTripNanos = nowNanos - sent.sentNanos;
            }
        }
    }

    private void gaps(Chunk.Sack sack, Acked acked, long nowNanos) {
        int count = onTheWay.size();
        BitSet covered = new BitSet(count);
        for (Chunk.Sack.Gap gap : sack.gaps()) {
            // Offset 1 is the first on the way.
            covered.set(Math.min(gap.from() - 1, count), Math.min(gap.to(), count));
        }
        for (int i = 0; i < count; i++) {
            Sent sent = onTheWay.get(i);
            if (covered.get(i)) {
                acked.take(sent, nowNanos);
            } else if (sent.acked && i < covered.length()) {
                // Behind the last block nothing is known: peers name no more than some 20 of them.
                takenBack(sent);
            }
        }
    }

    /// RFC 9260 6.2.1 iii: the peer had it and let it go.
    private void takenBack(Sent sent) {
        sent.acked = false;
        if (!sent.abandoned) {
            sent.marked = true;
            marked++;
        }
    }

    /// RFC 9260 7.2.4: chunks that others overtook three times are lost.
    private void miss(long highestNewTsn, boolean advanced, Chunk.Sack sack) {
        long below = highestNewTsn;
        if (congestion.recovering() && advanced && !sack.gaps().isEmpty()) {
            below = acknowledged + sack.gaps().getLast().to();
        }
        for (int i = 0; i < onTheWay.size(); i++) {
            Sent sent = onTheWay.get(i);
            if (sent.tsn >= below) {
                break;
            }
            if (sent.inFlight() && ++sent.misses >= MISSES_TO_RETRANSMIT && !sent.repeatedFast) {
                sent.repeatedFast = true;
                mark(sent);
                urgent |= !congestion.recovering();
                congestion.lost(nextTsn - 1);
            }
        }
    }

    private void mark(Sent sent) {
        sent.marked = true;
        marked++;
        flightBytes -= sent.bytes();
    }

    /// RFC 9260 6.3.3: everything on the way counts as lost.
    void timedOut(long nowNanos) {
        roundTrip.backOff();
        congestion.timedOut();
        // The next one that the peer needs is there, and yet it waits for it.
        boolean forgot = !onTheWay.isEmpty() && onTheWay.getFirst().acked;
        for (Sent sent : onTheWay) {
            sent.misses = 0;
            sent.repeatedFast = false;
            if (sent.inFlight()) {
                mark(sent);
            } else if (forgot && sent.acked) {
                takenBack(sent);
            }
        }
        forwardDue |= forwardTsn > acknowledged;
        deadlineNanos = onTheWay.isEmpty() ? Long.MAX_VALUE : nowNanos + roundTrip.timeoutNanos();
    }
}
