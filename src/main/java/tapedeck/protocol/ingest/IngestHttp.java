package tapedeck.protocol.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpSocket;
import tapedeck.net.http.OwnSite;
import tapedeck.rights.Decision;
import tapedeck.rights.HttpEntrance;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// `/ingest/NAME`: a WebSocket whose binary messages are the recorder's chunks, a `PUT` or `POST` whose body is all of
/// them, or one such request for each chunk with its number (`?seq=N`).
public final class IngestHttp implements AutoCloseable {
    /// One chunk: some seconds of a good camera.
    static final int MAX_CHUNK_BYTES = 16 << 20;

    /// A chunk in a request of its own waits in memory until it is whole: so much of it has to come in each step.
    static final int STEP_BYTES = 1 << 20;

    static final int MAX_SESSION_CHARACTERS = 64;
    static final int RETRY_AFTER_SECONDS = 5;

    private static final Logger log = LoggerFactory.getLogger(IngestHttp.class);
    private static final String PATH = "/ingest/*";
    private static final int PIECE_BYTES = 64 * 1024;
    private static final int LOGIN_CHARACTERS = 8;

    private final HttpEntrance entrance;
    private final Ingests ingests;
    private final Pace pace;
    private final LongSupplier nanoClock;

    /// How slowly a chunk may come.
    ///
    /// @param silence without a byte
    /// @param stepNanos for [#STEP_BYTES], or for all if that is less
    record Pace(Duration silence, long stepNanos) {
        static final Pace USUAL = new Pace(Duration.ofSeconds(30), TimeUnit.SECONDS.toNanos(30));
    }

    public IngestHttp(Rights rights, Streams streams, HttpRoutes routes) {
        this(rights, new Ingests(streams), routes, Pace.USUAL, System::nanoTime);
    }

    IngestHttp(Rights rights, Ingests ingests, HttpRoutes routes, Pace pace, LongSupplier nanoClock) {
        this.ingests = ingests;
        this.pace = pace;
        this.nanoClock = nanoClock;
        this.entrance = HttpEntrance.ofAddresses(rights, Request.Action.PUBLISH, "ingest");
        routes.problemDetails(PATH)
                .add("GET", PATH, this::socket)
                .add("PUT", PATH, this::body)
                .add("POST", PATH, this::body)
                .add("DELETE", PATH, this::finish)
                .add("OPTIONS", PATH, IngestHttp::options);
    }

    /// Who may publish is for rights to say, not for CORS.
    private static void allowOrigins(HttpExchange exchange) {
        exchange.set("Access-Control-Allow-Origin", "*")
                .set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate")
                .set("Cache-Control", "no-store");
    }

    private static void options(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        exchange.set("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE, OPTIONS")
                .set("Access-Control-Allow-Headers", "Authorization, Content-Type")
                .set("Access-Control-Max-Age", "86400")
                .respond(204);
    }

    private void socket(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        if (!exchange.wantsSocket()) {
            exchange.set("Allow", "PUT, POST, DELETE");
            throw new HttpProblem(405, "publish here with PUT, POST or a WebSocket");
        }
        Ingest ingest = open(exchange);
        try {
            exchange.upgrade(socket -> listen(ingest, socket, ingests.budget()));
        } catch (HttpProblem e) {
            ingest.end("no WebSocket");
            throw e;
        }
    }

    /// The publisher is told which chunk comes next: behind an interruption it may still have it.
    private static HttpSocket.Listener listen(Ingest ingest, HttpSocket socket, ByteBudget budget) {
        Runnable hangUp = socket::end;
        long next = ingest.connected(hangUp, System.nanoTime());
        socket.say("{\"next\": %d}".formatted(next));
        return new HttpSocket.Listener() {
            private ByteWriter message = new ByteWriter(0);
            private long number = next;

            @Override
            public void received(Bytes part, boolean last) {
                if (message.length() + part.length() > MAX_CHUNK_BYTES) {
                    refuse(HttpSocket.TOO_LARGE, "a chunk may have at most %d bytes".formatted(MAX_CHUNK_BYTES));
                } else if (!last) {
                    if (budget.take(part.length())) {
                        message.bytes(part);
                    } else {
                        refuse(HttpSocket.POLICY, "there is no memory left for another chunk now");
                    }
                } else {
                    budget.giveBack(message.length());
                    Bytes chunk =
                            message.length() == 0 ? part : message.bytes(part).handOver();
                    message = new ByteWriter(0);
                    take(chunk);
                }
            }

            private void take(Bytes chunk) {
                try {
                    ingest.chunk(number++, chunk, System.nanoTime());
                } catch (MalformedException | IngestRefusedException e) {
                    refuse(HttpSocket.UNSUPPORTED, String.valueOf(e.getMessage()));
                }
            }

            private void refuse(int code, String reason) {
                socket.close(code, reason);
                ingest.fail(reason);
            }

            // `{"seq": N}`: the next message is this one, as what is before it is lost.
            @Override
            public void said(String text) {
                number = Math.max(number, IngestHttp.number(text));
            }

            @Override
            public void closed(boolean inOrder) {
                budget.giveBack(message.length());
                message = new ByteWriter(0);
                ingest.disconnected(hangUp, inOrder, System.nanoTime());
            }
        };
    }

    private static long number(String text) {
        String digits = text.replaceFirst("^\\s*\\{\\s*\"seq\"\\s*:\\s*(\\d{1,15})\\s*}\\s*$", "$1");
        return digits.matches("\\d{1,15}") ? Long.parseLong(digits) : -1;
    }

