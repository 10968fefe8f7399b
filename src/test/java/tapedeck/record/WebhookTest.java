package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.Container;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.record.FileEvent.Told;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.NameEncoding;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A real HTTP server that is asked, refuses, is away and comes back.
@Timeout(120)
class WebhookTest {
    private static final Duration SOON = Duration.ofMillis(20);
    private static final String SECRET = "käse";
    private static final Journal.Origin ORIGIN =
            new Journal.Origin("käse/1", "media", "session", "login", "aac", "h264", 1, 2);

    @TempDir
    Path dir;

    private final List<HttpServer> servers = new ArrayList<>();
    private final List<Told> told = Collections.synchronizedList(new ArrayList<>());

    private record Delivery(String id, String timestamp, String signature, String body) {}

    /// A server that answers with these statuses, the last one for ever, and keeps what it was sent.
    private final class Receiver {
        private final List<Delivery> deliveries = Collections.synchronizedList(new ArrayList<>());
        private final ConcurrentLinkedQueue<Integer> statuses;
        private final HttpServer server;

        Receiver(int port, Integer... statuses) throws IOException {
            this.statuses = new ConcurrentLinkedQueue<>(List.of(statuses));
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/hook", exchange -> {
                var headers = exchange.getRequestHeaders();
                deliveries.add(new Delivery(
                        headers.getFirst(Webhook.ID_HEADER),
                        headers.getFirst(Webhook.TIMESTAMP_HEADER),
                        headers.getFirst(Webhook.SIGNATURE_HEADER),
                        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
                int status = this.statuses.size() > 1 ? this.statuses.remove() : this.statuses.element();
                exchange.getResponseHeaders().add("Location", "http://127.0.0.1:" + port() + "/hook");
                exchange.sendResponseHeaders(status, -1);
                exchange.close();
            });
            server.start();
            servers.add(server);
        }

        int port() {
            return server.getAddress().getPort();
        }

        URI uri() {
            return URI.create("http://127.0.0.1:" + port() + "/hook");
        }
    }

    @AfterEach
    void stop() {
        servers.forEach(server -> server.stop(0));
    }

    @Test
    void aServerThatFailsTwiceIsToldAThirdTimeWithTheSameIdAndAValidSignature() throws Exception {
        Receiver receiver = new Receiver(0, 500, 503, 204);
        Journal journal = placed("one");
        try (Webhook webhook = webhook(receiver.uri())) {
            webhook.tell(journal);
            Await.await("it was told", () -> states().contains(Told.State.DONE));
        }
        assertEquals(3, receiver.deliveries.size());
        for (Delivery delivery : receiver.deliveries) {
            assertEquals("one", delivery.id());
            assertEquals(Webhook.signature(SECRET, delivery.timestamp(), delivery.body()), delivery.signature());
            assertTrue(Math.abs(Long.parseLong(delivery.timestamp()) - System.currentTimeMillis() / 1000) < 100);
            JsonNode body = JsonMapper.builder().build().readTree(delivery.body());
            assertEquals("one", body.get("id").asString());
            assertEquals("käse/1", body.get("streamName").asString());
            assertEquals(dir.resolve("a.mp4").toString(), body.get("file").asString());
            assertEquals("a.mp4", body.get("fileName").asString());
            assertEquals(1500, body.get("durationMs").asLong());
            assertEquals(8, body.get("size").asLong());
            assertEquals("media", body.get("mediaSessionId").asString());
            assertEquals(2, body.get("startTimeMillis").asLong());
            assertEquals(7, body.get("endTimeMillis").asLong());
            assertEquals("no_space", body.get("reason").asString());
        }
        assertEquals(List.of(Told.State.WAITING, Told.State.WAITING, Told.State.WAITING, Told.State.DONE), states());
        assertEquals(
                List.of("", "status 500", "status 503", ""),
                told.stream().map(Told::message).toList());
        assertEquals(
                List.of(-1, 500, 503, 204), told.stream().map(Told::exitStatus).toList());
        assertEquals(List.of(), waiting());
    }

    /// As `printf '%s' 'what do ya want for nothing?.x' | openssl dgst -sha256 -hmac Jefe` says.
    @Test
    void theSignatureIsAnHmacOverTimeAndBody() {
        assertEquals(
                "sha256=28af460b4e40bf7a01810337225d2aed184338e71bca14b34d521046a52d3ecc",
                Webhook.signature("Jefe", "what do ya want for nothing?", "x"));
    }

