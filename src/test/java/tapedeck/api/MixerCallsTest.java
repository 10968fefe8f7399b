package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Await;
import tapedeck.peers.LgplBuild;
import tapedeck.peers.LoggedLines;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;

/// `mixer/…` with the bodies that `@flashphoner/websdk` sends, and real workers.
@Timeout(120)
class MixerCallsTest {
    private static final String ROOM = "\"uri\": \"mixer://room\"";

    @TempDir
    private Path dir;

    private static int status(ApiServer server, String name, String members) throws Exception {
        return server.post("/rest-api/mixer/" + name, "{" + members + "}").statusCode();
    }

    private static String named(String stream) {
        return ROOM + ", \"remoteStreamName\": \"%s\"".formatted(stream);
    }

    private static String session(String mediaSessionId) {
        return ROOM + ", \"mediaSessionId\": \"%s\"".formatted(mediaSessionId);
    }

    private static JsonNode found(ApiServer server) throws Exception {
        return ApiServer.json(server.get("/rest-api/mixer/find_all"));
    }

    @Test
    void callsAndStatuses() throws Exception {
        try (LoggedLines lines = new LoggedLines("tapedeck.mix");
                ApiServer server = new ApiServer(dir);
                LivePublisher one = new LivePublisher(server, "one");
                LivePublisher two = new LivePublisher(server, "two")) {
            assertEquals(404, status(server, "find_all", ""));
            assertEquals(404, status(server, "add", named("one")));
            assertEquals(404, status(server, "terminate", ROOM));
            assertEquals(400, status(server, "startup", ""));
            assertEquals(400, status(server, "startup", "\"uri\": \"room\""));
            assertEquals(400, status(server, "startup", ROOM + ", \"fps\": 61"));
            assertEquals(400, status(server, "startup", ROOM + ", \"layout\": \"../secret.json\""));
            assertEquals(400, status(server, "startup", ROOM + ", \"hasVideo\": false, \"hasAudio\": \"false\""));
            String small = ", \"localStreamName\": \"mix\", \"width\": 160, \"height\": \"90\", \"fps\": 10";
            assertEquals(200, status(server, "startup", ROOM + small));
            assertEquals(409, status(server, "startup", ROOM));
            // Nobody takes the name of the mix, and it takes nobody's.
            assertTrue(server.streams.find(new StreamName("mix")).isPresent());
            assertTaken(server, "mix");
            assertEquals(409, status(server, "startup", "\"uri\": \"mixer://other\", \"localStreamName\": \"one\""));
            assertEquals(400, status(server, "add", ROOM));
            assertEquals(404, status(server, "add", named("nobody")));
            assertEquals(200, status(server, "add", named("one") + ", \"hasAudio\": \"false\""));
            assertEquals(409, status(server, "add", named("one")));
            assertEquals(200, status(server, "add", session(two.mediaSessionId())));
            assertEquals(409, status(server, "add", session(two.mediaSessionId())));
            assertEquals(404, status(server, "remove", named("nobody")));
            Await.await(
                    "both are live",
                    () -> state(server, 0).equals("live") && state(server, 1).equals("live"));
            JsonNode mixer = found(server).path(0);
            assertEquals("mixer://room", mixer.path("uri").stringValue());
            assertEquals("mix", mixer.path("localStreamName").stringValue());
            assertEquals(
                    one.mediaSessionId(), mixer.path("mediaSessions").path(0).stringValue());
            assertEquals(false, mixer.path("sources").path(0).path("hasAudio").booleanValue());
            assertEquals(200, status(server, "remove", session(two.mediaSessionId())));
            assertEquals(404, status(server, "remove", session(two.mediaSessionId())));
            assertEquals(200, status(server, "remove", named("one")));
            assertEquals(200, status(server, "terminate", ROOM));
            assertEquals(404, status(server, "terminate", ROOM));
            assertTrue(server.streams.find(new StreamName("mix")).isEmpty());
            assertEquals(
                    List.of(
                            "INFO mixer://room: started, its stream is mix",
                            "INFO mixer://room: one is mixed",
                            "INFO mixer://room: two is mixed",
                            "INFO mixer://room: two is mixed no longer",
                            "INFO mixer://room: one is mixed no longer",
                            "INFO mixer://room: ended, terminated"),
                    lines.with("mixer://room: "));
        }
    }

