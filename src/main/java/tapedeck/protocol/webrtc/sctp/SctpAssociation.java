package tapedeck.protocol.webrtc.sctp;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One association, RFC 9260, over a DTLS connection (RFC 8261), with its data channels (RFC 8831).
///
/// Packets and the time go in, packets and events come out; the owner calls [#poll] when [#nextDeadlineNanos] has come.
/// Used by one thread. Both sides may begin at once (RFC 9260 5.2). A packet that cannot be read changes nothing and is
/// told by a [MalformedException]; a peer that breaks the rules loses the association, and nothing else.
public final class SctpAssociation {
    /// RFC 8831 5 has the path's MTU found out; 1,200 bytes of DTLS record (the limit of our handshake too) pass
    /// everywhere, and its overhead is 37 bytes with GCM.
    public static final int MAX_PACKET_BYTES = 1_150;
    public static final int MAX_MESSAGE_BYTES = Reassembly.MAX_MESSAGE_BYTES;
    public static final int MAX_CHANNELS = Channels.MAX_CHANNELS;
    /// `a=sctp-port` of all browsers, and of ours.
    public static final int PORT = 5_000;

    static final int RECEIVE_WINDOW_BYTES = 128 * 1024;
    /// RFC 9260 6.2 allows 500.
    static final long SACK_DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private enum State {
        CLOSED,
        COOKIE_WAIT,
        COOKIE_ECHOED,
        ESTABLISHED,
        SHUTDOWN_PENDING,
        SHUTDOWN_SENT,
        SHUTDOWN_RECEIVED,
        SHUTDOWN_ACK_SENT,
        ENDED
    }

    private final int remotePort;
    private final int maxSendBytes;
    private final SctpEvents events;
    private final Handshake handshake;
    private final Outbox outbox;
    private final Attempts setup = new Attempts();

    private State state = State.CLOSED;
    private @Nullable Transfer peer;
    private Bytes cookie = Bytes.EMPTY;
    private boolean working;
    private long nowNanos;
    private long ignored;

    /// @param remotePort `a=sctp-port` of the peer
    /// @param maxSendBytes `a=max-message-size` of the peer
    /// @param random for tags and secrets: unpredictable, but in tests
    public SctpAssociation(int remotePort, int maxSendBytes, RandomGenerator random, SctpEvents events) {
        this.remotePort = remotePort;
        this.maxSendBytes = maxSendBytes;
        this.events = events;
        this.outbox = new Outbox(remotePort, events::send);
        this.handshake = new Handshake(random);
    }

    /// @param roundTripNanos -1 before the first measurement
    /// @param ignored packets and chunks that meant nothing to this association
    public record Statistics(
            int channels,
            long messagesReceived,
            long messagesDropped,
            long messagesAbandoned,
            long retransmitted,
            int heldBytes,
            int waitingBytes,
            int flightBytes,
            long roundTripNanos,
            long ignored) {}

    public Statistics statistics() {
        Transfer known = peer;
        return known == null ? new Statistics(0, 0, 0, 0, 0, 0, 0, 0, -1, ignored) : known.statistics(ignored);
    }

    public boolean established() {
        return state == State.ESTABLISHED;
    }

    /// Sends INIT. Without it the association waits for the peer's.
    public void connect(long nowNanos) {
        if (state == State.CLOSED) {
            work(nowNanos, () -> {
                state = State.COOKIE_WAIT;
                beginSetup();
            });
        }
    }

    /// @throws MalformedException if the packet cannot be read; nothing has changed then
    public void receive(Bytes packet, long nowNanos) {
        if (state == State.ENDED) {
            return;
        }
        SctpPacket parsed = SctpPacket.parse(packet);
        if (parsed.sourcePort() != remotePort || parsed.destinationPort() != PORT) {
            throw new MalformedException(
                    "SCTP: from port %d to %d".formatted(parsed.sourcePort(), parsed.destinationPort()));
        }
        work(nowNanos, () -> process(parsed));
    }

    /// Does what the time demands.
    public void poll(long nowNanos) {
        if (nextDeadlineNanos() <= nowNanos) {
            work(nowNanos, this::timers);
        }
    }

    /// [Long#MAX_VALUE] if there is nothing to wait for.
    public long nextDeadlineNanos() {
        if (state == State.ENDED) {
            return Long.MAX_VALUE;
        }
        Transfer known = peer;
        return known == null ? setup.deadlineNanos() : Math.min(setup.deadlineNanos(), known.deadlineNanos());
    }

