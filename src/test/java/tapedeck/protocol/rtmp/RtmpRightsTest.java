package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.net.Attempts;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;
import tapedeck.rights.Hook;
import tapedeck.rights.Rights;
import tapedeck.rights.Tokens;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;
import tools.jackson.databind.json.JsonMapper;

/// How RTMP asks for rights, what it says to those who have none, and what happens while nobody knows yet.
@Timeout(120)
class RtmpRightsTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(1);
    private Hook hook;
    private Rights rights;
    private RtmpServer server;

    @BeforeEach
    void open() throws Exception {
        hook = new Hook();
    }

    @AfterEach
    void close() {
        server.close();
        loops.close();
        rights.close();
        hook.close();
    }

    private void serve(Proof publish, Proof play) {
        rights = new Rights(
                new Settings.Rights(
                        publish,
                        play,
                        Path.of("none"),
                        new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                        new Settings.AuthWebhook(Optional.of(hook.url()), 30)),
                TrustedProxies.NONE);
        server = new RtmpServer(0, rights, loops, streams, new BoundPorts());
    }

    private RtmpClient connected() throws Exception {
        return RtmpClient.connected(server.port());
    }

    private boolean live(String name) {
        return streams.find(new StreamName(name)).isPresent();
    }

    private static String good() {
        return Tokens.signed(Tokens.claims(60).build());
    }

    @Test
    void aPublisherWithoutTheRightIsToldAndTheConnectionCloses() throws Exception {
        serve(Proof.JWT, Proof.NONE);
        for (String name : List.of("cam", "cam?token=x", "cam?user=alice&password=x", "other?token=" + good())) {
            try (RtmpClient client = connected()) {
                RtmpClient.Status status = client.tryPublish(name);
                assertEquals("NetStream.Publish.Denied", status.code(), status.description());
                assertEquals("error", status.level());
                assertTrue(status.description().contains("token"), status.description());
                client.awaitClosed();
            }
        }
        assertTrue(!live("cam") && !live("other"));
    }

    @Test
    void aPlayerWithoutTheRightLearnsNothingOfTheStream() throws Exception {
        serve(Proof.NONE, Proof.JWT);
        try (RtmpClient publisher = connected()) {
            publisher.publish("cam").send(CLIP);
            for (String name : List.of("cam", "nobody", "cam?token=x")) {
                try (RtmpClient client = connected()) {
                    assertEquals("NetStream.Play.Failed", client.tryPlay(name).code());
                    client.awaitClosed();
                }
            }
            try (RtmpClient player = connected()) {
                player.play("cam?token=" + good());
            }
            try (RtmpClient player = connected()) {
                assertEquals(
                        "NetStream.Play.StreamNotFound",
                        player.tryPlay("nobody?token=" + good()).code());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"live", "live?token=%s", "live?token=x"})
    void theTokenStandsBehindTheNameOrTheApplication(String app) throws Exception {
        serve(Proof.JWT, Proof.NONE);
        String name = app.contains("%s") ? "cam" : "cam?token=" + good();
        try (RtmpClient client = RtmpClient.open(server.port()).handshake().connect(app.formatted(good()))) {
            client.publish(name);
            await("the stream under its bare name", () -> live("cam"));
            assertEquals(
                    List.of("cam"),
                    streams.all().stream().map(stream -> stream.name().value()).toList());
            assertEquals("alice", streams.all().iterator().next().publisher().login());
        }
    }

    @Test
    void theWebhookIsToldWhatTheAddressSays() throws Exception {
        serve(Proof.WEBHOOK, Proof.NONE);
        try (RtmpClient client = RtmpClient.open(server.port()).handshake().connect("live?room=7&user=eve")) {
            client.publish("cam?user=bob&password=a%26b%2Bc&n=1");
        }
        JsonMapper json = new JsonMapper();
        assertEquals(
                json.valueToTree(Map.of(
                        "action", "publish",
                        "stream", "cam",
                        "protocol", "rtmp",
                        "address", "127.0.0.1",
                        "user", "bob",
                        "token", "a&b+c",
                        "parameters", Map.of("room", "7", "n", "1"))),
                json.readTree(hook.asked().getFirst()));
    }

    /// Some encoders wait for nothing.
    @Test
    void whatIsSentBeforeTheAnswerIsNotLost() throws Exception {
        serve(Proof.WEBHOOK, Proof.NONE);
        CountDownLatch answer = new CountDownLatch(1);
        hook.answers(exchange -> {
            answer.await();
            exchange.sendResponseHeaders(200, -1);
        });
        FrameCollector collector = FrameCollector.of(streams, "cam");
        try (RtmpClient client = connected()) {
            client.createStream();
            client.command(client.streamId(), "publish", 3, null, "cam", "live");
            client.send(CLIP);
            // Answered in order: whatever came before has arrived.
            client.command(0, "createStream", 9, new Object[] {null});
            client.awaitResult(9);
            assertTrue(!live("cam"));
            answer.countDown();
            assertEquals("NetStream.Publish.Start", client.awaitStatus().code());
            client.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
    }

    @Test
    void whoSendsTooMuchBeforeTheAnswerIsSentAway() throws Exception {
        serve(Proof.WEBHOOK, Proof.NONE);
        CountDownLatch answer = new CountDownLatch(1);
        hook.answers(exchange -> {
            answer.await();
            exchange.sendResponseHeaders(200, -1);
        });
        try (RtmpClient client = connected()) {
            client.createStream();
            client.command(client.streamId(), "publish", 3, null, "cam", "live");
            Bytes part = Bytes.wrap(new byte[Asking.MAX_EARLY_BYTES / 4]);
            try {
                for (int i = 0; i < 5; i++) {
                    client.message(6, 9, client.streamId(), i, part);
                }
            } catch (java.io.IOException e) {
                // Closed in the middle.
            }
            client.awaitClosed();
        } finally {
            answer.countDown();
        }
        assertTrue(!live("cam"));
    }

    @Test
    void aPublisherThatGivesUpWhileItWaitsPublishesNothing() throws Exception {
        serve(Proof.WEBHOOK, Proof.NONE);
        CountDownLatch answer = new CountDownLatch(1);
        hook.answers(exchange -> {
            if (hook.asked().size() == 1) {
                answer.await();
            }
            exchange.sendResponseHeaders(200, -1);
        });
        try (RtmpClient client = connected()) {
            int first = client.createStream();
            client.command(first, "publish", 3, null, "one", "live");
            await("the question", () -> hook.asked().size() == 1);
            client.command(0, "deleteStream", 4, null, first);
            client.publish("two");
            answer.countDown();
            await("the second", () -> live("two"));
            assertTrue(!live("one"), "an answer that nobody waits for any more");
        }
        assertEquals(2, hook.asked().size());
    }

    @Test
    void whileItWaitsAConnectionAsksForNothingElse() throws Exception {
        serve(Proof.WEBHOOK, Proof.NONE);
        CountDownLatch answer = new CountDownLatch(1);
        hook.answers(exchange -> {
            answer.await();
            exchange.sendResponseHeaders(200, -1);
        });
        try (RtmpClient client = connected()) {
            int first = client.createStream();
            client.command(first, "publish", 3, null, "one", "live");
            client.command(first, "publish", 3, null, "two", "live");
            assertEquals("NetStream.Publish.Failed", client.awaitStatus().code());
            client.awaitClosed();
        } finally {
            answer.countDown();
        }
    }

    @Test
    void aHookThatIsAwayRefuses() throws Exception {
        serve(Proof.WEBHOOK, Proof.WEBHOOK);
        hook.close();
        try (RtmpClient client = connected()) {
            assertEquals("NetStream.Publish.Denied", client.tryPublish("cam").code());
            client.awaitClosed();
        }
    }

    @Test
    void whoGuessesIsRejectedWhenItConnects() throws Exception {
        serve(Proof.JWT, Proof.JWT);
        for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
            try (RtmpClient client = connected()) {
                client.tryPublish("cam?token=guess" + i);
            }
        }
        try (RtmpClient client = RtmpClient.open(server.port()).handshake()) {
            client.chunkSize(4096);
            client.command(0, "connect", 1, Map.of("app", "live", "tcUrl", "rtmp://127.0.0.1/live"));
            RtmpClient.Message error = client.read();
            while (error.type() != 20) {
                error = client.read();
            }
            assertEquals("_error", error.values().getFirst());
            assertEquals(
                    "NetConnection.Connect.Rejected",
                    ((Map<?, ?>) error.values().get(3)).get("code"));
            client.awaitClosed();
        }
    }
}