    private void body(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        Optional<String> number = exchange.query("seq");
        if (number.isPresent() && !number.get().matches("\\d{1,15}")) {
            throw new HttpProblem(400, "seq has to be a number");
        }
        Ingest ingest = open(exchange);
        try {
            if (number.isPresent()) {
                chunk(exchange, ingest, Long.parseLong(number.get()));
                if (exchange.query("last").map("true"::equals).orElse(false)) {
                    ingest.finish();
                }
            } else {
                stream(exchange.bodyStream(), ingest);
            }
        } catch (IngestRefusedException e) {
            ingest.fail(String.valueOf(e.getMessage()));
            throw new HttpProblem(415, String.valueOf(e.getMessage()));
        } catch (MalformedException e) {
            ingest.fail(String.valueOf(e.getMessage()));
            throw e;
        }
        exchange.respond(204);
    }

    /// What has come of it counts, not what is claimed to come.
    private void chunk(HttpExchange exchange, Ingest ingest, long number) throws Exception {
        exchange.limitSilence(pace.silence());
        ByteWriter body = new ByteWriter(0);
        try {
            InputStream in = exchange.bodyStream();
            byte[] piece = new byte[PIECE_BYTES];
            long until = nanoClock.getAsLong() + pace.stepNanos();
            int next = STEP_BYTES;
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                if (nanoClock.getAsLong() - until > 0) {
                    throw new HttpProblem(408, "a chunk has to come faster than this");
                }
                take(exchange, body.length(), count);
                body.bytes(Bytes.wrap(piece, 0, count));
                if (body.length() >= next) {
                    next = body.length() + STEP_BYTES;
                    until = nanoClock.getAsLong() + pace.stepNanos();
                }
            }
        } finally {
            ingests.budget().giveBack(body.length());
        }
        ingest.chunk(number, body.handOver(), System.nanoTime());
    }

    private void take(HttpExchange exchange, int held, int count) throws HttpProblem {
        if (held + count > MAX_CHUNK_BYTES) {
            throw new HttpProblem(413, "a chunk may have at most %d bytes".formatted(MAX_CHUNK_BYTES));
        }
        if (!ingests.budget().take(count)) {
            exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
            throw new HttpProblem(503, "there is no memory left for another chunk now");
        }
    }

    /// All of the body; its end is that of the stream.
    private static void stream(InputStream body, Ingest ingest) throws IOException {
        // Not a lambda: those are all one, and this one is told apart from that of another request.
        Runnable hangUp = new Runnable() {
            @Override
            public void run() {}
        };
        ingest.connected(hangUp, System.nanoTime());
        try {
            byte[] piece = new byte[PIECE_BYTES];
            for (int count = body.read(piece); count >= 0; count = body.read(piece)) {
                ingest.receive(Bytes.wrap(piece.clone(), 0, count), System.nanoTime());
            }
        } catch (IOException e) {
            log.info("ingest {}: connection lost", ingest.name());
            ingest.disconnected(hangUp, false, System.nanoTime());
            throw e;
        }
        ingest.disconnected(hangUp, true, System.nanoTime());
    }

    private void finish(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        StreamName name = new StreamName(exchange.pathRest());
        entrance.demand(exchange, name.value());
        Ingest ingest = ingests.find(name, session(exchange, true));
        if (ingest == null) {
            throw new HttpProblem(404, "nobody publishes \"%s\" here with this session".formatted(name));
        }
        ingest.finish();
        exchange.respond(204);
    }

    private Ingest open(HttpExchange exchange) throws HttpProblem {
        StreamName name = new StreamName(exchange.pathRest());
        String session = session(exchange, exchange.query("seq").isPresent());
        Decision.Allowed allowed = entrance.demand(exchange, name.value());
        String id = UUID.randomUUID().toString();
        Publisher publisher = new Publisher(
                Publisher.Protocol.HTTP,
                exchange.peer().toString().replace("/", ""),
                id,
                allowed.login().isEmpty() ? "ingest-" + id.substring(0, LOGIN_CHARACTERS) : allowed.login(),
                recordWish(exchange),
                Publisher.Expects.UNKNOWN);
        Ingest ingest;
        try {
            ingest = ingests.open(name, session, publisher);
        } catch (NameTakenException e) {
            throw new HttpProblem(409, String.valueOf(e.getMessage()));
        }
        if (ingest == null) {
            exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
            throw new HttpProblem(503, "%d publishers are here already".formatted(Ingests.MAX_INGESTS));
        }
        return ingest;
    }

    /// Requests that belong together and do not say so are known by the address they come from. That is no way for
    /// pages: any page that somebody looks at sends from where that somebody is.
    ///
    /// @return with a word in front, so that nobody can name what goes by an address
    private String session(HttpExchange exchange, boolean byRequests) throws HttpProblem {
        String session = exchange.query("session").orElse("");
        if (session.length() > MAX_SESSION_CHARACTERS) {
            throw new HttpProblem(400, "session may have at most %d characters".formatted(MAX_SESSION_CHARACTERS));
        }
        if (!session.isEmpty()) {
            return "named " + session;
        }
        if (byRequests && OwnSite.isOfPage(exchange)) {
            throw new HttpProblem(400, "a page has to name its session");
        }
        return byRequests ? "from " + entrance.client(exchange).getHostAddress() : "";
    }

    private static Publisher.RecordWish recordWish(HttpExchange exchange) {
        return switch (exchange.query("record").orElse("")) {
            case "" -> Publisher.RecordWish.AS_CONFIGURED;
            case "true" -> Publisher.RecordWish.YES;
            case "false" -> Publisher.RecordWish.NO;
            default -> throw new MalformedException("record has to be true or false");
        };
    }

    @Override
    public void close() {
        ingests.close();
    }
}