    /// Opens a channel; null if the association is not up or has too many. Messages may follow at once.
    public @Nullable DataChannel open(
            String label, String protocol, boolean ordered, DataChannel.Reliability how, long nowNanos) {
        Transfer known = peer;
        if (state != State.ESTABLISHED || known == null) {
            return null;
        }
        DataChannel channel = known.channels()
                .open(label, protocol, ordered, how, known.agreement().outboundStreams());
        work(nowNanos, () -> {});
        return channel;
    }

    /// False if the message was not taken: too much waits, the channel is closed, or the peer takes none of this size.
    public boolean send(DataChannel channel, ChannelMessage message, long nowNanos) {
        Transfer known = peer;
        if (state != State.ESTABLISHED
                || known == null
                || maxSendBytes > 0 && message.data().length() > maxSendBytes) {
            return false;
        }
        boolean taken = known.channels().send(channel, message, nowNanos);
        work(nowNanos, () -> {});
        return taken;
    }

    /// Closes a channel, once what waits for it has arrived.
    public void close(DataChannel channel, String reason, long nowNanos) {
        Transfer known = peer;
        if (known != null && state == State.ESTABLISHED) {
            work(nowNanos, () -> known.channels().close(channel, reason));
        }
    }

    /// Ends the association when all that waits has arrived, RFC 9260 9.2.
    public void shutdown(long nowNanos) {
        switch (state) {
            case ESTABLISHED -> work(nowNanos, () -> state = State.SHUTDOWN_PENDING);
            case CLOSED, COOKIE_WAIT, COOKIE_ECHOED -> end("shut down");
            case SHUTDOWN_PENDING, SHUTDOWN_SENT, SHUTDOWN_RECEIVED, SHUTDOWN_ACK_SENT, ENDED -> {}
        }
    }

    /// Ends the association at once, RFC 9260 9.1.
    public void abort(String reason) {
        abort(Causes.USER_ABORT, reason);
    }

    private void abort(int cause, String reason) {
        Transfer known = peer;
        if (known != null && state != State.ENDED) {
            outbox.alone(known.agreement().peerTag(), Causes.abort(cause, reason));
        }
        end(reason);
    }

    private void end(String reason) {
        if (state != State.ENDED) {
            state = State.ENDED;
            outbox.clear();
            events.ended(reason);
        }
    }

    /// One step, and all packets that follow from it. Calls from inside events join the step under way.
    private void work(long nowNanos, Runnable step) {
        this.nowNanos = nowNanos;
        if (working) {
            step.run();
            return;
        }
        working = true;
        try {
            step.run();
            if (state != State.ENDED) {
                flush();
            }
        } catch (MalformedException violation) {
            abort(Causes.PROTOCOL_VIOLATION, String.valueOf(violation.getMessage()));
        } finally {
            working = false;
        }
    }

    private void process(SctpPacket packet) {
        Chunk first = packet.chunks().getFirst();
        if (first instanceof Chunk.Init init && !init.ack()) {
            // RFC 9260 8.5.1 A: alone, and with tag 0.
            if (packet.chunks().size() == 1 && packet.verificationTag() == 0 && Handshake.usable(init)) {
                answer(init);
            } else {
                ignored++;
            }
            return;
        }
        if (first instanceof Chunk.CookieEcho echo ? !take(echo, packet.verificationTag()) : !tagged(packet, first)) {
            ignored++;
            return;
        }
        Set<Class<?>> kinds = new HashSet<>();
        for (Chunk chunk : packet.chunks()) {
            // But for DATA, nobody has a use for two of a kind, and some are work.
            if (!(chunk instanceof Chunk.Data) && !kinds.add(chunk.getClass())) {
                ignored++;
            } else if (state == State.ENDED || !process(chunk)) {
                break;
            }
        }
        Transfer known = peer;
        if (known != null) {
            known.endOfPacket(nowNanos);
        }
    }

    /// RFC 9260 8.5.
    private boolean tagged(SctpPacket packet, Chunk first) {
        boolean reflected = first instanceof Chunk.Abort abort && abort.reflected()
                || first instanceof Chunk.ShutdownComplete complete && complete.reflected();
        Transfer known = peer;
        return reflected
                ? known != null && packet.verificationTag() == known.agreement().peerTag()
                : packet.verificationTag() == handshake.localTag();
    }

    private void answer(Chunk.Init init) {
        // RFC 9260 5.2.1: before the association is up, both may have begun at once.
        Transfer known = setupDone() ? peer : null;
        long tiePeerTag = known == null ? 0 : known.agreement().peerTag();
        outbox.alone(init.initiateTag(), handshake.answer(init, tiePeerTag, nowNanos));
    }

