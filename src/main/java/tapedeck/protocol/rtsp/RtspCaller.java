package tapedeck.protocol.rtsp;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.net.TcpClient;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// Our side of a conversation with another server. A virtual thread asks and waits for answers, one after the other
/// ([#ask]); packets, deadlines and what the server asks are dealt with on the connection's event loop.
final class RtspCaller implements Conversation {
    /// What a media session does on the event loop.
    interface Media {
        void packet(RtspMessage.Interleaved packet, long arrivalNanos);

        void receivedAll();

        void writable();

        void swept(long nowNanos);

        /// Once, whatever the reason is.
        void ended(String reason);
    }

    static final int ANSWER_SECONDS = 10;
    /// Requests that wait for an answer; the oldest has to do without.
    static final int MAX_PENDING = 16;
    /// Answers to nothing that are read over.
    static final int MAX_STRAYS = 100;
    /// 401s in a row: one without credentials, and nonces that were too old.
    static final int MAX_CHALLENGES = 3;
    /// What a server asks of us.
    static final int MAX_REQUESTS_PER_SECOND = 100;
    /// Characters of what a server says, for users.
    static final int MAX_REASON = 200;

    private static final String AGENT = "Tapedeck";
    private static final Logger log = LoggerFactory.getLogger(RtspCaller.class);

    private final Connection connection;
    private final Media media;
    private final InterleavedBatch interleaved;
    private final RtspLogin login;
    private final RtspDecoder decoder = new RtspDecoder(this::message);
    private final CompletableFuture<String> over = new CompletableFuture<>();

    // For the event loop alone.
    private final Deque<Pending> pending = new ArrayDeque<>();
    private int sequence;
    private int strays;
    private int requestsInSweep;
    private boolean mediaCame;
    private boolean ended;
    private String session = "";

    private record Pending(int sequence, CompletableFuture<RtspMessage.Answer> answer) {}

    RtspCaller(Connection connection, RtspLogin login, Media media) {
        this.connection = connection;
        this.login = login;
        this.media = media;
        this.interleaved = new InterleavedBatch(connection);
    }

    /// Connects; blocks until that is done.
    ///
    /// @param media is told of everything from then on
    static RtspCaller connect(TcpClient client, RelayTarget target, Media media)
            throws IOException, InterruptedException {
        RelayTarget.Login known = target.login().orElse(new RelayTarget.Login("", ""));
        RtspLogin login = new RtspLogin(known.user(), known.password(), new SecureRandom());
        AtomicReference<@Nullable RtspCaller> made = new AtomicReference<>();
        client.connect(target.address(), target.scheme().equals("rtsps") ? target.tlsEngine() : null, connection -> {
            RtspCaller caller = new RtspCaller(connection, login, media);
            made.set(caller);
            return caller;
        });
        return Objects.requireNonNull(made.get(), "made before the connection was there");
    }

    /// @throws RelayRefusedException if somebody has to change something
    /// @throws IOException for any other refusal
    static void demandOk(String method, RtspMessage.Answer answer) throws IOException {
        if (answer.isOk()) {
            return;
        }
        String said = answer.reason();
        String reason =
                "%s: %d %s".formatted(method, answer.status(), said.substring(0, Math.min(said.length(), MAX_REASON)));
        throw switch (answer.status()) {
            case 401, 403 -> new RelayRefusedException(reason);
            default -> new IOException(reason);
        };
    }

    Connection connection() {
        return connection;
    }

    InterleavedBatch interleaved() {
        return interleaved;
    }

    /// From the first answer to `SETUP` on.
    ///
    /// @param id without parameters
    void session(String id) {
        onLoopSoon(() -> session = session.isEmpty() ? id : session);
    }

    /// Asks and waits for the answer, showing who we are where the server wants to know. For a thread that may wait.
    ///
    /// @throws IOException if there is none
    RtspMessage.Answer ask(String method, String uri, Map<String, String> headers, Bytes body)
            throws IOException, InterruptedException {
        for (int challenges = 0; ; challenges++) {
            RtspMessage.Answer answer = once(method, uri, headers, body);
            String challenge = answer.header("www-authenticate");
            if (answer.status() != 401 || challenge == null || challenges == MAX_CHALLENGES) {
                return answer;
            }
            boolean again = onLoop(() -> login.challenged(challenge));
            if (!again) {
                return answer;
            }
        }
    }

    private RtspMessage.Answer once(String method, String uri, Map<String, String> headers, Bytes body)
            throws IOException, InterruptedException {
        CompletableFuture<RtspMessage.Answer> answer = new CompletableFuture<>();
        onLoopSoon(() -> send(method, uri, headers, body, answer));
        try {
            return await(answer, ANSWER_SECONDS);
        } catch (TimeoutException _) {
            throw new IOException("no answer to %s within %d s".formatted(method, ANSWER_SECONDS));
        }
    }

