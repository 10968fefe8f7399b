package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;

@Timeout(180)
class CatalogueCallsTest {
    private static final Track PICTURE = new Track(Track.VIDEO, new Codec.Vp8(320, 180));

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

    private JsonNode list(String query, int total) throws Exception {
        long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            HttpResponse<byte[]> response = server.get("/recordings" + query);
            if (response.statusCode() == 200
                    && ApiServer.json(response).path("total").intValue() == total) {
                return ApiServer.json(response);
            }
            assertTrue(System.nanoTime() - endNanos < 0, query + ": " + ApiServer.text(response));
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Test
    void filesComeInPagesNewestFirst() throws Exception {
        for (int i = 0; i < 12; i++) {
            Path file = server.record("file%02d.mp4".formatted(i), new byte[i]);
            Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L + i * 1000L));
        }
        JsonNode first = list("?size=5", 12);
        assertEquals(66, first.path("totalBytes").intValue());
        assertEquals(5, first.path("size").intValue());
        assertEquals(
                "file11.mp4", first.path("recordings").get(0).path("fileName").stringValue());
        JsonNode last = list("?size=5&page=2", 12);
        assertEquals(2, last.path("recordings").size());
        JsonNode one = last.path("recordings").get(1);
        assertEquals("file00.mp4", one.path("fileName").stringValue());
        assertEquals("failed", one.path("state").stringValue());
        assertEquals("it cannot be read", one.path("reason").stringValue());
        assertEquals(-1, one.path("durationMillis").intValue());
        assertTrue(one.path("quality").isNull());
        assertTrue(one.path("url").isNull());
        assertEquals(
                one, ApiServer.json(server.get("/recordings/" + one.path("id").stringValue())));
        assertEquals(3, list("?from=2023-11-14T22:13:29Z", 3).path("total").intValue());
        assertEquals(9, list("?to=1700000009000", 9).path("total").intValue());
        assertEquals(0, list("?from=2023-11-15", 0).path("total").intValue());
        assertEquals(
                "file00.mp4",
                list("?sort=size", 12).at("/recordings/0/fileName").stringValue());
        assertEquals(0, list("?state=ready", 0).path("total").intValue());
        assertEquals(0, list("?container=webm", 0).path("total").intValue());
        assertEquals(1, list("?q=FILE03", 1).path("total").intValue());
    }

    @Test
    void whatCannotBeAskedIsRefusedWithWhatIsAllowed() throws Exception {
        for (List<String> each : List.of(
                List.of("?state=done", "recording, finishing, ready, interrupted, failed allowed"),
                List.of("?container=exe", "mp4, webm"),
                List.of("?sort=start%3BDROP+TABLE", "start, end, duration, size, stream, file, state allowed"),
                List.of("?sort=--start", "allowed"),
                List.of("?page=-1", "0 to 20000 allowed"),
                List.of("?page=20001", "0 to 20000 allowed"),
                List.of("?page=1e3", "0 to 20000 allowed"),
                List.of("?size=0", "1 to 500 allowed"),
                List.of("?size=501", "1 to 500 allowed"),
                List.of("?size=99999999999999999999", "1 to 500 allowed"),
                List.of("?size=%00", "1 to 500 allowed"),
                List.of("?from=yesterday", "2026-01-31"),
                List.of("?to=2026-02-31", "2026-01-31"),
                List.of("?to=+999999999-01-01T00:00:00Z", "2026-01-31"),
                List.of("?q=" + "x".repeat(1025), "at most 1024 characters"))) {
            HttpResponse<byte[]> response = server.get("/recordings" + each.get(0));
            assertEquals(400, response.statusCode(), each.get(0));
            String error = ApiServer.json(response).path("error").stringValue();
            assertTrue(error.contains(each.get(1)), error);
        }
        for (String harmless : List.of(
                "?q=%27%20OR%20%271%27%3D%271",
                "?q=%25",
                "?q=%00",
                "?stream=%27%3B+DELETE+FROM+recording%3B--",
                "?unknown=1",
                "?q=" + URLEncoder.encode("日本\u0308", StandardCharsets.UTF_8),
                "?state=&sort=&page=&size=&from=&to=")) {
            list(harmless, 0);
        }
        String tenMegabytes = "x".repeat(10_000_000);
        int status = 0;
        try {
            status = server.get("/recordings?q=" + tenMegabytes).statusCode();
        } catch (java.io.IOException _) {
            // The server answers and closes while the rest is still on its way.
            status = 414;
        }
        assertTrue(status == 414 || status == 431 || status == 400, "status " + status);
        assertEquals(200, server.get("/recordings").statusCode());
    }

    @Test
    void deletingAsksForRightsAndOwnPages() throws Exception {
        server.record("a.mp4", new byte[10]);
        String id = list("", 1).at("/recordings/0/id").stringValue();
        String path = "/recordings/" + id;
        assertEquals(
                401,
                server.send("DELETE", path, "", "X-Forwarded-For", "203.0.113.9")
                        .statusCode());
        assertEquals(
                401, server.get("/recordings", "X-Forwarded-For", "203.0.113.9").statusCode());
        assertEquals(
                403,
                server.send("DELETE", path, "", "Origin", "https://evil.example")
                        .statusCode());
        assertEquals(
                403,
                server.send("DELETE", path, "", "Sec-Fetch-Site", "cross-site").statusCode());
        assertEquals(405, server.post(path, "").statusCode());
        assertTrue(Files.exists(dir.resolve("records/a.mp4")));
        assertEquals(204, server.send("DELETE", path, "").statusCode());
        assertFalse(Files.exists(dir.resolve("records/a.mp4")));
        assertEquals(404, server.send("DELETE", path, "").statusCode());
        for (String nothing : List.of("x", "..%2f..%2fsecret", "%00", "'%20OR%201=1", "x".repeat(5000))) {
            int status = delete("/recordings/" + nothing);
            assertTrue(status == 404 || status == 400, nothing + ": " + status);
        }
        list("", 0);
    }

    /// A path that no URI may have ends its connection, which the client may have chosen for the next request already.
    private int delete(String path) throws Exception {
        try {
            return server.send("DELETE", path, "").statusCode();
        } catch (java.io.IOException _) {
            return server.send("DELETE", path, "").statusCode();
        }
    }

    @Test
    void whatGrowsIsListedAndNotDeleted() throws Exception {
        try (Publication stream = server.publish("a", Feedback.NONE)) {
            server.post(
                    "/rest-api/recorder/startup",
                    "{\"mediaSessionId\": \"%s\"}".formatted(stream.stream().mediaSessionId()));
            for (int i = 0; i < 60; i++) {
                stream.write(ApiServer.frame(PICTURE, i * 40L, 1000));
                stream.write(ApiServer.frame(ApiServer.AUDIO, i * 40L, 100));
            }
            JsonNode one = list("?state=recording&stream=a", 1).at("/recordings/0");
            assertEquals("a", one.path("streamName").stringValue());
            assertEquals("RTMP", one.path("protocol").stringValue());
            assertEquals("VP8", one.at("/tracks/0/codec").stringValue());
            assertTrue(one.path("endMillis").isNull());
            assertEquals(
                    409,
                    server.send("DELETE", "/recordings/" + one.path("id").stringValue(), "")
                            .statusCode());
        }
        JsonNode done = list("?state=ready&stream=a", 1).at("/recordings/0");
        assertEquals(
                done.path("durationMillis").longValue(),
                done.path("endMillis").longValue() - done.path("startMillis").longValue());
    }

    @Test
    void aDatabaseThatIsAwayIsSaid() throws Exception {
        list("", 0);
        server.database.close();
        HttpResponse<byte[]> response = server.get("/recordings");
        assertEquals(503, response.statusCode());
        assertTrue(ApiServer.text(response).contains("database"), ApiServer.text(response));
        assertEquals(200, server.post("/rest-api/recording/find_all", "{}").statusCode());
    }

    @Test
    void whatWasSaidIsLinkedServedAndDeletedWithTheRecording() throws Exception {
        try (Publication stream = server.publish("a", Feedback.NONE)) {
            server.post(
                    "/rest-api/recorder/startup",
                    "{\"mediaSessionId\": \"%s\"}".formatted(stream.stream().mediaSessionId()));
            for (int i = 0; i < 30; i++) {
                stream.write(ApiServer.frame(PICTURE, i * 40L, 1000));
                stream.write(ApiServer.frame(ApiServer.AUDIO, i * 40L, 100));
            }
            stream.message(new Item.Message("chat", "", "me", true, 0, Bytes.ofUtf8("hello")));
        }
        JsonNode one = list("?state=ready&stream=a", 1).at("/recordings/0");
        String url = one.path("messagesUrl").stringValue();
        assertEquals(one.path("url").stringValue() + ".messages.jsonl", url);
        HttpResponse<byte[]> messages = server.get(url);
        assertEquals(200, messages.statusCode());
        assertEquals(
                "application/x-ndjson",
                messages.headers().firstValue("Content-Type").orElseThrow());
        assertTrue(ApiServer.text(messages).endsWith("\"text\":\"hello\"}\n"), ApiServer.text(messages));
        assertEquals(401, server.get(url, "X-Forwarded-For", "203.0.113.9").statusCode());
        long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String path = "/recordings/" + one.path("id").stringValue();
        while (server.send("DELETE", path, "").statusCode() == 409) {
            assertTrue(System.nanoTime() - endNanos < 0, "it stays busy");
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertEquals(404, server.get(url).statusCode());
        try (var left = Files.list(dir.resolve("records"))) {
            assertEquals(
                    List.of(),
                    left.filter(file -> file.toString().contains("a.")).toList());
        }
    }
}