    @Test
    void whatIsNotDeliveredSurvivesTheServerAndIsToldWhenTheOtherSideIsBack() throws Exception {
        Receiver first = new Receiver(0, 200);
        URI uri = first.uri();
        int port = first.port();
        first.server.stop(0);
        // Nobody listens. The process ends without a word, as by kill -9: nothing is done at the end.
        Webhook dead = webhook(uri);
        dead.tell(placed("one"));
        dead.tell(placed("two"));
        Await.await("it was tried", () -> told.size() >= 4);
        dead.close();
        assertEquals(List.of("one", "two"), waiting());
        Receiver back = new Receiver(port, 200);
        try (Webhook webhook = webhook(uri)) {
            webhook.recover();
            Await.await("both were told", () -> waiting().isEmpty());
        }
        assertEquals(
                List.of("one", "two"),
                back.deliveries.stream().map(Delivery::id).sorted().distinct().toList());
    }

    @Test
    void aServerThatComesBackLaterIsToldWithoutARestart() throws Exception {
        Receiver first = new Receiver(0, 200);
        int port = first.port();
        first.server.stop(0);
        try (Webhook webhook = webhook(first.uri())) {
            webhook.tell(placed("one"));
            Await.await("it was tried again", () -> told.size() >= 3);
            Receiver back = new Receiver(port, 200);
            Await.await("it was told", () -> back.deliveries.size() == 1);
        }
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        Receiver elsewhere = new Receiver(0, 200);
        Receiver receiver = new Receiver(0, 302, 307, 200);
        try (Webhook webhook = webhook(receiver.uri())) {
            webhook.tell(placed("one"));
            Await.await("it was told", () -> states().contains(Told.State.DONE));
        }
        assertEquals(3, receiver.deliveries.size());
        assertEquals(0, elsewhere.deliveries.size());
    }

    @Test
    void aDeliveryThatIsTooOldIsGivenUp() throws Exception {
        Receiver receiver = new Receiver(0, 500);
        try (Webhook webhook = webhook(receiver.uri())) {
            webhook.tell(placed("one"));
            Files.setLastModifiedTime(
                    queue().path(placed("one")),
                    java.nio.file.attribute.FileTime.fromMillis(
                            System.currentTimeMillis() - Webhook.MAX_AGE.toMillis() - 60_000));
            Await.await("it was given up", () -> states().contains(Told.State.FAILED));
        }
        assertEquals(List.of(), waiting());
    }

    @Test
    void everyFinishedFileIsToldBesideTheHook() throws Exception {
        Receiver receiver = new Receiver(0, 200);
        Path notes = dir.resolve("notes");
        Path hook = TestStudio.notingHook(dir, notes);
        try (TestStudio studio = new TestStudio(
                dir.resolve("d"),
                Optional.of(hook),
                "record_rotation=1",
                "record_webhook_url=" + receiver.uri(),
                "record_webhook_secret=" + SECRET)) {
            Publication publication = studio.publish("a");
            studio.feed(publication, TestMedia.h264(2));
            studio.end(publication);
            Await.await("both files were told", () -> receiver.deliveries.size() == 2);
            Await.await("the hook ran for both", () -> TestStudio.lines(notes).size() == 2);
            for (Delivery delivery : receiver.deliveries) {
                JsonNode body = JsonMapper.builder().build().readTree(delivery.body());
                assertTrue(Files.exists(Path.of(body.get("file").asString())), delivery.body());
                assertEquals(
                        publication.stream().mediaSessionId(),
                        body.get("mediaSessionId").asString());
            }
        }
    }

    private Webhook webhook(URI uri) throws IOException {
        Consumer<FileEvent> events = event -> {
            if (event instanceof Told one) {
                told.add(one);
            }
        };
        return new Webhook(new Settings.Webhook(uri, SECRET), dir.resolve("queue"), _ -> dir, events, SOON);
    }

    private Journals queue() {
        return new Journals(dir.resolve("queue"));
    }

    private List<String> waiting() {
        try {
            return queue().ids();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private List<Told.State> states() {
        synchronized (told) {
            return told.stream().map(Told::state).toList();
        }
    }

    private static Journal placed(String id) {
        Naming naming = new Naming("{streamName}", NameEncoding.PLAIN, "/");
        Journal journal = Journal.begun(id, Container.MP4, naming, 0, ORIGIN);
        return journal.ended(new Journal.Ending(EndReason.NO_SPACE, 7))
                .placed(new Journal.Placement("a.mp4", 8, 1_500_000_000L));
    }
}
