package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `multipleRecorder/…` with the recording page's bodies and statuses.
@Timeout(120)
class MultiRecorderCallsTest {
    private static final String RECORDER = "{\"uri\": \"multi-recorder://test-record\"}";
    private static final String NO_HOOK = "on_multiple_record_hook_script=";

    @TempDir
    Path dir;

    private static HttpResponse<byte[]> call(ApiServer server, String name, String body) throws Exception {
        return server.post("/rest-api/multipleRecorder/" + name, body);
    }

    private static int status(ApiServer server, String name, String body) throws Exception {
        return call(server, name, body).statusCode();
    }

    private static String stream(String mediaSessionId) {
        return "{\"uri\": \"multi-recorder://test-record\", \"mediaSessionId\": \"%s\"}".formatted(mediaSessionId);
    }

    @Test
    void aServerThatStopsBeginsNothing() throws Exception {
        try (ApiServer server = new ApiServer(dir, NO_HOOK)) {
            server.recordings.close();
            HttpResponse<byte[]> refused = call(server, "startup", RECORDER);
            assertEquals(500, refused.statusCode());
            assertTrue(ApiServer.text(refused).contains("the server is stopping"), ApiServer.text(refused));
        }
    }

    @Test
    void thePagesCallsAndStatuses() throws Exception {
        try (ApiServer server = new ApiServer(dir, NO_HOOK, "stream_record_policy_template={streamName}");
                LivePublisher one = new LivePublisher(server, "one");
                LivePublisher two = new LivePublisher(server, "two")) {
            assertEquals(404, status(server, "find_all", ""));
            assertEquals(404, status(server, "add", stream(one.mediaSessionId())));
            assertEquals(404, status(server, "terminate", RECORDER));
            assertEquals(400, status(server, "startup", "{\"uri\": "));
            assertEquals(400, status(server, "startup", "{}"));
            HttpResponse<byte[]> started = call(server, "startup", RECORDER);
            assertEquals(200, started.statusCode());
            assertEquals("", ApiServer.text(started));
            assertEquals(409, status(server, "startup", RECORDER));
            assertEquals(404, status(server, "add", stream("nobody")));
            assertEquals(200, status(server, "add", stream(one.mediaSessionId())));
            assertEquals(409, status(server, "add", stream(one.mediaSessionId())));
            assertEquals(200, status(server, "add", stream(two.mediaSessionId())));
            assertEquals(404, status(server, "remove", stream("nobody")));
            JsonNode recorder = recorder(server, 1000);
            assertEquals(
                    1,
                    ApiServer.json(server.get("/rest-api/multipleRecorder/find_all"))
                            .size());
            assertEquals("multi-recorder://test-record", recorder.path("uri").stringValue());
            assertEquals(
                    "multi-recorder__test-record.mp4", recorder.path("fileName").stringValue());
            assertEquals(
                    one.mediaSessionId(),
                    recorder.path("mediaSessionsId").get(0).stringValue());
            assertEquals(
                    two.mediaSessionId(),
                    recorder.path("mediaSessionsId").get(1).stringValue());
            assertEquals(200, status(server, "remove", stream(two.mediaSessionId())));
            assertEquals(404, status(server, "remove", stream(two.mediaSessionId())));
            assertEquals(200, status(server, "terminate", RECORDER));
            assertEquals(404, status(server, "terminate", RECORDER));
            JsonNode file = finished(server);
            assertEquals(
                    "multi-recorder__test-record.mp4", file.path("fileName").stringValue());
            assertEquals(4, file.path("tracks").size());
            assertEquals(
                    file.path("size").longValue(),
                    server.get(file.path("url").stringValue()).body().length);
            assertTrue(Files.exists(dir.resolve("records").resolve("multi-recorder__test-record.mp4")));
            HttpResponse<byte[]> timeline = server.get(file.path("url").stringValue() + ".timeline.json");
            assertEquals(200, timeline.statusCode());
            assertEquals(
                    "application/json",
                    timeline.headers().firstValue("Content-Type").orElse(""));
            assertTrue(ApiServer.text(timeline).contains("\"leave\""), ApiServer.text(timeline));
        }
    }