    /// Whether the packet's other chunks count.
    private boolean process(Chunk chunk) {
        Transfer known = peer;
        switch (chunk) {
            case Chunk.Init ack -> {
                return ack.ack() && take(ack);
            }
            case Chunk.CookieEcho _ -> {}
            case Chunk.CookieAck _ -> {
                if (state == State.COOKIE_ECHOED) {
                    establish();
                }
            }
            case Chunk.Abort abort -> end("the peer gave up" + Causes.text(abort.causes()));
            case Chunk.ErrorReport report -> take(report);
            case Chunk.Unknown unknown -> {
                // The same two bits as a parameter's.
                int bits = unknown.type() << 8;
                if (known != null && Parameter.reports(bits)) {
                    outbox.add(Causes.report(Causes.UNRECOGNIZED_CHUNK, unknown.raw()));
                }
                ignored++;
                return Parameter.skips(bits);
            }
            case Chunk.Data _,
                    Chunk.Sack _,
                    Chunk.Heartbeat _,
                    Chunk.Shutdown _,
                    Chunk.ShutdownAck _,
                    Chunk.ShutdownComplete _,
                    Chunk.ForwardTsn _,
                    Chunk.Reconfig _ -> {
                if (known == null || !setupDone()) {
                    ignored++;
                } else {
                    process(chunk, known);
                }
            }
        }
        return true;
    }

    private boolean setupDone() {
        return switch (state) {
            case CLOSED, COOKIE_WAIT, COOKIE_ECHOED -> false;
            case ESTABLISHED, SHUTDOWN_PENDING, SHUTDOWN_SENT, SHUTDOWN_RECEIVED, SHUTDOWN_ACK_SENT, ENDED -> true;
        };
    }

    private void process(Chunk chunk, Transfer known) {
        switch (chunk) {
            case Chunk.Data data -> {
                if (state != State.SHUTDOWN_RECEIVED && state != State.SHUTDOWN_ACK_SENT) {
                    known.data(data, nowNanos);
                }
            }
            case Chunk.Sack sack -> known.acknowledge(sack, nowNanos);
            case Chunk.ForwardTsn forward -> known.forward(forward, nowNanos);
            case Chunk.Reconfig reconfig -> known.reconfigure(reconfig);
            case Chunk.Heartbeat beat -> known.heartbeat(beat, nowNanos);
            case Chunk.Shutdown shutdown -> {
                known.acknowledge(
                        new Chunk.Sack(shutdown.cumulativeTsn(), RECEIVE_WINDOW_BYTES, List.of(), List.of()), nowNanos);
                peerShutsDown();
            }
            case Chunk.ShutdownAck _ -> {
                if (state == State.SHUTDOWN_SENT || state == State.SHUTDOWN_ACK_SENT) {
                    outbox.alone(known.agreement().peerTag(), new Chunk.ShutdownComplete(false));
                    end("shut down");
                }
            }
            case Chunk.ShutdownComplete _ -> {
                if (state == State.SHUTDOWN_ACK_SENT) {
                    end("the peer shut it down");
                }
            }
            case Chunk.Init _,
                    Chunk.CookieEcho _,
                    Chunk.CookieAck _,
                    Chunk.Abort _,
                    Chunk.ErrorReport _,
                    Chunk.Unknown _ -> throw new IllegalStateException(chunk.toString());
        }
    }

    /// INIT ACK, RFC 9260 5.1 C. Whether the packet's other chunks count.
    private boolean take(Chunk.Init ack) {
        if (state != State.COOKIE_WAIT || !Handshake.usable(ack)) {
            ignored++;
            return false;
        }
        Handshake.Answered answered = Handshake.answered(ack);
        if (answered.cookie().length() > MAX_PACKET_BYTES - SctpPacket.HEADER_BYTES - Chunk.HEADER_BYTES) {
            throw new MalformedException(
                    "SCTP: cookie of %d bytes".formatted(answered.cookie().length()));
        }
        cookie = answered.cookie();
        agree(answered.agreement());
        state = State.COOKIE_ECHOED;
        beginSetup();
        for (Parameter unknown : answered.reported()) {
            outbox.add(Causes.report(Causes.UNRECOGNIZED_PARAMETERS, unknown.toBytes()));
        }
        return false;
    }

