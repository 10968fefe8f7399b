package tapedeck.relay;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.stream.CountedSession;
import tapedeck.stream.Publisher;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.StreamName;

/// One pull or push: a thread that connects, waits and connects again until somebody ends it.
final class Relay {
    /// Connections that fail in a row before one that was asked for over REST is given up; those of settings never are.
    static final int MAX_FAILURES = 10;
    /// A connection that lasted so long makes up for the failures before it.
    static final long STEADY_NANOS = 10_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(Relay.class);
    private static final Set<String> DATAGRAM_SCHEMES = Set.of("udp", "rtp");

    /// What is to be done, and for whom.
    ///
    /// @param configured whether a setting asks for it
    record Order(StreamName name, RelayAddress address, Map<String, String> options, boolean configured) {}

    private record Progress(RelayReport.State state, Instant since) {
        static Progress now(RelayReport.State state) {
            return new Progress(state, Instant.now());
        }
    }

    private final String id = UUID.randomUUID().toString();
    private final Instant startedAt = Instant.now();
    private final Order order;
    private final RelayNetwork network;
    private final Consumer<Relay> ended;
    private final RelayWork work;
    private final Session session;
    private final Thread thread;
    private final Backoff backoff;

    private volatile Progress progress = Progress.now(RelayReport.State.WAITING);
    private final AtomicLong attempts = new AtomicLong();
    private volatile String lastError = "";
    private volatile String leftOut = "";
    private volatile @Nullable String endReason;
    private volatile long activeNanos;
    private volatile boolean connected;

    /// What can be done with the connection of the moment.
    Optional<PullControls> controls() {
        return work.controls();
    }

    /// @param work what it does
    /// @param ended told when it is over
    Relay(Order order, RelayNetwork network, Backoff backoff, Function<Relay, RelayWork> work, Consumer<Relay> ended) {
        this.order = order;
        this.backoff = backoff;
        this.network = network;
        this.ended = ended;
        this.work = work.apply(this);
        session = new CountedSession(identity(), this.work::tracks, this::end);
        thread = Thread.ofVirtual().name(toString()).unstarted(this::run);
    }

    private CountedSession.Identity identity() {
        RelayAddress address = order.address();
        String transport = address.isEncrypted() ? "tls" : "tcp";
        String protection = address.isEncrypted() ? "TLS" : "none";
        // Signalled over TCP, but that is not where the media goes.
        boolean webrtc = work.protocol() == Publisher.Protocol.WEBRTC;
        boolean datagrams = webrtc || DATAGRAM_SCHEMES.contains(address.scheme());
        return new CountedSession.Identity(
                id,
                switch (work.direction()) {
                    case PULL -> SessionReport.Direction.PUBLISHES;
                    case PUSH -> SessionReport.Direction.PLAYS;
                },
                order.name(),
                work.protocol(),
                datagrams ? "udp" : transport,
                address.hostAndPort(),
                webrtc ? "DTLS-SRTP" : protection);
    }

    /// For logs and REST.
    private String shown() {
        return isPush() ? order.address().shownTarget() : order.address().shown();
    }

    boolean isPush() {
        return work.direction() == RelayReport.Direction.PUSH;
    }

    Session session() {
        return session;
    }

    void start() {
        thread.start();
    }

    String id() {
        return id;
    }

    Order order() {
        return order;
    }

    RelayWork work() {
        return work;
    }

    boolean isConfigured() {
        return order.configured();
    }

    /// Ends it; from any thread.
    void end(String reason) {
        endReason = reason;
        thread.interrupt();
    }

    void awaitEnd(Duration most) throws InterruptedException {
        thread.join(most);
    }

    /// The connection cannot go on, the relay can: its client gets an InterruptedException.
    void interruptConnection() {
        thread.interrupt();
    }

    /// Media flows.
    void active() {
        if (progress.state() == RelayReport.State.CONNECTING) {
            activeNanos = System.nanoTime();
            connected = true;
            progress = Progress.now(RelayReport.State.ACTIVE);
            log.info("{}: connected", this);
        }
    }

