package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Await;
import tools.jackson.databind.JsonNode;

/// The recording page's calls, from a live stream to the finished file.
class RecordingOverRestTest {
    private static final long DEADLINE_NANOS = 60_000_000_000L;

    @TempDir
    Path dir;

    @Test
    void aRecordingOnDemandFollowsItsRequest() throws Exception {
        try (ApiServer server = new ApiServer(dir);
                LivePublisher publisher = new LivePublisher(server, "cam")) {
            String id = publisher.mediaSessionId();
            assertEquals(404, call(server, "stream/stopRecording", session(id)).statusCode(), "not recorded yet");
            String start = """
                    {"mediaSessionId": "%s", "config": {"fileTemplate": "{streamName}-{endTime}", "rotation": "disabled"}}""".formatted(id);
            HttpResponse<byte[]> started = call(server, "stream/startRecording", start);
            assertEquals(200, started.statusCode());
            assertEquals("", ApiServer.text(started));
            JsonNode active = await(server, "recorder/find_all", "a recording with frames", 500);
            assertEquals("cam-{endTime}.mp4", active.path("fileName").stringValue());
            assertEquals(id, active.path("mediaSessionId").stringValue());
            JsonNode stream =
                    ApiServer.json(server.post("/rest-api/stream/find_all", "")).get(0);
            assertTrue(stream.path("record").booleanValue());

            assertEquals(200, call(server, "recorder/terminate", session(id)).statusCode());
            JsonNode file = await(server, "recording/find_all", "the file", 500);
            assertTrue(file.path("fileName").stringValue().matches("cam-\\d+\\.mp4"), file::toString);
            assertEquals("video/mp4", file.path("mediaType").stringValue());
            assertEquals(2, file.path("tracks").size());
            HttpResponse<byte[]> content = server.get(file.path("url").stringValue());
            assertEquals(200, content.statusCode());
            assertEquals(file.path("size").longValue(), content.body().length);
            assertEquals(
                    "video/mp4", content.headers().firstValue("Content-Type").orElse(""));
            // It is counted behind what lists it.
            Await.await(
                    "the file is counted",
                    () -> metrics(server).contains("\ntapedeck_recordings_finished_total 1.0\n"));
            String metrics = metrics(server);
            assertTrue(metrics.contains("\ntapedeck_transcode_streams 0.0\n"), metrics);
        }
    }

    @Test
    void aFullDiskIs507() throws Exception {
        try (ApiServer server = new ApiServer(dir, "file_recorder_min_space=100000g");
                LivePublisher publisher = new LivePublisher(server, "cam")) {
            HttpResponse<byte[]> refused = call(server, "recorder/startup", session(publisher.mediaSessionId()));
            assertEquals(507, refused.statusCode());
            assertTrue(ApiServer.json(refused).path("error").stringValue().contains("disk space"));
        }
    }

    private static HttpResponse<byte[]> call(ApiServer server, String path, String body) throws Exception {
        return server.post("/rest-api/" + path, body);
    }

    private static String metrics(ApiServer server) {
        try {
            return ApiServer.text(server.get("/metrics"));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String session(String id) {
        return "{\"mediaSessionId\": \"%s\"}".formatted(id);
    }

    /// The only element of the list, as soon as there is one of this length.
    private static JsonNode await(ApiServer server, String path, String what, long millis) throws Exception {
        long start = System.nanoTime();
        while (System.nanoTime() - start < DEADLINE_NANOS) {
            JsonNode list = ApiServer.json(server.post("/rest-api/" + path, ""));
            if (list.size() == 1 && list.get(0).path("durationMillis").longValue() >= millis) {
                return list.get(0);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError(what + " did not come");
    }
}
