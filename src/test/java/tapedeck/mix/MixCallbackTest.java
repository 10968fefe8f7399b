package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The backend hears of a mix, in the words of the recording page.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MixCallbackTest {
    private static final Mixed MIXED = new Mixed(
            Path.of("/multirecords/stream-32c7edd7_mixed.mp4"),
            44_000_000_000L,
            Instant.parse("2022-01-14T03:38:44Z"),
            Instant.parse("2022-01-14T03:37:56Z"),
            44_061_000_000L,
            0,
            true);
    private static final Path FILE = Path.of("/multirecords/stream-32c7edd7.mp4");

    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> bodies = new CopyOnWriteArrayList<>();
    private volatile int refused;
    private HttpServer server;

    @BeforeEach
    void open() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Content-Type"));
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(requests.size() <= refused ? 503 : 200, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void close() {
        server.stop(0);
    }

    private boolean tell(MixCallback.Recording recording) throws Exception {
        String url = "http://127.0.0.1:%d/multiRecorderCallback"
                .formatted(server.getAddress().getPort());
        return new MixCallback(Duration.ofMillis(1)).tell(url, recording, MIXED);
    }

    @Test
    void theBodyIsThatOfTheRecordingPage() throws Exception {
        assertTrue(tell(new MixCallback.Recording(
                FILE, OptionalLong.of(3_724_973_476L), OptionalLong.of(44_061), "multi-recorder://room-bacelf")));
        assertEquals(List.of("POST /multiRecorderCallback application/json"), requests);
        assertEquals("""
                {"multiRecorderCreationModificationTime":3724973476,\
                "multiRecorderDurationInMS":44061,\
                "multiRecorderFilePath":"/multirecords/stream-32c7edd7.mp4",\
                "recorderUri":"multi-recorder://room-bacelf",\
                "mixerParams":[{"path":"/multirecords/stream-32c7edd7_mixed.mp4",\
                "durationInMs":44000,\
                "creationModificationTime":3724976324}]}""", bodies.getFirst());
    }

    @Test
    void whatTheRecorderDoesNotSayIsTakenFromTheFile() throws Exception {
        assertTrue(tell(new MixCallback.Recording(FILE, OptionalLong.empty(), OptionalLong.empty(), "")));
        assertTrue(bodies.getFirst().contains("\"multiRecorderCreationModificationTime\":3724976276,"));
        assertTrue(bodies.getFirst().contains("\"multiRecorderDurationInMS\":44061,"));
    }

    @Test
    void whoRefusesIsAskedAgainButNotForEver() throws Exception {
        refused = 2;
        assertTrue(tell(new MixCallback.Recording(FILE, OptionalLong.empty(), OptionalLong.empty(), "")));
        assertEquals(3, requests.size());
        assertEquals(1, bodies.stream().distinct().count());
        refused = 1000;
        assertFalse(tell(new MixCallback.Recording(FILE, OptionalLong.empty(), OptionalLong.empty(), "")));
        assertEquals(3 + MixCallback.ATTEMPTS, requests.size());
    }
}