    /// Listed while they grow, listed and served when they are done, deleted, and found again after a restart.
    @Test
    void aFolderOfTheirOwnIsListedAndServedLikeTheOther() throws Exception {
        Path calls = dir.resolve("calls");
        String[] settings = {NO_HOOK, "multi_record_dir=" + calls, "stream_record_policy_template={streamName}"};
        Path file = calls.resolve("multi-recorder__test-record.mp4");
        try (ApiServer server = new ApiServer(dir, settings);
                LivePublisher one = new LivePublisher(server, "one")) {
            server.record("other.mp4", new byte[100]);
            assertEquals(200, status(server, "startup", RECORDER));
            assertEquals(200, status(server, "add", stream(one.mediaSessionId())));
            recorder(server, 1000);
            assertEquals("recording", listed(server, "recording").path("state").stringValue());
            assertEquals(200, status(server, "terminate", RECORDER));
            JsonNode entry = listed(server, "ready");
            assertEquals(file.getFileName().toString(), entry.path("fileName").stringValue());
            String url = entry.path("url").stringValue();
            assertEquals(Files.size(file), server.get(url).body().length);
            assertEquals(206, server.get(url, "Range", "bytes=0-9").statusCode());
            assertEquals(200, server.get(url + ".timeline.json").statusCode());
        }
        try (ApiServer server = new ApiServer(dir, settings)) {
            JsonNode entry = listed(server, "ready");
            assertEquals(
                    "multi-recorder://test-record", entry.path("streamName").stringValue());
            assertEquals(
                    204,
                    server.send("DELETE", "/recordings/" + entry.path("id").stringValue(), "")
                            .statusCode());
            try (var left = Files.list(calls)) {
                assertEquals(
                        List.of(),
                        left.filter(path -> path.toString().contains("multi")).toList());
            }
        }
    }

    /// The third row of the page's parameters, with its spelling and with that of its answers.
    @Test
    void aFileIsNamedAsTheQuerySays() throws Exception {
        try (ApiServer server = new ApiServer(dir, NO_HOOK);
                LivePublisher one = new LivePublisher(server, "one")) {
            for (String named : List.of(
                    "\"filename\": \"multi-recorder__test-record.mp4\"",
                    "\"fileName\": \"of {streamName}\"",
                    "\"filename\": \"../outside/.hidden.MP4\"")) {
                String startup = RECORDER.replace("}", ", " + named + "}");
                assertEquals(200, status(server, "startup", startup), named);
                assertEquals(200, status(server, "add", stream(one.mediaSessionId())));
                recorder(server, 100);
                assertEquals(200, status(server, "terminate", RECORDER));
            }
            assertEquals(400, status(server, "startup", RECORDER.replace("}", ", \"filename\": 7}")));
            Path records = dir.resolve("records");
            for (String name : List.of(
                    "multi-recorder__test-record.mp4", "of multi-recorder__test-record.mp4", "_.outside.hidden.mp4")) {
                while (!Files.exists(records.resolve(name))) {
                    TimeUnit.MILLISECONDS.sleep(20);
                }
            }
        }
    }

    private static JsonNode listed(ApiServer server, String state) throws Exception {
        while (true) {
            for (JsonNode entry : ApiServer.json(server.get("/recordings")).path("recordings")) {
                if (entry.path("fileName").stringValue().startsWith("multi")
                        && entry.path("state").stringValue().equals(state)) {
                    return entry;
                }
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Test
    void aFullDiskIs507() throws Exception {
        try (ApiServer server = new ApiServer(dir, NO_HOOK, "file_recorder_min_space=100000g")) {
            assertEquals(507, status(server, "startup", RECORDER));
        }
    }

    private static JsonNode recorder(ApiServer server, long leastMillis) throws Exception {
        while (true) {
            JsonNode all = ApiServer.json(call(server, "find_all", ""));
            if (all.get(0).path("durationMillis").longValue() >= leastMillis) {
                return all.get(0);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static JsonNode finished(ApiServer server) throws Exception {
        while (true) {
            JsonNode list = ApiServer.json(server.post("/rest-api/recording/find_all", ""));
            if (list.size() == 1 && list.get(0).path("durationMillis").longValue() > 0) {
                return list.get(0);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
