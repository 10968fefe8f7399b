package tapedeck.protocol.rtmp;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.net.EventLoops;
import tapedeck.net.Tunnel;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.rights.HttpEntrance;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.Streams;

/// RTMPT: RTMP in requests of HTTP, for peers whom nothing else lets through. Each request brings bytes and takes away
/// what waits, behind one byte that says how long the peer may wait before it asks again.
///
/// ```
/// POST /open/1          → "SESSION\n"
/// POST /send/SESSION/N  bytes    → interval (8) | bytes
/// POST /idle/SESSION/N  00       → interval (8) | bytes
/// POST /close/SESSION/N 00       → 00
/// ```
public final class RtmptServer implements AutoCloseable {
    static final int MAX_SESSIONS = 256;
    static final int MAX_SESSIONS_PER_ADDRESS = 32;
    /// Of one request: a keyframe of the largest kind, in its chunks.
    static final int MAX_BODY_BYTES = 4 << 20;
    /// Of one answer; the rest comes with the next.
    static final int MAX_ANSWER_BYTES = 1 << 20;
    /// A peer that asks for nothing for so long is gone.
    static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);

    static final String CONTENT_TYPE = "application/x-fcs";

    /// The longer nothing comes, the less often the peer asks: its unit is about 16 ms.
    private static final int[] INTERVALS = {0x01, 0x03, 0x05, 0x09, 0x11, 0x21};

    private static final int EMPTY_PER_INTERVAL = 10;
    private static final int ID_BYTES = 16;

    private static final class Session {
        private final Tunnel tunnel;
        private final InetAddress from;
        /// One request at a time.
        private final ReentrantLock turn = new ReentrantLock();
        private volatile long askedNanos = System.nanoTime();

        // Guarded by the turn.
        private long sequence = -1;
        private int empty;

        Session(Tunnel tunnel, InetAddress from) {
            this.tunnel = tunnel;
            this.from = from;
        }

        int interval(boolean nothing) {
            empty = nothing ? empty + 1 : 0;
            return INTERVALS[Math.min(empty / EMPTY_PER_INTERVAL, INTERVALS.length - 1)];
        }
    }

    private final Rights rights;
    private final EventLoops loops;
    private final Streams streams;
    private final long idleNanos;
    private final SecureRandom random = new SecureRandom();
    private final HttpEntrance entrance;
    private final Map<String, Session> sessions = new ConcurrentHashMap<>();

    public RtmptServer(Rights rights, EventLoops loops, Streams streams) {
        this(rights, loops, streams, IDLE_NANOS);
    }

    RtmptServer(Rights rights, EventLoops loops, Streams streams, long idleNanos) {
        this.rights = rights;
        this.loops = loops;
        this.streams = streams;
        this.idleNanos = idleNanos;
        // For the address alone: the conversation asks for rights itself.
        this.entrance = new HttpEntrance(rights, Request.Action.PUBLISH, "rtmp");
    }

    /// Serves a port of HTTP; a session may come by any of them.
    public void serve(HttpRoutes routes) {
        routes.add("POST", "/fcs/ident2", this::ident)
                .add("POST", "/open/1", this::open)
                .add("POST", "/send/*", exchange -> exchange(exchange, exchange.body(MAX_BODY_BYTES)))
                .add("POST", "/idle/*", exchange -> idle(exchange))
                .add("POST", "/close/*", this::close);
    }

    /// Flash asks by which address it should come, and comes by the one it has.
    private void ident(HttpExchange exchange) throws Exception {
        demandType(exchange);
        exchange.respond(200, CONTENT_TYPE, Bytes.EMPTY);
    }

    /// Nothing that a page of another site may send without being asked for.
    private static void demandType(HttpExchange exchange) throws HttpProblem {
        if (!exchange.header("Content-Type").orElse("").strip().equalsIgnoreCase(CONTENT_TYPE)) {
            throw new HttpProblem(415, "Content-Type has to be " + CONTENT_TYPE);
        }
    }

    private void open(HttpExchange exchange) throws Exception {
        demandType(exchange);
        InetAddress from = entrance.client(exchange);
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        InetSocketAddress peer = new InetSocketAddress(from, exchange.peer().getPort());
        synchronized (this) {
            long same = sessions.values().stream()
                    .filter(session -> session.from.equals(from))
                    .count();
            if (sessions.size() >= MAX_SESSIONS || same >= MAX_SESSIONS_PER_ADDRESS) {
                throw new HttpProblem(
                        503,
                        "there are %d sessions of RTMPT already"
                                .formatted(same >= MAX_SESSIONS_PER_ADDRESS ? same : sessions.size()));
            }
            Session session = new Session(
                    Tunnel.open(
                            loops,
                            peer,
                            exchange.secure(),
                            connection -> new RtmpSession(connection, streams, rights, random)),
                    from);
            sessions.put(id, session);
            watch(id, session, idleNanos);
        }
        exchange.respond(200, CONTENT_TYPE, Bytes.ofUtf8(id + "\n"));
    }

    private void watch(String id, Session session, long nanos) {
        session.tunnel.after(nanos, () -> {
            long leftNanos = idleNanos - (System.nanoTime() - session.askedNanos);
            if (leftNanos > 0) {
                watch(id, session, leftNanos);
            } else {
                Thread.ofVirtual()
                        .name("rtmpt-idle")
                        .start(() -> end(
                                id,
                                session,
                                "the peer asked for nothing for %d s"
                                        .formatted(TimeUnit.NANOSECONDS.toSeconds(idleNanos))));
            }
        });
    }

    private void end(String id, Session session, String reason) {
        sessions.remove(id, session);
        session.tunnel.close(reason);
    }

    private void idle(HttpExchange exchange) throws Exception {
        // One byte that says nothing.
        exchange.body(ID_BYTES);
        exchange(exchange, Bytes.EMPTY);
    }

    private void exchange(HttpExchange exchange, Bytes received) throws Exception {
        demandType(exchange);
        String[] parts = exchange.pathRest().split("/", 2);
        Session session = session(parts[0]);
        session.turn.lock();
        try {
            // Bytes that come twice, or in another order, are none of RTMP's.
            long sequence = sequence(parts);
            if (sequence <= session.sequence) {
                end(parts[0], session, "RTMPT: request %d after %d".formatted(sequence, session.sequence));
                throw new HttpProblem(400, "request %d after %d".formatted(sequence, session.sequence));
            }
            session.sequence = sequence;
            session.askedNanos = System.nanoTime();
            Bytes answer = session.tunnel.exchange(received, MAX_ANSWER_BYTES);
            if (!session.tunnel.isOpen()) {
                sessions.remove(parts[0], session);
                if (answer.isEmpty()) {
                    throw gone();
                }
            }
            exchange.respond(
                    200,
                    CONTENT_TYPE,
                    new ByteWriter(1 + answer.length())
                            .u8(session.interval(answer.isEmpty()))
                            .bytes(answer)
                            .toBytes());
        } finally {
            session.turn.unlock();
        }
    }

    private static long sequence(String[] parts) throws HttpProblem {
        if (parts.length < 2 || !parts[1].matches("\\d{1,18}")) {
            throw new HttpProblem(400, "the path has to be SESSION/NUMBER");
        }
        return Long.parseLong(parts[1]);
    }

    private Session session(String id) throws HttpProblem {
        Session session = sessions.get(id);
        if (session == null) {
            throw gone();
        }
        return session;
    }

    private static HttpProblem gone() {
        return new HttpProblem(404, "no such session");
    }

    private void close(HttpExchange exchange) throws Exception {
        demandType(exchange);
        String id = exchange.pathRest().split("/", 2)[0];
        end(id, session(id), "the peer closed the tunnel");
        exchange.respond(200, CONTENT_TYPE, Bytes.ofU8(0));
    }

    /// That are open, for tests.
    int open() {
        return sessions.size();
    }

    /// Ends all: what they published ends, so that recordings finish.
    @Override
    public void close() {
        for (Map.Entry<String, Session> one : List.copyOf(sessions.entrySet())) {
            end(one.getKey(), one.getValue(), "the server stops");
        }
    }
}