    /// Waits for what the event loop completes, or for the end of the conversation.
    <T> T await(CompletableFuture<T> wanted, long seconds) throws IOException, InterruptedException, TimeoutException {
        CompletableFuture<Object> either = CompletableFuture.anyOf(wanted, over);
        try {
            either.get(seconds, TimeUnit.SECONDS);
            if (!wanted.isDone()) {
                throw new IOException(over.join());
            }
            return wanted.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    /// Waits for the end of the conversation, and returns the reason.
    String awaitOver() throws InterruptedException {
        try {
            return over.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Runs a step on the event loop and waits for what it returns.
    ///
    /// @throws IOException that the step throws, or if the conversation is over
    <T> T onLoop(Callable<T> step) throws IOException, InterruptedException {
        CompletableFuture<T> result = new CompletableFuture<>();
        onLoopSoon(() -> {
            try {
                result.complete(step.call());
            } catch (MalformedException e) {
                result.completeExceptionally(new IOException(e.getMessage(), e));
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return await(result, ANSWER_SECONDS);
        } catch (TimeoutException e) {
            throw new IOException("the event loop is overloaded", e);
        }
    }

    private void onLoopSoon(Runnable step) {
        connection.execute(step);
    }

    /// Sends without waiting for the answer. For the event loop.
    CompletableFuture<RtspMessage.Answer> tell(String method, String uri) {
        CompletableFuture<RtspMessage.Answer> answer = new CompletableFuture<>();
        send(method, uri, Map.of(), Bytes.EMPTY, answer);
        return answer;
    }

    private void send(
            String method,
            String uri,
            Map<String, String> headers,
            Bytes body,
            CompletableFuture<RtspMessage.Answer> answer) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("CSeq", Integer.toString(++sequence));
        all.put("User-Agent", AGENT);
        if (!session.isEmpty()) {
            all.put("Session", session);
        }
        login.authorization(method, uri).ifPresent(value -> all.put("Authorization", value));
        all.putAll(headers);
        if (!body.isEmpty()) {
            all.put("Content-Length", Integer.toString(body.length()));
        }
        StringBuilder text = new StringBuilder(256);
        text.append(method).append(' ').append(uri).append(" RTSP/1.0\r\n");
        all.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        if (pending.size() == MAX_PENDING) {
            pending.remove();
        }
        pending.add(new Pending(sequence, answer));
        write(text.append("\r\n").append(body.toUtf8()).toString());
    }

    private void write(String text) {
        interleaved.flush();
        Bytes bytes = Bytes.ofUtf8(text);
        connection.send(connection.buffer(bytes.length()).writeBytes(bytes.asByteBuffer()));
    }

    @Override
    public void received(ByteBuf bytes) {
        decoder.decode(bytes);
    }

    private void message(RtspMessage message) {
        if (ended) {
            return;
        }
        switch (message) {
            case RtspMessage.Interleaved packet -> {
                mediaCame = true;
                media.packet(packet, connection.lastReadNanos());
            }
            case RtspMessage.Answer answer -> answered(answer);
            case RtspMessage.Request request -> requested(request);
        }
    }

    private void answered(RtspMessage.Answer answer) {
        if (answer.status() < 200) {
            // RFC 2326 7.1.1: the real one follows.
            return;
        }
        Pending asked = take(answer.header("cseq"));
        if (asked != null) {
            asked.answer().complete(answer);
        } else if (++strays > MAX_STRAYS) {
            throw new MalformedException("RTSP: more than %d answers to nothing".formatted(MAX_STRAYS));
        }
    }

    /// What an answer belongs to: some cameras forget the number, or answer with another one. What was asked before it
    /// has no answer any more.
    private @Nullable Pending take(@Nullable String number) {
        boolean named = pending.stream()
                .anyMatch(asked -> Integer.toString(asked.sequence()).equals(number));
        if (!named) {
            return number == null ? pending.poll() : null;
        }
        Pending first = pending.remove();
        while (!Integer.toString(first.sequence()).equals(number)) {
            first = pending.remove();
        }
        return first;
    }

    private void requested(RtspMessage.Request request) {
        if (++requestsInSweep > MAX_REQUESTS_PER_SECOND) {
            throw new MalformedException("RTSP: more than %d requests a second".formatted(MAX_REQUESTS_PER_SECOND));
        }
        String number = Optional.ofNullable(request.header("cseq")).orElse("0");
        switch (request.method()) {
            // RFC 2326 10.1 and 10.8: servers ask whether we are there.
            case "OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE" -> reply(RtspReply.ok(), number);
            case "TEARDOWN" -> {
                reply(RtspReply.ok(), number);
                connection.end("the server ended the session");
            }
            case "REDIRECT" -> {
                reply(RtspReply.ok(), number);
                connection.end("the server sends us elsewhere");
            }
            default -> reply(new RtspReply(501, "Not Implemented"), number);
        }
    }

    private void reply(RtspReply reply, String number) {
        write(reply.toBytes(number).toUtf8());
    }

    @Override
    public void receivedAll() {
        if (mediaCame) {
            mediaCame = false;
            media.receivedAll();
        }
    }

    @Override
    public void writable() {
        media.writable();
    }

    @Override
    public void swept(long nowNanos) {
        requestsInSweep = 0;
        media.swept(nowNanos);
    }

    @Override
    public void ended(String reason) {
        ended = true;
        log.debug("rtsp to {} ended: {}", connection.peer(), reason);
        media.ended(reason);
        over.complete(reason);
    }
}
