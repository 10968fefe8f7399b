package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;

class RestTest {
    @TempDir
    Path dir;

    private ApiServer server;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir);
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    @Test
    void aLiveStreamIsListedWithAllThatClientsKnow() throws Exception {
        try (Publication stream = server.publish("studio/cam 1", Feedback.NONE)) {
            stream.write(ApiServer.frame(ApiServer.VIDEO, 0, 25_000));
            stream.write(ApiServer.frame(ApiServer.AUDIO, 10, 0));
            server.nanos.addAndGet(1_000_000_000L);
            server.now.set(stream.stream().startedAt().plusSeconds(90));
            JsonNode list = ApiServer.json(server.post("/rest-api/stream/find_all", ""));
            assertEquals(1, list.size());
            JsonNode one = list.get(0);
            assertEquals(
                    stream.stream().mediaSessionId(), one.path("mediaSessionId").stringValue());
            assertEquals("studio/cam 1", one.path("name").stringValue());
            assertEquals("session-studio/cam 1", one.path("sessionId").stringValue());
            assertEquals("somebody", one.path("login").stringValue());
            assertTrue(one.path("published").booleanValue());
            assertTrue(one.path("hasVideo").booleanValue());
            assertTrue(one.path("hasAudio").booleanValue());
            assertEquals("PUBLISHING", one.path("status").stringValue());
            assertFalse(one.path("record").booleanValue());
            assertEquals(1280, one.path("width").intValue());
            assertEquals(720, one.path("height").intValue());
            assertEquals("H264", one.path("videoCodec").stringValue());
            assertEquals("AAC", one.path("audioCodec").stringValue());
            assertEquals("Flash", one.path("mediaProvider").stringValue());
            assertEquals(
                    stream.stream().startedAt().toEpochMilli(),
                    one.path("creationDate").longValue());
            assertEquals("RTMP", one.path("protocol").stringValue());
            assertEquals(200_000, one.path("bitrate").longValue());
            assertEquals(90_000, one.path("uptimeMillis").longValue());
            assertEquals(0, one.path("readers").intValue());
        }
        assertEquals("[]", ApiServer.text(server.post("/rest-api/stream/find_all", "{}")));
    }

    @Test
    void theBitrateIsThatOfTheLastSeconds() throws Exception {
        try (Publication stream = server.publish("a", Feedback.NONE)) {
            stream.write(ApiServer.frame(ApiServer.VIDEO, 0, 1_000_000));
            for (int second = 0; second < 10; second++) {
                bitrate();
                server.nanos.addAndGet(1_000_000_000L);
            }
            stream.write(ApiServer.frame(ApiServer.VIDEO, 10_000, 50_000));
            server.nanos.addAndGet(1_000_000_000L);
            long bitrate = bitrate();
            assertTrue(bitrate > 80_000 && bitrate < 250_000, "400 kbit within 2 to 4 s: " + bitrate);
        }
    }

    private long bitrate() throws Exception {
        return ApiServer.json(server.post("/rest-api/stream/find_all", ""))
                .get(0)
                .path("bitrate")
                .longValue();
    }

    @Test
    void streamsAreFoundByWhatIsAskedFor() throws Exception {
        try (Publication a = server.publish("a", Feedback.NONE);
                Publication b = server.publish("b", Feedback.NONE)) {
            String id = a.stream().mediaSessionId();
            assertEquals(List.of("a"), found("{\"name\": \"a\"}"));
            assertEquals(
                    List.of("a"), found("{\"mediaSessionId\": \"" + id + "\", \"name\": null, \"published\": true}"));
            assertEquals(List.of("a", "b"), found("{\"published\": \"true\", \"display\": [\"metrics\"]}"));
            assertEquals(List.of("a", "b"), found(""));
            assertEquals(404, find("{\"name\": \"c\"}").statusCode());
            assertEquals(404, find("{\"name\": \"a\", \"published\": false}").statusCode());
            assertEquals(
                    404,
                    find("{\"name\": \"b\", \"mediaSessionId\": \"" + id + "\"}")
                            .statusCode());
            assertEquals(400, find("{\"name\": 7}").statusCode());
        }
    }

    private HttpResponse<byte[]> find(String body) throws Exception {
        return server.post("/rest-api/stream/find", body);
    }

    private List<String> found(String body) throws Exception {
        HttpResponse<byte[]> response = find(body);
        assertEquals(200, response.statusCode());
        List<String> names = new ArrayList<>();
        ApiServer.json(response).forEach(stream -> names.add(stream.path("name").stringValue()));
        names.sort(null);
        return names;
    }

    @Test
    void terminatingAStreamTellsItsPublisher() throws Exception {
        CompletableFuture<String> told = new CompletableFuture<>();
        Feedback feedback = new Feedback() {
            @Override
            public void requestKeyframe() {}

            @Override
            public void watched(boolean live) {}

            @Override
            public void terminate(String reason) {
                told.complete(reason);
            }
        };
        try (Publication stream = server.publish("a", feedback)) {
            String body = "{\"mediaSessionId\": \"" + stream.stream().mediaSessionId() + "\"}";
            assertEquals(200, server.post("/rest-api/stream/terminate", body).statusCode());
            assertEquals("ended over REST", told.getNow("not told"));
        }
        String nobody = "{\"mediaSessionId\": \"5a072377-73c1-4caf-abd3\"}";
        assertEquals(404, server.post("/rest-api/stream/terminate", nobody).statusCode());
        assertEquals(400, server.post("/rest-api/stream/terminate", "{}").statusCode());
    }

    @Test
    void thePagesExamplesAreUnderstood() throws Exception {
        String start = """
                {
                  "mediaSessionId": "5a072377-73c1-4caf-abd3",
                  "config": {
                    "fileTemplate": "{streamName}-{startTime}-{endTime}",
                    "rotation": "20M"
                  }
                }""";
        String stop = "{\"mediaSessionId\": \"5a072377-73c1-4caf-abd3\"}";
        for (String path : List.of("stream/startRecording", "recorder/startup")) {
            HttpResponse<byte[]> response = server.post("/rest-api/" + path, start);
            assertEquals(404, response.statusCode(), path);
            assertFalse(ApiServer.json(response).path("error").stringValue().isEmpty());
            assertEquals(
                    400,
                    server.post("/rest-api/" + path, start.replace("20M", "a lot"))
                            .statusCode());
            assertEquals(400, server.post("/rest-api/" + path, "{}").statusCode());
        }
        for (String path : List.of("stream/stopRecording", "recorder/terminate")) {
            assertEquals(404, server.post("/rest-api/" + path, stop).statusCode(), path);
        }
        assertEquals("[]", ApiServer.text(server.post("/rest-api/recorder/find_all", "")));
        assertEquals("[]", ApiServer.text(server.get("/rest-api/recorder/find_all")));
        assertEquals(405, server.get("/rest-api/recorder/startup").statusCode());
    }

    @Test
    void whatCannotBeReadIs400InWords() throws Exception {
        List<String> bad = List.of(
                "{",
                "[]",
                "\"text\"",
                "{\"mediaSessionId\": \"a\"} {}",
                "{\"mediaSessionId\": {\"a\": 1}}",
                "{\"mediaSessionId\": \"a\", \"mediaSessionId\": \"b\"}",
                "{\"mediaSessionId\": \"a\", \"config\": []}",
                "{\"a\": " + "[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH) + "}",
                "{\"a\": 1" + "0".repeat(Json.MAX_NUMBER_CHARACTERS) + "}");
        for (String body : bad) {
            HttpResponse<byte[]> response = server.post("/rest-api/stream/startRecording", body);
            assertEquals(400, response.statusCode(), body);
            assertFalse(ApiServer.json(response).path("error").stringValue().isEmpty(), body);
        }
        String deepest =
                "{\"a\": " + "[".repeat(Json.MAX_DEPTH - 1) + "]".repeat(Json.MAX_DEPTH - 1) + ", \"name\": \"x\"}";
        assertEquals(404, server.post("/rest-api/stream/find", deepest).statusCode());
        String large = "{\"a\": \"" + "x".repeat(Json.MAX_BODY_BYTES) + "\"}";
        assertEquals(413, server.post("/rest-api/stream/find", large).statusCode());
    }

    @Test
    void healthNamesVersionUptimeAndPorts() throws Exception {
        server.now.set(server.now.get().plusSeconds(75));
        JsonNode health = ApiServer.json(server.get("/health"));
        assertEquals("ok", health.path("status").stringValue());
        assertEquals("1.2.3", health.path("version").stringValue());
        assertEquals(75, health.path("uptimeSeconds").longValue());
        assertEquals("HTTP", health.path("ports").get(0).path("protocol").stringValue());
        assertEquals("tcp", health.path("ports").get(0).path("transport").stringValue());
        assertEquals(
                server.http.port(), health.path("ports").get(0).path("port").intValue());
    }

    @Test
    void metricsCountStreamsThatHaveEndedToo() throws Exception {
        try (Publication stream = server.publish("a", Feedback.NONE)) {
            stream.write(ApiServer.frame(ApiServer.VIDEO, 0, 1000));
            assertTrue(metrics().contains("\ntapedeck_streams 1.0\n"), metrics());
        }
        try (Publication stream = server.publish("b", Feedback.NONE)) {
            stream.write(ApiServer.frame(ApiServer.VIDEO, 0, 500));
            String metrics = metrics();
            assertTrue(metrics.contains("\ntapedeck_frames_received_total 2.0\n"), metrics);
            assertTrue(metrics.contains("\ntapedeck_received_bytes_total 1500.0\n"), metrics);
            assertTrue(metrics.contains("\ntapedeck_streams_published_total 2.0\n"), metrics);
            assertTrue(metrics.contains("tapedeck_recordings{state=\"recording\"} 0.0\n"), metrics);
            assertTrue(metrics.contains("\ntapedeck_recordings_failed_total 0.0\n"), metrics);
            assertTrue(metrics.contains("\ntapedeck_recordings_write_calls_total 0.0\n"), metrics);
            assertTrue(metrics.contains("\ntapedeck_recordings_written_bytes_total 0.0\n"), metrics);
            assertTrue(metrics.contains("\njvm_memory_used_bytes{"), metrics);
            assertTrue(metrics.contains("\njvm_threads_live_threads "), metrics);
        }
    }

    private String metrics() throws Exception {
        return ApiServer.text(server.get("/metrics"));
    }

    @Test
    void everyAnswerCarriesTheSecurityHeaders() throws Exception {
        for (String path : List.of("/health", "/nothing", "/rest-api/stream/find_all", "/a%2fb")) {
            var headers = server.get(path).headers();
            assertEquals("nosniff", headers.firstValue("X-Content-Type-Options").orElse(""), path);
            assertTrue(headers.firstValue("Content-Security-Policy").orElse("").contains("default-src 'none'"), path);
            assertEquals("no-referrer", headers.firstValue("Referrer-Policy").orElse(""), path);
            assertTrue(headers.firstValue("Access-Control-Allow-Origin").isEmpty(), path);
            assertTrue(headers.firstValue("Server").isEmpty(), path);
        }
        HttpResponse<byte[]> jsonp = server.get("/rest-api/stream/find_all?callback=evil");
        assertEquals("[]", ApiServer.text(jsonp));
        assertEquals(400, server.get("/a%2fb").statusCode());
        assertFalse(ApiServer.json(server.get("/a%2fb")).path("error").isMissingNode());
    }
}
