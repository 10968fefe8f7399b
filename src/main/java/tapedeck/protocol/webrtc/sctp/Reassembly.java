package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Makes messages of the chunks that came, in whatever order, and puts those of ordered streams into theirs.
///
/// Fragments of one message have consecutive TSNs (RFC 9260 6.9), so neighbours are joined as they come. What can never
/// become a message, because its neighbour came and does not continue it, is forgotten at once.
final class Reassembly {
    /// RFC 8841 6.1: what `a=max-message-size` says.
    static final int MAX_MESSAGE_BYTES = 64 * 1024;
    /// Streams that a peer may use before it resets some of them.
    static final int MAX_STREAMS = 256;
    /// What a held chunk costs beside its bytes.
    static final int CHUNK_OVERHEAD_BYTES = 64;

    interface Delivery {
        void message(int streamId, long ppid, Bytes data);
    }

    private final ReceivedTsns received;
    private final Delivery delivery;
    private final NavigableMap<Long, Piece> byFirst = new TreeMap<>();
    private final Map<Long, Piece> byLast = new HashMap<>();
    private final Map<Integer, Inbound> streams = new HashMap<>();
    private int heldBytes;

    Reassembly(ReceivedTsns received, Delivery delivery) {
        this.received = received;
        this.delivery = delivery;
    }

    /// Consecutive fragments of one message.
    private static final class Piece {
        private final Chunk.Data like;
        private final Deque<Bytes> parts = new ArrayDeque<>(2);
        private long first;
        private long last;
        private boolean begins;
        private boolean ends;
        private int bytes;

        Piece(long tsn, Chunk.Data chunk) {
            this.like = chunk;
            this.first = tsn;
            this.last = tsn;
            this.begins = chunk.beginning();
            this.ends = chunk.ending();
            this.bytes = chunk.payload().length();
            parts.add(chunk.payload());
        }

        int cost() {
            return bytes + parts.size() * CHUNK_OVERHEAD_BYTES;
        }

        boolean whole() {
            return begins && ends;
        }

        Bytes data() {
            if (parts.size() == 1) {
                return parts.getFirst();
            }
            byte[] whole = new byte[bytes];
            int at = 0;
            for (Bytes part : parts) {
                part.copyTo(0, whole, at, part.length());
                at += part.length();
            }
            return Bytes.wrap(whole);
        }
    }

    private record Whole(int ssn, long ppid, Bytes data) {
        int cost() {
            return data.length() + CHUNK_OVERHEAD_BYTES;
        }
    }

    /// One ordered stream.
    private static final class Inbound {
        private int nextSsn;
        private final Map<Integer, Whole> waiting = new HashMap<>();
    }

    /// Bytes that wait for others, with what they cost.
    int heldBytes() {
        return heldBytes;
    }

    /// @param tsn new, and known to `received` already
    /// @throws MalformedException for what no honest peer sends
    void add(long tsn, Chunk.Data chunk) {
        Piece piece = new Piece(tsn, chunk);
        heldBytes += piece.cost();
        Piece before = byLast.get(tsn - 1);
        if (before != null && !before.ends && !piece.begins) {
            piece = join(before, piece);
        }
        Piece after = byFirst.get(tsn + 1);
        if (after != null && !after.begins && !piece.ends) {
            piece = join(piece, after);
        }
        byFirst.put(piece.first, piece);
        byLast.put(piece.last, piece);
        forgetIfDead(byLast.get(piece.first - 1));
        forgetIfDead(byFirst.get(piece.last + 1));
        if (piece.whole()) {
            forget(piece);
            complete(piece);
        } else {
            forgetIfDead(piece);
        }
    }

    private Piece join(Piece left, Piece right) {
        if (left.like.streamId() != right.like.streamId()
                || left.like.unordered() != right.like.unordered()
                || left.like.ssn() != right.like.ssn() && !left.like.unordered()) {
            throw new MalformedException("SCTP: fragments of one message in streams %d and %d"
                    .formatted(left.like.streamId(), right.like.streamId()));
        }
        if (left.bytes + right.bytes > MAX_MESSAGE_BYTES) {
            throw new MalformedException("SCTP: message of more than %d bytes".formatted(MAX_MESSAGE_BYTES));
        }
        unlink(left);
        unlink(right);
        Piece kept = left.parts.size() >= right.parts.size() ? left : right;
        if (kept == left) {
            kept.parts.addAll(right.parts);
        } else {
            left.parts.descendingIterator().forEachRemaining(kept.parts::addFirst);
        }
        kept.bytes = left.bytes + right.bytes;
        kept.begins = left.begins;
        kept.ends = right.ends;
        kept.first = left.first;
        kept.last = right.last;
        return kept;
    }

