package tapedeck.protocol.webrtc.transport;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.settings.Announced;

/// The one port of all sessions: UDP, and TCP on the same number. Its first byte says what a datagram is (RFC 7983 7);
/// a connectivity check finds its session by our ufrag, everything else by a path that such a check has proved. What
/// belongs to nobody gets no answer, so that nothing can be reflected or amplified.
///
/// All sessions live on the port's event loop; other threads come in by [#execute(Runnable)].
public final class PeerPort implements Turns, AutoCloseable {
    public static final int TICK_MILLIS = 20;
    public static final int MAX_SESSIONS = 4_096;

    private static final Logger log = LoggerFactory.getLogger(PeerPort.class);
    private static final long REPORT_NANOS = TimeUnit.SECONDS.toNanos(10);
    /// How many free UDP ports are tried until the same number is free for TCP.
    private static final int BIND_ATTEMPTS = 20;

    private static final int CLOSE_SECONDS = 2;
    /// What comes back to a session that only sends.
    private static final int FEEDBACK_BUFFER_BYTES = 256 * 1024;

    private final LongSupplier nanoClock;
    private final UdpSocket udp;
    private final @Nullable TcpListener tcp;
    private final EventLoop loop;
    private final PortCounters counters = new PortCounters();

    // All below on the loop only.
    private final Set<PeerTransport> sessions = new LinkedHashSet<>();
    private final Map<String, PeerTransport> byUfrag = new HashMap<>();
    /// Those that are in control: answers to their checks come here.
    private final Set<PeerTransport> checking = new LinkedHashSet<>();
    private final List<TcpLink> unflushed = new ArrayList<>();
    private final List<AddressQuery> queries = new ArrayList<>();
    private @Nullable ScheduledFuture<?> ticking;
    private final byte[] sharedRoom = new byte[UdpSocket.MAX_DATAGRAM_BYTES];
    private final EarlyMedia.Room earlyRoom = new EarlyMedia.Room();
    private int conversations;
    /// Done when no conversation goes on any more.
    private @Nullable CompletableFuture<?> silent;
    private long junkReported;
    private long reportedNanos;

    /// @param port 0 takes a free one
    public PeerPort(EventLoops loops, int port, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.reportedNanos = nanoClock.getAsLong() - REPORT_NANOS;
        UdpSocket socket = null;
        TcpListener listener = null;
        for (int attempt = 1; socket == null || listener == null; attempt++) {
            socket = new UdpSocket(loops, port, this);
            try {
                listener = new TcpListener(loops, socket.loop(), socket.number(), this);
            } catch (Exception e) {
                socket.close();
                // Netty throws it unchecked and undeclared.
                if (port != 0 || attempt == BIND_ATTEMPTS || !((Throwable) e instanceof IOException)) {
                    throw e;
                }
            }
        }
        udp = socket;
        tcp = listener;
        loop = udp.loop();
    }

    /// A port of UDP alone, for one session that we begin ourselves: two sessions with the same peer cannot share one,
    /// as nothing in a packet says which of them it belongs to.
    public PeerPort(EventLoops loops, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.reportedNanos = nanoClock.getAsLong() - REPORT_NANOS;
        udp = new UdpSocket(loops, 0, this, FEEDBACK_BUFFER_BYTES);
        tcp = null;
        loop = udp.loop();
    }

    /// Of UDP and of TCP.
    public int port() {
        return udp.number();
    }

    /// Asks these servers, from now on, how the world sees our UDP socket. Once, before the first session.
    ///
    /// @return what they have said so far; for any thread
    public Supplier<List<InetSocketAddress>> ask(List<Announced.StunServer> servers) {
        List<AddressQuery> asked =
                servers.stream().map(server -> new AddressQuery(server, udp)).toList();
        loop.execute(() -> {
            queries.addAll(asked);
            asked.forEach(AddressQuery::start);
        });
        return () -> asked.stream()
                .map(AddressQuery::mapped)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
    }