    /// The connection of the moment is not of the whole stream.
    void leavesOut(String why) {
        if (!why.equals(leftOut)) {
            leftOut = why;
            if (!why.isEmpty()) {
                log.info("{}: {}", this, why);
            }
        }
    }

    /// Whether its name is free again.
    boolean isOver() {
        return progress.state() == RelayReport.State.ENDED;
    }

    void waits(String why) {
        lastError = why;
        if (progress.state() != RelayReport.State.WAITING) {
            progress = Progress.now(RelayReport.State.WAITING);
        }
    }

    private void run() {
        String reason = "a bug ended it";
        try {
            reason = repeat();
        } catch (InterruptedException e) {
            reason = String.valueOf(endReason);
        } catch (RuntimeException bug) {
            log.error("{}: a bug ends this relay", this, bug);
        } finally {
            if (lastError.isEmpty()) {
                lastError = reason;
            }
            work.close(reason);
            progress = Progress.now(RelayReport.State.ENDED);
            log.info("{}: ended: {}", this, reason);
            ended.accept(this);
        }
    }

    /// @return why it is over
    private String repeat() throws InterruptedException {
        int failures = 0;
        while (work.awaitReason()) {
            progress = Progress.now(RelayReport.State.CONNECTING);
            attempts.incrementAndGet();
            connected = false;
            @Nullable String failure = attempt();
            if (failure != null) {
                lastError = failure;
            }
            if (endReason != null) {
                return String.valueOf(endReason);
            }
            if (connected && System.nanoTime() - activeNanos > STEADY_NANOS) {
                backoff.reset();
                failures = 0;
            }
            failures++;
            if (!order.configured()) {
                if (failure == null) {
                    return "the stream is over";
                }
                if (refused || failures == MAX_FAILURES) {
                    return "given up: " + failure;
                }
            }
            pause(failure);
        }
        return "the stream is over";
    }

    // Only on its own thread.
    private boolean refused;
    private String loggedError = "";

    /// @return what went wrong, or null
    private @Nullable String attempt() throws InterruptedException {
        refused = false;
        try {
            RelayTarget target = network.target(order.address(), order.options(), 0);
            work.connect(target);
            return null;
        } catch (RelayRefusedException e) {
            refused = true;
            return message(e);
        } catch (IOException | MalformedException e) {
            return message(e);
        }
    }

    private String message(Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return order.address().hiddenIn(message, isPush());
    }

    private void pause(@Nullable String failure) throws InterruptedException {
        if (refused) {
            backoff.longest();
        }
        long waitNanos = backoff.nextNanos();
        waits(failure == null ? "" : failure);
        if (failure != null && !failure.equals(loggedError)) {
            // The same again every 30 s tells nobody anything.
            log.info("{}: {}; tried again in {} s", this, failure, Math.ceilDiv(waitNanos, 1_000_000_000L));
        }
        loggedError = connected || failure == null ? "" : failure;
        long untilNanos = System.nanoTime() + waitNanos;
        for (long now = System.nanoTime(); now - untilNanos < 0; now = System.nanoTime()) {
            Thread.sleep(Duration.ofNanos(Math.min(untilNanos - now, work.idle(now))));
        }
        long _ = work.idle(System.nanoTime());
    }

    RelayReport relayReport() {
        Progress now = progress;
        return new RelayReport(
                id,
                work.direction(),
                order.name(),
                shown(),
                work.mediaSessionId(),
                now.state(),
                attempts.get(),
                lastError,
                leftOut,
                startedAt,
                now.since(),
                order.configured());
    }

    /// For logs: without secrets.
    @Override
    public String toString() {
        return switch (work.direction()) {
            case PULL -> "pull \"%s\" from %s".formatted(order.name(), shown());
            case PUSH -> "push \"%s\" to %s".formatted(order.name(), shown());
        };
    }
}
