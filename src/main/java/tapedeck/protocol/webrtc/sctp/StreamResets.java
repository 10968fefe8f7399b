package tapedeck.protocol.webrtc.sctp;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Resets of streams, RFC 6525: each side resets its outgoing ones, and a channel is closed when both have (RFC 8831
/// 6.7). One request at a time, as 5.1.1 wants it.
final class StreamResets {
    static final int MAX_ATTEMPTS = 10;
    /// Streams of one request.
    static final int MAX_IDS = 100;

    /// Results of RFC 6525 4.4.
    static final int NOTHING_TO_DO = 0;

    static final int PERFORMED = 1;
    static final int DENIED = 2;
    static final int OTHER_IN_PROGRESS = 4;
    static final int BAD_SEQUENCE = 5;
    static final int IN_PROGRESS = 6;

    interface Streams {
        /// Our streams begin again at SSN 0, or never will.
        void ownReset(List<Integer> ids);

        /// The peer's streams begin again at SSN 0; all of them if there is none in the list.
        void peerReset(List<Integer> ids);
    }

    private final Streams streams;
    private final Set<Integer> wanted = new LinkedHashSet<>();
    private @Nullable Request request;
    private @Nullable Deferred deferred;
    private long nextSequence;
    private long peerSequence;
    private int peerResult = NOTHING_TO_DO;

    private static final class Request {
        private final long sequence;
        private final List<Integer> ids;
        private int attempts;
        private long deadlineNanos;

        Request(long sequence, List<Integer> ids) {
            this.sequence = sequence;
            this.ids = ids;
        }
    }

    /// What the peer wants reset when all up to `lastTsn` has come.
    private record Deferred(long sequence, List<Integer> ids, long lastTsn) {}

    /// RFC 6525 4.1: the first sequence number of each side is its first TSN.
    StreamResets(long initialTsn, long peerInitialTsn, Streams streams) {
        this.nextSequence = initialTsn;
        this.peerSequence = peerInitialTsn - 1 & 0xFFFF_FFFFL;
        this.streams = streams;
    }

    /// Our stream shall be reset as soon as nothing of it is on the way.
    void want(int id) {
        wanted.add(id);
    }

    /// Nothing is reset any more: the association ends.
    void stop() {
        wanted.clear();
        request = null;
        deferred = null;
    }

    long deadlineNanos() {
        Request open = request;
        return open == null ? Long.MAX_VALUE : open.deadlineNanos;
    }

    /// A request to send now, for the first time or again.
    ///
    /// @param idle whether nothing of a stream waits or is on the way
    @Nullable
    Chunk next(long lastTsn, IntPredicate idle, long nowNanos, long timeoutNanos) {
        Request open = request;
        if (open == null) {
            List<Integer> ids = new ArrayList<>();
            for (int id : wanted) {
                if (ids.size() < MAX_IDS && idle.test(id)) {
                    ids.add(id);
                }
            }
            if (ids.isEmpty()) {
                return null;
            }
            ids.forEach(wanted::remove);
            open = new Request(nextSequence, ids);
            nextSequence = nextSequence + 1 & 0xFFFF_FFFFL;
            request = open;
        } else if (nowNanos < open.deadlineNanos) {
            return null;
        } else if (open.attempts == MAX_ATTEMPTS) {
            request = null;
            streams.ownReset(open.ids);
            return null;
        }
        open.attempts++;
        open.deadlineNanos = nowNanos + timeoutNanos;
        ByteWriter value = new ByteWriter(12 + 2 * open.ids.size())
                .u32(open.sequence)
                .u32(peerSequence)
                .u32(lastTsn);
        open.ids.forEach(value::u16);
        return new Chunk.Reconfig(List.of(new Parameter(Parameter.OUTGOING_RESET_REQUEST, value.handOver())));
    }

    /// What to answer to the peer's parameter, if anything.
    ///
    /// @param cumulativeTsn all up to here came from the peer
    @Nullable
    Parameter handle(Parameter parameter, long cumulativeTsn) {
        ByteReader in = parameter.value().reader();
        return switch (parameter.type()) {
            case Parameter.RESPONSE -> {
                response(in.u32(), in.u32());
                yield null;
            }
            case Parameter.OUTGOING_RESET_REQUEST -> {
                long sequence = in.u32();
                in.skip(4);
                long lastTsn = Serial.near(cumulativeTsn, in.u32());
                List<Integer> ids = new ArrayList<>();
                while (in.remaining() >= 2) {
                    ids.add(in.u16());
                }
                yield answer(sequence, () -> reset(new Deferred(sequence, ids, lastTsn), cumulativeTsn));
            }
            case Parameter.INCOMING_RESET_REQUEST,
                    Parameter.ASSOCIATION_RESET_REQUEST,
                    Parameter.ADD_OUTGOING_STREAMS,
                    Parameter.ADD_INCOMING_STREAMS -> answer(in.u32(), () -> DENIED);
            default -> null;
        };
    }

    private interface Work {
        int result();
    }

    private int reset(Deferred asked, long cumulativeTsn) {
        Deferred waiting = deferred;
        if (waiting != null && waiting.sequence != asked.sequence) {
            // One at a time, RFC 6525 5.1.1: what waits is not forgotten for another one.
            return OTHER_IN_PROGRESS;
        }
        if (asked.lastTsn > cumulativeTsn) {
            deferred = asked;
            return IN_PROGRESS;
        }
        deferred = null;
        streams.peerReset(asked.ids);
        return PERFORMED;
    }

    /// RFC 6525 5.2.2, E3: what was in progress is done when its last data has come. The peer is told without being
    /// asked again, which may take it long while other channels go on.
    ///
    /// @param cumulativeTsn all up to here came from the peer
    @Nullable
    Parameter proceed(long cumulativeTsn) {
        Deferred waiting = deferred;
        if (waiting == null || waiting.lastTsn > cumulativeTsn) {
            return null;
        }
        int result = reset(waiting, cumulativeTsn);
        if (waiting.sequence == peerSequence) {
            peerResult = result;
        }
        return response(waiting.sequence, result);
    }

    /// RFC 6525 5.2.1: the next request is done; the last one, come again, gets the same answer, unless it was in
    /// progress.
    private Parameter answer(long sequence, Work work) {
        if (sequence == (peerSequence + 1 & 0xFFFF_FFFFL)) {
            peerSequence = sequence;
            peerResult = work.result();
        } else if (sequence != peerSequence) {
            return response(sequence, BAD_SEQUENCE);
        } else if (peerResult == IN_PROGRESS) {
            peerResult = work.result();
        }
        return response(sequence, peerResult);
    }

    private static Parameter response(long sequence, int result) {
        Bytes value = new ByteWriter(8).u32(sequence).u32(result).handOver();
        return new Parameter(Parameter.RESPONSE, value);
    }

    private void response(long sequence, long result) {
        Request open = request;
        if (open == null || open.sequence != sequence || result == IN_PROGRESS) {
            return;
        }
        // Also where the peer refused: the channel is closed for us all the same.
        request = null;
        streams.ownReset(open.ids);
    }
}