    private void agree(Agreement agreement) {
        Transfer known = peer;
        if (known == null || !known.agreement().equals(agreement)) {
            peer = new Transfer(agreement, handshake.initialTsn(), outbox, events);
        }
    }

    /// COOKIE ECHO, RFC 9260 5.2.4. Whether the packet's other chunks count.
    private boolean take(Chunk.CookieEcho echo, long tag) {
        Transfer known = peer;
        long peerTag = known == null ? 0 : known.agreement().peerTag();
        return switch (handshake.judge(echo.cookie(), tag, peerTag, setupDone(), nowNanos)) {
            case Handshake.Verdict.Establish begin -> {
                agree(begin.agreement());
                outbox.add(new Chunk.CookieAck());
                establish();
                yield true;
            }
            case Handshake.Verdict.Repeat _ -> {
                outbox.add(new Chunk.CookieAck());
                yield true;
            }
            case Handshake.Verdict.Restart _ -> {
                end("the peer began again");
                yield false;
            }
            case Handshake.Verdict.Stale stale -> {
                outbox.alone(stale.peerTag(), Causes.stale(stale.nanos()));
                yield false;
            }
            case Handshake.Verdict.Ignore _ -> false;
        };
    }

    private void establish() {
        Transfer known = Objects.requireNonNull(peer);
        state = State.ESTABLISHED;
        setup.stop();
        cookie = Bytes.EMPTY;
        known.begin(nowNanos);
        events.opened();
    }

    private void take(Chunk.ErrorReport report) {
        if (state == State.COOKIE_ECHOED && Causes.names(report, Causes.STALE_COOKIE)) {
            // RFC 9260 5.2.6: once more from the beginning; attempts are counted on.
            state = State.COOKIE_WAIT;
            repeatSetup();
        } else {
            ignored++;
        }
    }

    private void peerShutsDown() {
        switch (state) {
            case ESTABLISHED, SHUTDOWN_PENDING -> state = State.SHUTDOWN_RECEIVED;
            case SHUTDOWN_SENT -> {
                state = State.SHUTDOWN_ACK_SENT;
                beginSetup();
            }
            case CLOSED, COOKIE_WAIT, COOKIE_ECHOED, SHUTDOWN_RECEIVED, SHUTDOWN_ACK_SENT, ENDED -> {}
        }
    }

    private void beginSetup() {
        setup.begin();
        repeatSetup();
    }

    /// Sends what the state waits for an answer to.
    private void repeatSetup() {
        if (!setup.again(nowNanos)) {
            end("the peer does not answer");
            return;
        }
        Transfer known = peer;
        long tag = known == null ? 0 : known.agreement().peerTag();
        switch (state) {
            case COOKIE_WAIT -> outbox.alone(0, handshake.init());
            case COOKIE_ECHOED -> outbox.alone(tag, new Chunk.CookieEcho(cookie));
            case SHUTDOWN_SENT -> {
                long cumulative = known == null ? 0 : known.cumulativeTsn();
                outbox.alone(tag, new Chunk.Shutdown(cumulative));
            }
            case SHUTDOWN_ACK_SENT -> outbox.alone(tag, new Chunk.ShutdownAck());
            case CLOSED, ESTABLISHED, SHUTDOWN_PENDING, SHUTDOWN_RECEIVED, ENDED -> setup.stop();
        }
    }

    private void timers() {
        if (setup.deadlineNanos() <= nowNanos) {
            repeatSetup();
        }
        Transfer known = peer;
        if (known != null && state != State.ENDED && !known.timers(nowNanos)) {
            end("the peer does not answer");
        }
    }

    private void flush() {
        Transfer known = peer;
        if (known == null) {
            return;
        }
        if (known.idle() && (state == State.SHUTDOWN_PENDING || state == State.SHUTDOWN_RECEIVED)) {
            state = state == State.SHUTDOWN_PENDING ? State.SHUTDOWN_SENT : State.SHUTDOWN_ACK_SENT;
            beginSetup();
        }
        switch (state) {
            case ESTABLISHED -> {
                known.resetStreams(nowNanos);
                known.flush(true, nowNanos);
            }
            case SHUTDOWN_PENDING, SHUTDOWN_RECEIVED -> {
                known.stopResets();
                known.flush(true, nowNanos);
            }
            case SHUTDOWN_SENT, SHUTDOWN_ACK_SENT -> {
                known.stopResets();
                known.flush(false, nowNanos);
            }
            case COOKIE_ECHOED -> known.flush(false, nowNanos);
            case CLOSED, COOKIE_WAIT, ENDED -> {}
        }
    }
}
