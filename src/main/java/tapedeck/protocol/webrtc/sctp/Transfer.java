package tapedeck.protocol.webrtc.sctp;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What flows once both sides have agreed: DATA and what acknowledges it, in both directions, and the channels on it.
final class Transfer {
    /// RFC 9260 16, Association.Max.Retrans.
    static final int MAX_RETRANSMITS = 10;
    /// RFC 9260 16, HB.interval.
    static final long HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(30);

    /// DATA of the peer: five times what messages of any size need within their own limits.
    static final int MAX_CHUNKS_PER_SECOND = 20_000;

    private static final int HEARTBEAT_INFO = 1;
    private static final int HEARTBEAT_INFO_BYTES = Parameter.HEADER_BYTES + 8;

    private final Agreement agreement;
    private final Outbox outbox;
    private final RoundTrip roundTrip = new RoundTrip();
    private final SendQueue queue;
    private final Inbox inbox;
    private final Channels channels;
    private final StreamResets resets;
    private final Rate chunkRate = new Rate(MAX_CHUNKS_PER_SECOND);
    private long heartbeatNanos = Long.MAX_VALUE;
    private int failures;
    private long nowNanos;

    Transfer(Agreement agreement, long initialTsn, Outbox outbox, SctpEvents events) {
        this.agreement = agreement;
        this.outbox = outbox;
        this.queue = new SendQueue(initialTsn, roundTrip, agreement);
        this.channels = new Channels(new Line(), events);
        this.inbox =
                new Inbox(agreement.peerInitialTsn(), (id, ppid, data) -> channels.received(id, ppid, data, nowNanos));
        this.resets = new StreamResets(initialTsn, agreement.peerInitialTsn(), channels);
    }

    Agreement agreement() {
        return agreement;
    }

    Channels channels() {
        return channels;
    }

    void begin(long now) {
        heartbeatNanos = now + HEARTBEAT_NANOS;
    }

    /// The association is being shut down: no more streams are reset, RFC 6525 5.1.1.
    void stopResets() {
        resets.stop();
    }

    /// Whether nothing waits and everything was acknowledged.
    boolean idle() {
        return queue.idle();
    }

    long cumulativeTsn() {
        return inbox.cumulativeTsn() & 0xFFFF_FFFFL;
    }

    SctpAssociation.Statistics statistics(long ignored) {
        return new SctpAssociation.Statistics(
                channels.count(),
                channels.received(),
                channels.dropped(),
                queue.abandoned(),
                queue.retransmitted(),
                inbox.heldBytes(),
                queue.waitingBytes(),
                queue.flightBytes(),
                roundTrip.smoothedNanos(),
                ignored);
    }

    /// @throws MalformedException for what no honest peer sends
    void data(Chunk.Data data, long now) {
        nowNanos = now;
        if (!chunkRate.take(1, now)) {
            throw new MalformedException("SCTP: more than %d chunks a second".formatted(MAX_CHUNKS_PER_SECOND));
        }
        inbox.data(data);
    }

    void forward(Chunk.ForwardTsn forward, long now) {
        nowNanos = now;
        inbox.forward(forward);
    }

    void endOfPacket(long now) {
        inbox.endOfPacket(now);
        Parameter performed = resets.proceed(inbox.cumulativeTsn());
        if (performed != null) {
            outbox.add(new Chunk.Reconfig(List.of(performed)));
        }
    }

    void acknowledge(Chunk.Sack sack, long now) {
        // A peer whose window is shut answers too.
        if (queue.acknowledge(sack, now) || sack.receiverWindow() < SendQueue.FRAGMENT_BYTES) {
            failures = 0;
        }
    }

    void reconfigure(Chunk.Reconfig reconfig) {
        List<Parameter> answers = reconfig.parameters().stream()
                .map(parameter -> resets.handle(parameter, inbox.cumulativeTsn()))
                .filter(Objects::nonNull)
                .toList();
        if (!answers.isEmpty()) {
            outbox.add(new Chunk.Reconfig(answers));
        }
    }

    void heartbeat(Chunk.Heartbeat beat, long now) {
        if (!beat.ack()) {
            if (beat.parameters().length() <= Causes.MAX_QUOTED_BYTES) {
                outbox.add(new Chunk.Heartbeat(true, beat.parameters()));
            }
            return;
        }
        ByteReader in = beat.parameters().reader();
        if (in.remaining() >= HEARTBEAT_INFO_BYTES && in.u32() == (HEARTBEAT_INFO << 16 | HEARTBEAT_INFO_BYTES)) {
            long sentNanos = in.i64();
            if (sentNanos <= now && now - sentNanos <= HEARTBEAT_NANOS) {
                failures = 0;
            }
        }
    }

    long deadlineNanos() {
        return Math.min(
                Math.min(queue.deadlineNanos(), heartbeatNanos),
                Math.min(inbox.deadlineNanos(), resets.deadlineNanos()));
    }

    /// False if the peer does not answer any more.
    boolean timers(long now) {
        if (queue.deadlineNanos() <= now) {
            queue.timedOut(now);
            failures++;
        }
        if (heartbeatNanos <= now) {
            heartbeatNanos = now + HEARTBEAT_NANOS;
            Bytes info = new ByteWriter(8).u64(now).handOver();
            outbox.add(new Chunk.Heartbeat(false, new Parameter(HEARTBEAT_INFO, info).toBytes()));
            failures++;
        }
        return failures <= MAX_RETRANSMITS;
    }

    void resetStreams(long now) {
        Chunk request =
                resets.next(queue.lastTsn() & 0xFFFF_FFFFL, id -> !queue.carries(id), now, roundTrip.timeoutNanos());
        if (request != null) {
            outbox.add(request);
        }
    }

    /// Sends what may be sent now.
    ///
    /// @param sends whether DATA may be among it
    void flush(boolean sends, long now) {
        Chunk sack = inbox.sack(now);
        if (sack != null) {
            outbox.add(sack);
        }
        outbox.flush(agreement.peerTag(), sends ? queue : null, now);
    }

    /// What the channels need.
    private final class Line implements Channels.Line {
        @Override
        public boolean send(OutgoingMessage message) {
            return queue.offer(message);
        }

        @Override
        public void reset(int id) {
            if (agreement.resetsStreams()) {
                resets.want(id);
            }
        }

        @Override
        public List<Integer> peerStreams() {
            return inbox.streamIds();
        }

        @Override
        public void forgetOwn(int id) {
            queue.reset(id);
        }

        @Override
        public void forgetPeer(int id) {
            inbox.reset(id);
        }
    }
}
