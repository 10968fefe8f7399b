package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadsTest {
    private static final int SIZE_BYTES = 300_000;
    private static final String FILE = "/client/records/stream.mp4";

    @TempDir
    Path dir;

    private ApiServer server;
    private byte[] content;
    private Path file;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir);
        content = new byte[SIZE_BYTES];
        new Random(1).nextBytes(content);
        file = server.record("stream.mp4", content);
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-03-05T06:07:08.9Z")));
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    @Test
    void aFileComesWholeWithAllThatAPlayerWants() throws Exception {
        HttpResponse<byte[]> response = server.get(FILE);
        assertEquals(200, response.statusCode());
        assertArrayEquals(content, response.body());
        assertEquals("bytes", header(response, "Accept-Ranges"));
        assertEquals("Thu, 05 Mar 2026 06:07:08 GMT", header(response, "Last-Modified"));
        assertEquals("inline;filename=\"stream.mp4\"", header(response, "Content-Disposition"));
        assertEquals(Integer.toString(SIZE_BYTES), header(response, "Content-Length"));
        assertTrue(header(response, "ETag").matches("\"[0-9a-f-]+\""));

        HttpResponse<byte[]> head = server.send("HEAD", FILE, "", "Range", "bytes=0-9");
        assertEquals(200, head.statusCode());
        assertEquals(Integer.toString(SIZE_BYTES), header(head, "Content-Length"));
        assertEquals(header(response, "ETag"), header(head, "ETag"));
        assertEquals(0, head.body().length);
    }

    @Test
    void aRangeComesAlone() throws Exception {
        checkRange("bytes=0-", 0, SIZE_BYTES);
        checkRange("bytes=0-0", 0, 1);
        checkRange("bytes=100000-199999", 100_000, 100_000);
        checkRange("bytes=-1", SIZE_BYTES - 1, 1);
        checkRange("bytes=299999-9223372036854775808", SIZE_BYTES - 1, 1);
    }

    private void checkRange(String range, int from, int count) throws Exception {
        HttpResponse<byte[]> response = server.get(FILE, "Range", range);
        assertEquals(206, response.statusCode(), range);
        assertEquals("bytes %d-%d/%d".formatted(from, from + count - 1, SIZE_BYTES), header(response, "Content-Range"));
        assertArrayEquals(Arrays.copyOfRange(content, from, from + count), response.body(), range);
    }

    @Test
    void whatIsNotInTheFileIs416AndWhatIsNoRangeIsIgnored() throws Exception {
        for (String range : List.of("bytes=300000-", "bytes=-0", "bytes=9223372036854775808-")) {
            HttpResponse<byte[]> response = server.get(FILE, "Range", range);
            assertEquals(416, response.statusCode(), range);
            assertEquals("bytes */300000", header(response, "Content-Range"));
        }
        for (String range : List.of("bytes=5-2", "items=0-1", "bytes=0-0" + ",0-0".repeat(999))) {
            HttpResponse<byte[]> response = server.get(FILE, "Range", range);
            assertEquals(200, response.statusCode(), range);
            assertArrayEquals(content, response.body());
        }
    }

    @Test
    void severalRangesComeAsParts() throws Exception {
        HttpResponse<byte[]> response = server.get(FILE, "Range", "bytes=0-9,-10,70000-140000");
        assertEquals(206, response.statusCode());
        String type = header(response, "Content-Type");
        assertTrue(type.startsWith("multipart/byteranges; boundary="), type);
        assertEquals(Integer.toString(response.body().length), header(response, "Content-Length"));
        String boundary = type.substring(type.indexOf('=') + 1);
        String text = new String(response.body(), StandardCharsets.ISO_8859_1);
        String[] parts = text.split("\r\n--" + boundary, -1);
        assertEquals(5, parts.length);
        assertEquals("--\r\n", parts[4]);
        int[][] expected = {{0, 10}, {SIZE_BYTES - 10, 10}, {70_000, 70_001}};
        for (int i = 0; i < expected.length; i++) {
            String part = parts[i + 1];
            int body = part.indexOf("\r\n\r\n") + 4;
            int from = expected[i][0];
            int count = expected[i][1];
            String range = "Content-Range: bytes %d-%d/%d\r\n".formatted(from, from + count - 1, SIZE_BYTES);
            assertTrue(part.substring(0, body).contains(range), part.substring(0, body));
            assertArrayEquals(
                    Arrays.copyOfRange(content, from, from + count),
                    part.substring(body).getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void aFileThatDidNotChangeIsNotSentAgain() throws Exception {
        String tag = header(server.get(FILE), "ETag");
        String date = "Thu, 05 Mar 2026 06:07:08 GMT";
        String before = "Thu, 05 Mar 2026 06:07:07 GMT";
        assertEquals(304, status("If-None-Match", tag));
        assertEquals(304, status("If-None-Match", "\"x\", W/" + tag));
        assertEquals(304, status("If-None-Match", "*"));
        assertEquals(200, status("If-None-Match", "\"x\""));
        assertEquals(304, status("If-Modified-Since", date));
        assertEquals(200, status("If-Modified-Since", before));
        assertEquals(200, status("If-Modified-Since", "yesterday"));
        assertEquals(200, status("If-None-Match", "\"x\"", "If-Modified-Since", date));
        assertEquals(200, status("If-Match", tag));
        assertEquals(412, status("If-Match", "\"x\""));
        assertEquals(412, status("If-Match", "W/" + tag));
        assertEquals(412, status("If-Unmodified-Since", before));
        assertEquals(200, status("If-Unmodified-Since", date));
        Files.write(file, new byte[] {1});
        assertNotEquals(tag, header(server.get(FILE), "ETag"));
    }

    @Test
    void aRangeOfAFileThatChangedIsTheWholeFile() throws Exception {
        String tag = header(server.get(FILE), "ETag");
        assertEquals(206, status("Range", "bytes=0-9", "If-Range", tag));
        assertEquals(200, status("Range", "bytes=0-9", "If-Range", "W/" + tag));
        assertEquals(200, status("Range", "bytes=0-9", "If-Range", "\"x\""));
        assertEquals(206, status("Range", "bytes=0-9", "If-Range", "Thu, 05 Mar 2026 06:07:08 GMT"));
        assertEquals(200, status("Range", "bytes=0-9", "If-Range", "Thu, 05 Mar 2026 06:07:09 GMT"));
        assertEquals(200, status("Range", "bytes=0-9", "If-Range", "rubbish"));
    }

    private int status(String... headers) throws Exception {
        return server.get(FILE, headers).statusCode();
    }

    @Test
    void theDispositionIsAsConfiguredOrAsked() throws Exception {
        assertEquals(
                "attachment;filename=\"stream.mp4\"",
                header(server.get(FILE + "?download=true"), "Content-Disposition"));
        server.record("Zoë \"x\" – 100%.mp4", content);
        assertEquals(
                "inline;filename=\"Zo_ _x_ _ 100_.mp4\";filename*=UTF-8''Zo%C3%AB%20%22x%22%20%E2%80%93%20100%25.mp4",
                header(
                        server.get("/client/records/Zo%C3%AB%20%22x%22%20%E2%80%93%20100%25.mp4"),
                        "Content-Disposition"));
        try (ApiServer other = new ApiServer(dir, "record_response_content_disposition_header_value=attachment")) {
            assertEquals("attachment;filename=\"stream.mp4\"", header(other.get(FILE), "Content-Disposition"));
        }
    }

    @Test
    void nothingOutsideTheFolderIsSent() throws Exception {
        Files.write(dir.resolve("secret.mp4"), content);
        Files.createSymbolicLink(server.settings.recording().dir().resolve("link.mp4"), dir.resolve("secret.mp4"));
        Files.createDirectory(server.settings.recording().dir().resolve("folder.mp4"));
        for (String path : List.of(
                "../secret.mp4",
                "%2e%2e/secret.mp4",
                "..%2fsecret.mp4",
                "%2e%2e%2fsecret.mp4",
                "..;/secret.mp4",
                "%252e%252e/secret.mp4",
                "%252e%252e%252fsecret.mp4",
                "..%5csecret.mp4",
                "stream.mp4/../../secret.mp4",
                "stream.mp4%00.txt",
                "/etc/passwd",
                "%2fetc%2fpasswd",
                "link.mp4",
                "folder.mp4",
                "",
                ".",
                "admin-token",
                "../admin-token")) {
            var response = RawHttp.get(server.http.port(), "/client/records/" + path);
            assertTrue(response.status() == 404 || response.status() == 400, path + " → " + response.status());
        }
    }

    @Test
    void aHundredDownloadsAtOnceNeedLittleMemory() throws Exception {
        long sizeBytes = 12L << 20;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(sizeBytes);
        }
        AtomicLong received = new AtomicLong();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                all.add(threads.submit(() -> {
                    received.addAndGet(RawHttp.count(server.http.port(), FILE));
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertTrue(received.get() >= 100 * sizeBytes, "all came: " + received.get());
        assertTrue(received.get() > Runtime.getRuntime().maxMemory(), "more than the heap holds");
    }

    @Test
    void aClientThatGoesAwayHarmsNobody() throws Exception {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 30);
        }
        for (int i = 0; i < 20; i++) {
            RawHttp.hangUpAfterFirstBytes(server.http.port(), FILE);
        }
        assertEquals(206, status("Range", "bytes=0-9"));
    }

    private static String header(HttpResponse<byte[]> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }
}