    @Override
    public long now() {
        return nanoClock.getAsLong();
    }

    /// Runs `task` on the loop; at once where the caller is on it.
    public void execute(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    int receiveBufferBytes() {
        return udp.receiveBufferBytes();
    }

    boolean onLoop() {
        return loop.inEventLoop();
    }

    @Override
    public void later(Runnable task) {
        loop.execute(task);
    }

    @Override
    public void after(long nanos, Runnable task) {
        var _ = loop.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /// On the loop. False if there are too many.
    public boolean add(PeerTransport transport) {
        if (sessions.size() >= MAX_SESSIONS) {
            return false;
        }
        sessions.add(transport);
        byUfrag.put(transport.localUfrag(), transport);
        if (transport.isInControl()) {
            checking.add(transport);
        }
        if (ticking == null) {
            ticking = loop.scheduleAtFixedRate(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }
        return true;
    }

    /// On the loop.
    void remove(PeerTransport transport) {
        sessions.remove(transport);
        checking.remove(transport);
        ScheduledFuture<?> timer = ticking;
        if (sessions.isEmpty() && timer != null) {
            timer.cancel(false);
            ticking = null;
        }
    }

    /// Checks that name `ufrag` are for `transport`.
    void listen(String ufrag, PeerTransport transport) {
        byUfrag.put(ufrag, transport);
    }

    void unlisten(String ufrag, PeerTransport transport) {
        byUfrag.remove(ufrag, transport);
    }

    void flushLater(TcpLink link) {
        unflushed.add(link);
    }

    byte[] sharedRoom() {
        return sharedRoom;
    }

    EarlyMedia.Room earlyRoom() {
        return earlyRoom;
    }

    @Override
    public void flush() {
        udp.flush();
        for (int i = 0; i < unflushed.size(); i++) {
            unflushed.get(i).flush();
        }
        unflushed.clear();
    }

    PortCounters counters() {
        return counters;
    }

    /// For the metrics.
    public void countersTo(BoundPorts ports) {
        counters.registerWith(ports);
    }

    /// What the port counts, for the log and the metrics.
    ///
    /// @param connections over TCP, those that have not proved anything included
    /// @param refused TCP connections beyond the limits
    /// @param junk datagrams that belong to nobody
    /// @param unwritten datagrams that peers over TCP did not take in time
    /// @param overflowed datagrams that the kernel dropped because we did not read in time; looked at every 10 s
    public record Statistics(int sessions, int connections, long refused, long junk, long unwritten, long overflowed) {}

    /// On the loop.
    public Statistics statistics() {
        return new Statistics(
                sessions.size(),
                tcp == null ? 0 : tcp.open(),
                counters.refused.get(),
                counters.junk.get(),
                counters.unwritten.get(),
                counters.overflowed.get());
    }

    /// Ends all sessions; returns when their peers were told, if that is soon.
    @Override
    public void close() {
        TcpListener listening = tcp;
        if (listening != null) {
            listening.close();
        }
        CompletableFuture<?> told = new CompletableFuture<>();
        loop.execute(() -> {
            silent = told;
            queries.forEach(AddressQuery::close);
            List.copyOf(sessions).forEach(t -> t.close("the server is shutting down"));
            conversations(0);
        });
        try {
            told.get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.warn("WebRTC port: some sessions did not end in time");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (listening != null) {
            loop.submit(listening::closeConnections).syncUninterruptibly();
        }
        udp.close();
    }

    /// So many more DTLS conversations go on.
    void conversations(int more) {
        conversations += more;
        CompletableFuture<?> waiting = silent;
        if (conversations == 0 && waiting != null) {
            waiting.complete(null);
        }
    }

    private void tick() {
        long now = now();
        for (PeerTransport transport : sessions.toArray(PeerTransport[]::new)) {
            try {
                transport.tick(now);
            } catch (RuntimeException bug) {
                failed(transport, bug);
            }
        }
        flush();
    }

    /// RFC 7983 7.
    static boolean isStun(int firstByte) {
        return firstByte < 4;
    }

    /// One datagram at `[0, length)`, not empty; the array is used again.
    void received(Path path, byte[] bytes, int length) {
        int first = bytes[0] & 0xFF;
        if (isStun(first)) {
            check(path, Bytes.wrap(Arrays.copyOf(bytes, length)));
            return;
        }
        PeerTransport owner = path.owner();
        if (owner == null) {
            counters.junk.incrementAndGet();
            return;
        }
        try {
            if (first >= 128 && first <= 191) {
                owner.media(bytes, length, now());
            } else if (first >= 20 && first <= 63) {
                owner.dtls(Bytes.wrap(Arrays.copyOf(bytes, length)));
            } else {
                counters.junk.incrementAndGet();
            }
        } catch (RuntimeException bug) {
            failed(owner, bug);
        }
    }

    /// A datagram that may be a connectivity check. The session is named by the part of USERNAME before the colon,
    /// RFC 8445 7.2.2.
    private void check(Path path, Bytes datagram) {
        StunMessage message;
        try {
            message = StunMessage.parse(datagram);
        } catch (MalformedException e) {
            counters.junk.incrementAndGet();
            return;
        }
        PeerTransport transport = session(message).orElse(null);
        if (transport == null && answers(message, path)) {
            return;
        }
        if (transport == null) {
            counters.junk.incrementAndGet();
            return;
        }
        try {
            if (!transport.check(message, path, now())) {
                counters.junk.incrementAndGet();
            }
        } catch (RuntimeException bug) {
            failed(transport, bug);
        }
    }

    /// A way to where nobody was heard from yet.
    Path pathTo(InetSocketAddress address) {
        return new Path(udp, address);
    }

    private boolean answers(StunMessage message, Path path) {
        for (PeerTransport transport : checking) {
            try {
                if (transport.answered(message, path, now())) {
                    return true;
                }
            } catch (RuntimeException bug) {
                failed(transport, bug);
                return true;
            }
        }
        if (message.type() != StunMessage.BINDING_REQUEST && path.link() == udp) {
            for (AddressQuery query : queries) {
                if (query.answered(message, path.address())) {
                    return true;
                }
            }
        }
        return false;
    }

    private Optional<PeerTransport> session(StunMessage message) {
        return message.attribute(StunMessage.USERNAME).map(attribute -> {
            String username = attribute.value().toUtf8();
            int colon = username.indexOf(':');
            return colon < 0 ? null : byUfrag.get(username.substring(0, colon));
        });
    }

    /// A bug in one session ends that session.
    static void failed(PeerTransport transport, RuntimeException bug) {
        log.error("WebRTC session failed", bug);
        try {
            transport.close("internal error");
        } catch (RuntimeException again) {
            // The port and all other sessions go on.
            log.error("WebRTC session did not close well", again);
        }
    }

    /// All that could be read at once was read.
    void turnDone() {
        flush();
        long now = now();
        if (now - reportedNanos >= REPORT_NANOS) {
            reportedNanos = now;
            report();
        }
    }

    private void report() {
        long junk = counters.junk.get();
        if (junk > junkReported) {
            log.info("WebRTC port: {} datagrams that belong to nobody were dropped", junk - junkReported);
            junkReported = junk;
        }
        // Its table is as long as the machine has sockets.
        Thread.ofVirtual().name("socket-drops").start(() -> {
            long drops = SocketDrops.of(port());
            if (!loop.isShuttingDown()) {
                loop.execute(() -> overflowed(drops));
            }
        });
    }

    private void overflowed(long drops) {
        long overflowed = counters.overflowed.getAndSet(drops);
        if (drops > overflowed) {
            log.warn(
                    "WebRTC port: the kernel dropped {} datagrams, because this server did not read them in time",
                    drops - overflowed);
        }
    }
}
