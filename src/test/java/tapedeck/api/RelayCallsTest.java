package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.PushClient;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tools.jackson.databind.JsonNode;

@Timeout(120)
class RelayCallsTest {
    /// A protocol whose other side is always there.
    private static final class Patient implements PullClient, PushClient {
        @Override
        public Set<String> schemes() {
            return Set.of("rtmp", "rtsp");
        }

        @Override
        public Publisher.Protocol protocol() {
            return Publisher.Protocol.RTMP;
        }

        @Override
        public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
            sink.write(ApiServer.frame(ApiServer.VIDEO, 0, 10));
            new CountDownLatch(1).await();
        }

        @Override
        public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
            source.accepted();
            new CountDownLatch(1).await();
        }
    }

    @TempDir
    Path dir;

    private ApiServer server;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir, "pull_allow=loopback");
        Patient patient = new Patient();
        server.relays.pullWith(patient).pushWith(patient);
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    private HttpResponse<byte[]> call(String path, String body) throws Exception {
        return server.post("/rest-api/" + path, body.replace('\'', '"'));
    }

    private int status(String path, String body) throws Exception {
        return call(path, body).statusCode();
    }

    private JsonNode awaitStatus(String path, String status) throws Exception {
        for (long left = TimeUnit.SECONDS.toMillis(60); left > 0; left -= 10) {
            JsonNode last = ApiServer.json(call(path + "/find_all", "")).path(0);
            if (last.path("status").asString("").equals(status)) {
                return last;
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        throw new AssertionError("never " + status + ": " + ApiServer.text(call(path + "/find_all", "")));
    }

    @Test
    void aCameraIsPulledAsTheSdkAsks() throws Exception {
        String uri = "rtsp://user:secret@127.0.0.1:8554/live/1";
        HttpResponse<byte[]> started = call("rtsp/startup", "{'uri': '%s'}".formatted(uri));
        assertEquals(200, started.statusCode(), ApiServer.text(started));
        assertEquals(
                "127.0.0.1/live/1", ApiServer.json(started).path("streamName").stringValue());
        JsonNode one = awaitStatus("rtsp", "ACTIVE");
        assertEquals("rtsp://user@127.0.0.1:8554/live/1", one.path("uri").stringValue());
        JsonNode streams = ApiServer.json(call("stream/find", "{'name': '127.0.0.1/live/1'}"));
        assertEquals(
                streams.path(0).path("mediaSessionId").stringValue(),
                one.path("streamMediaSessionId").stringValue());
        assertEquals(200, status("rtsp/find", "{'uri': '%s', 'status': 'ACTIVE'}".formatted(uri)));
        assertEquals(404, status("rtsp/find", "{'uri': 'rtsp://127.0.0.1:8554/live/2'}"));
        assertEquals(409, status("rtsp/startup", "{'uri': '%s'}".formatted(uri)));
        String everything = ApiServer.text(call("rtsp/find_all", ""))
                + ApiServer.text(server.get("/sessions"))
                + ApiServer.text(call("stream/find_all", ""));
        assertFalse(everything.contains("secret"), everything);
        assertEquals(200, status("rtsp/terminate", "{'uri': '%s'}".formatted(uri)));
        assertEquals(
                "ended over REST",
                awaitStatus("rtsp", "ENDED").path("lastError").stringValue());
        assertEquals(404, status("rtsp/terminate", "{'uri': '%s'}".formatted(uri)));
        assertEquals(404, status("stream/find", "{'name': '127.0.0.1/live/1'}"));
    }

    @Test
    void aStreamIsPushedAsTheSdkAsks() throws Exception {
        String body = "{'streamName': 'a', 'rtmpUrl': 'rtmp://127.0.0.1/live', 'rtmpTransponderFullUrl': false}";
        assertEquals(404, status("push/startup", body));
        try (Publication _ = server.publish("a", Feedback.NONE)) {
            JsonNode started = ApiServer.json(call("push/startup", body));
            assertEquals("rtmp://127.0.0.1/live/***", started.path("rtmpUrl").stringValue());
            assertEquals(409, status("push/startup", body));
            String full = body.replace("live'", "x/KEY'").replace("false", "true");
            assertEquals(
                    "rtmp://127.0.0.1/x/***",
                    ApiServer.json(call("push/startup", full)).path("rtmpUrl").stringValue());
            awaitStatus("push", "ACTIVE");
            assertEquals(404, status("push/find", "{'rtmpUrl': 'rtmp://127.0.0.1/x/YEK'}"));
            assertEquals(200, status("push/find", "{'rtmpUrl': 'rtmp://127.0.0.1/x/KEY', 'remoteStreamName': 'KEY'}"));
            JsonNode found =
                    ApiServer.json(call("push/find", "{'streamName': 'a', 'rtmpUrl': 'rtmp://127.0.0.1/live'}"));
            assertEquals(1, found.size());
            String id = found.path(0).path("mediaSessionId").stringValue();
            assertEquals(started.path("mediaSessionId").stringValue(), id);
            JsonNode sessions = ApiServer.json(server.get("/sessions?direction=plays"));
            assertTrue(sessions.toString().contains(id), sessions.toString());
            assertEquals(200, status("push/terminate", "{'mediaSessionId': '%s'}".formatted(id)));
            assertEquals(404, status("push/terminate", "{'mediaSessionId': 'x'}"));
            assertEquals(400, status("push/terminate", "{}"));
        }
    }

    @Test
    void pullsAndPushesOfOtherServersAreInOneList() throws Exception {
        assertEquals(
                200,
                status(
                        "pull/pull",
                        "{'uri': 'rtmp://127.0.0.1/app', 'localStreamName': 'l', 'remoteStreamName': 'r'}"));
        awaitStatus("pull", "ACTIVE");
        assertEquals(
                200,
                status(
                        "pull/push",
                        "{'uri': 'rtmp://127.0.0.1/app', 'localStreamName': 'l', 'remoteStreamName': 's'}"));
        JsonNode all = ApiServer.json(server.get("/rest-api/pull/find_all"));
        assertEquals(
                List.of("rtmp://127.0.0.1/app/r", "rtmp://127.0.0.1/app/***"),
                all.valueStream().map(one -> one.path("uri").stringValue()).toList());
        assertEquals(200, status("pull/terminate", "{'localStreamName': 'l', 'remoteStreamName': 'r'}"));
        assertEquals("ENDED", awaitStatus("pull", "ENDED").path("status").stringValue());
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        assertEquals(400, status("pull/startup", "{'uri': 'rtmp://10.0.0.1/a/b', 'localStreamName': 'x'}"));
        assertEquals(400, status("pull/startup", "{'uri': 'gopher://127.0.0.1/a', 'localStreamName': 'x'}"));
        assertEquals(400, status("pull/startup", "{'uri': 'rtmp://127.0.0.1/a/b', 'localStreamName': '../x'}"));
        assertEquals(400, status("pull/startup", "{'localStreamName': 'x'}"));
        assertEquals(400, status("rtsp/startup", "{'uri': 'rtmp://127.0.0.1/a/b'}"));
        String error = ApiServer.text(call("pull/startup", "{'uri': 'rtmp://10.0.0.1/a/b', 'localStreamName': 'x'}"));
        assertTrue(error.contains("10.0.0.1 is private, and pull_allow does not name it"), error);
    }
}