    /// A client hears what it wrote, nothing of the server's disk or code.
    @Test
    void whatCannotBeUsedIs400AndSaysWhy() throws Exception {
        try (ApiServer server = new ApiServer(dir);
                LgplBuild _ = new LgplBuild()) {
            assertRefused(server, "\"layout\": \"nope.json\"", "layout=nope.json: there is no such file");
            assertRefused(server, "\"background\": \"nope.png\"", "background=nope.png: there is no such file");
            assertRefused(server, "\"codec\": \"x264\"", "codec=x264: this build of FFmpeg has no libx264");
            assertEquals(404, status(server, "find_all", ""));
        }
    }

    private void assertRefused(ApiServer server, String members, String why) throws Exception {
        var answer = server.post("/rest-api/mixer/startup", "{" + ROOM + ", " + members + "}");
        String text = ApiServer.text(answer);
        assertEquals(400, answer.statusCode(), text);
        assertTrue(text.contains(why), text);
        assertFalse(text.contains("Exception") || text.contains(dir.toString()), text);
    }

    @Test
    void whereTheStreamOfAMixerWasEndedAnotherMayStart() throws Exception {
        String small = ROOM + ", \"width\": 160, \"height\": 90, \"fps\": 5";
        try (ApiServer server = new ApiServer(dir)) {
            assertEquals(200, status(server, "startup", small));
            StreamName name = new StreamName("room");
            server.streams.find(name).orElseThrow().terminate("by hand");
            Await.await("it has ended", () -> server.streams.find(name).isEmpty());
            assertEquals(200, status(server, "startup", small));
            assertEquals(1, found(server).size());
        }
    }

    private static void assertTaken(ApiServer server, String name) throws Exception {
        try (Publication _ = server.publish(name, Feedback.NONE)) {
            throw new AssertionError("published over");
        } catch (NameTakenException _) {
            // As it has to be.
        }
    }

    private static String state(ApiServer server, int source) {
        try {
            return found(server)
                    .path(0)
                    .path("sources")
                    .path(source)
                    .path("state")
                    .asString("");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aMixerMayBeInAnotherOneButNeverInItself() throws Exception {
        try (ApiServer server = new ApiServer(dir)) {
            String small = ", \"width\": 160, \"height\": 90, \"fps\": 5";
            assertEquals(200, status(server, "startup", "\"uri\": \"mixer://a\"" + small));
            assertEquals(200, status(server, "startup", "\"uri\": \"mixer://b\"" + small));
            assertEquals(200, status(server, "startup", "\"uri\": \"mixer://c\"" + small));
            assertEquals(409, status(server, "add", "\"uri\": \"mixer://a\", \"remoteStreamName\": \"a\""));
            assertEquals(200, status(server, "add", "\"uri\": \"mixer://b\", \"remoteStreamName\": \"a\""));
            assertEquals(200, status(server, "add", "\"uri\": \"mixer://c\", \"remoteStreamName\": \"b\""));
            assertEquals(409, status(server, "add", "\"uri\": \"mixer://a\", \"remoteStreamName\": \"c\""));
            Await.await("the mix in the mix", () -> {
                try {
                    return found(server)
                            .path(2)
                            .path("sources")
                            .path(0)
                            .path("state")
                            .asString("")
                            .equals("live");
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            // A name that comes back as what would be a loop stays away.
            assertEquals(200, status(server, "terminate", "\"uri\": \"mixer://b\""));
            assertEquals(200, status(server, "remove", "\"uri\": \"mixer://c\", \"remoteStreamName\": \"b\""));
        }
    }
}
