package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// Chunks whose bytes come slowly.
class IngestSlowBodyTest {
    private static final long DEADLINE_SECONDS = 60;

    private static final Duration LONG = Duration.ofSeconds(DEADLINE_SECONDS);
    private static final Duration SHORT = Duration.ofMillis(500);
    private static final long STEP_NANOS = 1_000;
    private static final String HEAD = "POST /ingest/slow?seq=0 HTTP/1.1\r\nHost: localhost\r\n";

    private final Streams streams = new Streams();
    private final ByteBudget budget = new ByteBudget(IngestHttp.MAX_CHUNK_BYTES - 1);
    private final AtomicLong nanos = new AtomicLong(1);
    private Rights rights;
    private IngestHttp ingest;
    private HttpServer server;

    private void open(Duration silence) throws Exception {
        rights = new Rights(Settings.Rights.NONE);
        HttpRoutes routes = new HttpRoutes();
        ingest = new IngestHttp(
                rights, new Ingests(streams, budget), routes, new IngestHttp.Pace(silence, STEP_NANOS), nanos::get);
        server = new HttpServer(0, routes);
    }

    @AfterEach
    void close() {
        server.close();
        ingest.close();
        rights.close();
    }

    private void awaitTaken(long bytes) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (budget.takenBytes() != bytes) {
            assertTrue(System.nanoTime() < deadline, budget.takenBytes() + " bytes are taken");
            Thread.onSpinWait();
        }
    }

    private Socket connected() throws Exception {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
        return socket;
    }

    private static void send(Socket socket, String text) throws Exception {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String answer(Socket socket) throws Exception {
        return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
    }

    @Test
    void aChunkCountsAsItComesWhateverItClaims() throws Exception {
        open(LONG);
        try (Socket one = connected();
                Socket other = connected()) {
            String whole = "Content-Length: %d\r\n\r\n".formatted(IngestHttp.MAX_CHUNK_BYTES);
            send(one, HEAD + whole + "abc");
            awaitTaken(3);
            send(other, HEAD.replace("seq=0", "seq=1") + whole + "de");
            awaitTaken(5);
        }
        awaitTaken(0);
    }

    @Test
    void aChunkThatTricklesIsGivenUp() throws Exception {
        open(LONG);
        try (Socket socket = connected()) {
            send(socket, HEAD + "Transfer-Encoding: chunked\r\n\r\n");
            send(socket, "3\r\nabc\r\n");
            awaitTaken(3);
            nanos.addAndGet(STEP_NANOS);
            send(socket, "2\r\nde\r\n");
            awaitTaken(5);
            nanos.addAndGet(1);
            send(socket, "1\r\nf\r\n");
            assertEquals("HTTP/1.1 408", answer(socket));
            awaitTaken(0);
        }
    }

    @Test
    void aLargeChunkHasTimeForEachOfItsSteps() throws Exception {
        open(LONG);
        String step = "x".repeat(IngestHttp.STEP_BYTES);
        try (Socket socket = connected()) {
            send(socket, HEAD + "Content-Length: %d\r\n\r\n".formatted(2 * IngestHttp.STEP_BYTES + 2));
            send(socket, step + "y");
            awaitTaken(IngestHttp.STEP_BYTES + 1);
            nanos.addAndGet(STEP_NANOS);
            send(socket, step);
            awaitTaken(2 * IngestHttp.STEP_BYTES + 1);
            nanos.addAndGet(STEP_NANOS);
            send(socket, "z");
            assertEquals("HTTP/1.1 400", answer(socket), "no container begins so");
            awaitTaken(0);
        }
    }

    @Test
    void aChunkOfWhichNothingComesIsGivenUp() throws Exception {
        open(SHORT);
        try (Socket socket = connected()) {
            send(socket, HEAD + "Content-Length: 100\r\n\r\nabc");
            assertEquals("HTTP/1.1 408", answer(socket));
            awaitTaken(0);
        }
    }
}
