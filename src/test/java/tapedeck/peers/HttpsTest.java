package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// All of HTTP by TLS, for clients that know the server's certificate: as the recording page's addresses
/// `https://HOST:8444/…` say.
@Tag("peer")
@Timeout(180)
class HttpsTest {
    @TempDir
    private Path folder;

    private Path certificate;
    private HttpClient client;
    private TestServer server;

    @BeforeEach
    void open() throws Exception {
        server = new TestServer(folder.resolve("data"));
        certificate = folder.resolve("data/tls-certificate.pem");
        client = HttpClient.newBuilder()
                .sslContext(Trust.ofServer(folder.resolve("data")))
                .build();
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        server.close();
    }

    private String url(String path) {
        return "https://localhost:%d%s".formatted(server.port("HTTPS"), path);
    }

    private HttpResponse<byte[]> send(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url(path))).method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void everythingThatHttpServesIsServedByTls() throws Exception {
        HttpResponse<byte[]> health = send("GET", "/health", "");
        assertEquals(200, health.statusCode());
        assertEquals("TLSv1.3", health.sslSession().orElseThrow().getProtocol());
        assertTrue(new String(health.body()).contains("\"HTTPS\""), new String(health.body()));
        assertEquals(200, send("GET", "/", "").statusCode());
        assertEquals(
                "[]",
                new String(send("POST", "/rest-api/stream/find_all", "{}", "Content-Type", "application/json")
                        .body()));
        assertEquals(404, send("GET", "/hls/none/index.m3u8", "").statusCode());
        // Offers that are none: they have reached who reads offers.
        for (String path : List.of("/whip/a", "/whep/a")) {
            assertEquals(
                    400,
                    send("POST", path, "x", "Content-Type", "application/sdp").statusCode(),
                    path);
        }
        WebSocket socket = client.newWebSocketBuilder()
                .buildAsync(URI.create(url("/ingest/a").replace("https", "wss")), new WebSocket.Listener() {})
                .join();
        socket.abort();
    }

    @Test
    void whoDoesNotKnowTheCertificateAndWhoSpeaksPlainlyGetNothing() throws Exception {
        try (HttpClient stranger = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(url("/health"))).build();
            assertThrows(
                    SSLHandshakeException.class, () -> stranger.send(request, HttpResponse.BodyHandlers.discarding()));
            HttpRequest plain = HttpRequest.newBuilder(URI.create(url("/health").replace("https", "http")))
                    .build();
            assertThrows(IOException.class, () -> stranger.send(plain, HttpResponse.BodyHandlers.discarding()));
            HttpRequest mistaken = HttpRequest.newBuilder(
                            URI.create(server.httpUrl("/health").replace("http", "https")))
                    .build();
            assertThrows(SSLException.class, () -> stranger.send(mistaken, HttpResponse.BodyHandlers.discarding()));
        }
        assertEquals(200, send("GET", "/health", "").statusCode());
    }

    @Test
    void aRecordingIsFetchedAndPlayedByTls() throws Exception {
        try (RtmpClient publisher = RtmpClient.connected(server.port("RTMP"))) {
            publisher.publish("tape");
            publisher.send(TestFlv.bothTracks());
            publisher.unpublish();
        }
        Path file = server.awaitRecordingOf("tape");
        byte[] whole = Files.readAllBytes(file);
        assertArrayEquals(whole, send("GET", "/client/records/tape.mp4", "").body());
        HttpResponse<byte[]> part = send("GET", "/client/records/tape.mp4", "", "Range", "bytes=100-199");
        assertEquals(206, part.statusCode());
        assertArrayEquals(Arrays.copyOfRange(whole, 100, 200), part.body());
        if (Ffmpeg.run(List.of("/bin/sh", "-c", "command -v curl")).exitCode() != 0) {
            System.out.println("SKIPPED: curl by TLS, it is not installed");
        } else {
            String url = url("/client/records/tape.mp4");
            Ffmpeg.Result curl = Ffmpeg.run(List.of("curl", "-sS", "--fail", "--cacert", certificate.toString(), url));
            assertEquals(0, curl.exitCode(), curl.err());
            assertArrayEquals(whole, curl.out());
        }
        String direct = pictures(file.toString());
        assertTrue(direct.lines().count() > 50, direct);
        assertEquals(direct, pictures(url("/client/records/tape.m3u8")));
        assertEquals(direct, pictures(url("/client/records/tape.mp4")));
    }

    /// What ffmpeg decodes, a checksum for each; the server's certificate has to be right.
    private String pictures(String from) {
        boolean secure = from.startsWith("https");
        List<String> trust = secure ? List.of("-tls_verify", "1", "-ca_file", certificate.toString()) : List.of();
        List<String> command = new ArrayList<>(List.of(Ffmpeg.ffmpeg(), "-v", "error", "-nostdin"));
        command.addAll(trust);
        command.addAll(List.of("-i", from, "-map", "0:v", "-f", "framehash", "-hash", "md5", "-"));
        Ffmpeg.Result result = Ffmpeg.run(command);
        assertEquals(0, result.exitCode(), result.err());
        return result.text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.substring(line.lastIndexOf(',') + 1).strip())
                .reduce("", (all, line) -> all + line + "\n");
    }
}