    private void unlink(Piece piece) {
        byFirst.remove(piece.first, piece);
        byLast.remove(piece.last, piece);
    }

    private void forget(Piece piece) {
        unlink(piece);
        heldBytes -= piece.cost();
    }

    /// Whether a neighbour came that does not continue this piece: it would have been joined.
    private void forgetIfDead(@Nullable Piece piece) {
        if (piece != null
                && (!piece.begins && received.has(piece.first - 1) || !piece.ends && received.has(piece.last + 1))) {
            forget(piece);
        }
    }

    private void complete(Piece piece) {
        Chunk.Data like = piece.like;
        if (like.unordered()) {
            delivery.message(like.streamId(), like.ppid(), piece.data());
            return;
        }
        Inbound stream = stream(like.streamId());
        int ahead = Serial.distance16(stream.nextSsn, like.ssn());
        if (ahead < 0 || stream.waiting.containsKey(like.ssn())) {
            // Given up by the peer (FORWARD TSN) and come late, or a lie.
            return;
        }
        Whole whole = new Whole(like.ssn(), like.ppid(), piece.data());
        stream.waiting.put(whole.ssn(), whole);
        heldBytes += whole.cost();
        deliver(like.streamId(), stream);
    }

    private Inbound stream(int streamId) {
        Inbound stream = streams.get(streamId);
        if (stream == null) {
            if (streams.size() == MAX_STREAMS) {
                throw new MalformedException("SCTP: more than %d streams".formatted(MAX_STREAMS));
            }
            stream = new Inbound();
            streams.put(streamId, stream);
        }
        return stream;
    }

    private void deliver(int streamId, Inbound stream) {
        for (Whole next = stream.waiting.remove(stream.nextSsn);
                next != null;
                next = stream.waiting.remove(stream.nextSsn)) {
            stream.nextSsn = stream.nextSsn + 1 & 0xFFFF;
            heldBytes -= next.cost();
            delivery.message(streamId, next.ppid(), next.data());
        }
    }

    /// RFC 3758 3.6. `received` knows already.
    void forward(Chunk.ForwardTsn forward) {
        // Collected first: forgetting changes the map. Those further back have lost no neighbour.
        List.copyOf(byFirst.headMap(received.cumulative() + 1, true).values()).forEach(this::forgetIfDead);
        for (Chunk.ForwardTsn.Skip skip : forward.skips()) {
            skip(skip.streamId(), skip.ssn());
        }
    }

    private void skip(int streamId, int ssn) {
        Inbound stream = stream(streamId);
        if (Serial.distance16(stream.nextSsn, ssn) < 0) {
            return;
        }
        List<Whole> before = new ArrayList<>();
        for (Whole whole : stream.waiting.values()) {
            if (Serial.distance16(whole.ssn(), ssn) >= 0) {
                before.add(whole);
            }
        }
        int base = stream.nextSsn;
        before.sort(Comparator.comparingInt(whole -> Serial.distance16(base, whole.ssn())));
        stream.nextSsn = ssn + 1 & 0xFFFF;
        for (Whole whole : before) {
            stream.waiting.remove(whole.ssn());
            heldBytes -= whole.cost();
            delivery.message(streamId, whole.ppid(), whole.data());
        }
        deliver(streamId, stream);
    }

    /// RFC 6525 5.2.2: the stream begins again at SSN 0.
    void reset(int streamId) {
        Inbound stream = streams.remove(streamId);
        if (stream != null) {
            stream.waiting.values().forEach(whole -> heldBytes -= whole.cost());
        }
    }

    /// All streams that were used.
    List<Integer> streamIds() {
        return List.copyOf(streams.keySet());
    }
}
