package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.net.Attempts;
import tapedeck.settings.SettingsException;

/// Most tests make the loopback peer a trusted proxy that forwards for 203.0.113.9: that is how a request from
/// elsewhere looks on every machine. One uses the machine's own other address where it has one.
class AccessTest {
    private static final String LIST = "/rest-api/stream/find_all";
    private static final String PROXY = "http_trusted_proxies=127.0.0.1, 10.0.0.0/8";
    private static final String STRANGER = "203.0.113.9";

    @TempDir
    Path dir;

    private ApiServer server;

    private void open(String... settings) throws Exception {
        server = new ApiServer(dir, settings);
    }

    @AfterEach
    void close() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/rest-api/stream/find_all",
                "/rest-api/recorder/find_all",
                "/rest-api/recording/find_all",
                "/metrics",
                "/client/records/a.mp4"
            })
    void loopbackIsFreeAndElsewhereNeedsTheToken(String path) throws Exception {
        open(PROXY);
        server.record("a.mp4", new byte[10]);
        assertEquals(200, server.get(path).statusCode());
        HttpResponse<byte[]> refused = fromStranger(path);
        assertEquals(401, refused.statusCode());
        assertTrue(refused.headers().firstValue("WWW-Authenticate").orElse("").startsWith("Basic realm="));
        assertFalse(ApiServer.json(refused).path("error").stringValue().isEmpty());
        assertEquals(
                200,
                fromStranger(path, "Authorization", "Bearer " + server.token()).statusCode());
        assertEquals(
                200,
                fromStranger(path, "Authorization", basic("anybody", server.token()))
                        .statusCode());
        assertEquals(
                401,
                fromStranger(path, "Authorization", "Bearer " + server.token() + "x")
                        .statusCode());
        assertEquals(
                401,
                fromStranger(path, "Authorization", basic(server.token(), "")).statusCode());
        assertEquals(401, fromStranger(path, "Authorization", "Bearer").statusCode());
        assertEquals(401, fromStranger(path, "Authorization", "Basic %%%").statusCode());
        assertEquals(
                401,
                fromStranger(path, "Authorization", "Digest " + server.token()).statusCode());
    }

    @Test
    void theMachinesOtherAddressIsElsewhere() throws Exception {
        open();
        Optional<InetAddress> other = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address.getAddress().length == 4 && !address.isLoopbackAddress())
                .findFirst();
        if (other.isEmpty()) {
            System.out.println("no address but loopback here, 0 cases over a real one");
            return;
        }
        String url = "http://" + other.get().getHostAddress() + ":" + server.http.port();
        assertEquals(401, server.sendTo(url + LIST, "POST", "").statusCode());
        assertEquals(
                401,
                server.sendTo(url + LIST, "POST", "", "X-Forwarded-For", "127.0.0.1")
                        .statusCode());
        assertEquals(
                200,
                server.sendTo(url + LIST, "POST", "", "Authorization", "Bearer " + server.token())
                        .statusCode());
        String health = ApiServer.text(server.sendTo(url + "/health", "GET", ""));
        assertEquals("{\"status\":\"ok\"}", health);
    }

    @Test
    void loopbackIsNotFreeWhereTheSettingsSayso() throws Exception {
        open("http_trust_loopback=false");
        assertEquals(401, server.post(LIST, "").statusCode());
        assertEquals(
                200,
                server.post(LIST, "", "Authorization", "Bearer " + server.token())
                        .statusCode());
    }

    @Test
    void forwardedForIsBelievedOnlyFromNamedProxies() throws Exception {
        open(PROXY);
        assertEquals(200, forwarded("127.0.0.1"));
        assertEquals(200, forwarded("::1"));
        assertEquals(401, forwarded(STRANGER));
        // Whatever the client itself wrote stands before what the proxy added.
        assertEquals(401, forwarded("127.0.0.1, " + STRANGER));
        assertEquals(401, forwarded("127.0.0.1, " + STRANGER + ", 10.1.2.3"));
        assertEquals(401, forwarded("unknown"));
        assertEquals(401, forwarded(""));
        assertEquals(
                401,
                server.get(LIST, "X-Forwarded-For", "127.0.0.1", "X-Forwarded-For", STRANGER)
                        .statusCode());
    }

    private int forwarded(String value) throws Exception {
        return server.get(LIST, "X-Forwarded-For", value).statusCode();
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9"})
    void aProxyThatNobodyNamedIsNotThisMachine(String header) throws Exception {
        open();
        assertEquals(401, RawHttp.get(server.http.port(), LIST, header).status());
        assertEquals(200, RawHttp.get(server.http.port(), LIST).status());
    }

    @Test
    void aForeignHostNameThatResolvesToLoopbackIsNotFree() throws Exception {
        open();
        int port = server.http.port();
        for (String own :
                List.of("localhost", "LOCALHOST:" + port, "app.localhost", "127.0.0.1", "127.9.9.9:80", "[::1]:8081")) {
            assertEquals(200, RawHttp.get(port, LIST, "Host: " + own).status(), own);
        }
        for (String foreign :
                List.of("evil.example", "localhost.evil.example", "192.0.2.7", "127.0.0.1.evil.example")) {
            assertEquals(401, RawHttp.get(port, LIST, "Host: " + foreign).status(), foreign);
            String bearer = "Authorization: Bearer " + server.token();
            assertEquals(
                    200, RawHttp.get(port, LIST, "Host: " + foreign, bearer).status(), foreign);
        }
    }

    @Test
    void aPageOfAnotherSiteCannotDriveTheServerOfItsVisitor() throws Exception {
        open();
        String own = "http://127.0.0.1:" + server.http.port();
        assertEquals(200, server.post(LIST, "", "Origin", own).statusCode());
        assertEquals(
                200,
                server.post(LIST, "", "Origin", own, "Sec-Fetch-Site", "same-origin")
                        .statusCode());
        assertEquals(200, server.post(LIST, "", "Sec-Fetch-Site", "none").statusCode());
        assertEquals(403, server.post(LIST, "", "Sec-Fetch-Site", "cross-site").statusCode());
        assertEquals(
                403,
                server.post(LIST, "", "Sec-Fetch-Site", "same-site", "Origin", own)
                        .statusCode());
        for (String foreign : List.of("http://evil.example", "null", "http://127.0.0.1:1", own + ".evil.example")) {
            assertEquals(403, server.post(LIST, "", "Origin", foreign).statusCode(), foreign);
            assertEquals(
                    403,
                    server.post(LIST, "", "Origin", foreign, "Authorization", "Bearer " + server.token())
                            .statusCode(),
                    foreign);
        }
        assertEquals(
                405,
                server.send("OPTIONS", LIST, "", "Origin", "http://evil.example")
                        .statusCode());
    }

    @Test
    void guessingIsStoppedForTheAddressThatGuesses() throws Exception {
        open(PROXY);
        for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
            assertEquals(
                    401, fromStranger(LIST, "Authorization", "Bearer wrong" + i).statusCode());
        }
        HttpResponse<byte[]> stopped = fromStranger(LIST, "Authorization", "Bearer " + server.token());
        assertEquals(429, stopped.statusCode());
        assertEquals("60", stopped.headers().firstValue("Retry-After").orElse(""));
        assertEquals(401, fromStranger(LIST).statusCode());
        assertEquals(
                200,
                server.get(LIST, "X-Forwarded-For", "203.0.113.10", "Authorization", "Bearer " + server.token())
                        .statusCode());
        server.nanos.addAndGet(Attempts.WINDOW_NANOS);
        assertEquals(
                200,
                fromStranger(LIST, "Authorization", "Bearer " + server.token()).statusCode());
    }

    @Test
    void theMemoryOfFailuresIsBounded() throws Exception {
        Attempts attempts = new Attempts("admin tokens", () -> 0);
        InetAddress first = InetAddress.ofLiteral("2001:db8:0:1::1");
        InetAddress neighbour = InetAddress.ofLiteral("2001:db8:0:1:ffff::2");
        for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
            attempts.failed(first);
        }
        assertEquals(60, attempts.waitSeconds(neighbour), "one IPv6 network is one address");
        for (int i = 0; i < Attempts.MAX_ADDRESSES; i++) {
            attempts.failed(InetAddress.getByAddress(new byte[] {10, 0, (byte) (i >> 8), (byte) i}));
        }
        assertEquals(0, attempts.waitSeconds(first), "forgotten");
    }

    @Test
    void theTokenIsMadeOnceForItsOwnerAlone() throws Exception {
        open();
        Path file = dir.resolve(AdminToken.FILE_NAME);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        String token = server.token();
        assertTrue(token.matches("[A-Za-z0-9_-]{43}"), "256 bits");
        assertTrue(AdminToken.open(dir).matches(token), "kept over a restart");
        assertFalse(AdminToken.open(dir).matches(""));
        Files.writeString(file, "short\n");
        assertThrows(IOException.class, () -> AdminToken.open(dir));
        Files.delete(file);
        assertFalse(AdminToken.open(dir).matches(token), "a new one");
    }

    @Test
    void aSignedLinkOpensOneRecordingUntilItExpires() throws Exception {
        open(PROXY);
        server.record("a b.mp4", new byte[10]);
        server.record("c.mp4", new byte[10]);
        HttpResponse<byte[]> signed =
                server.post("/rest-api/recording/sign", "{\"fileName\": \"a b.mp4\", \"seconds\": 60}");
        assertEquals(200, signed.statusCode());
        String url = ApiServer.json(signed).path("url").stringValue();
        assertTrue(url.startsWith("/client/records/a%20b.mp4?expires="), url);
        assertEquals(
                server.now.get().getEpochSecond() + 60,
                ApiServer.json(signed).path("expires").longValue());
        assertEquals(200, fromStranger(url).statusCode());
        assertEquals(200, fromStranger(url + "&download=true").statusCode());
        assertEquals(
                "cross-origin",
                fromStranger(url)
                        .headers()
                        .firstValue("Cross-Origin-Resource-Policy")
                        .orElse(""));
        assertEquals(401, fromStranger(url.replace("a%20b", "c")).statusCode());
        assertEquals(401, fromStranger(url + "x").statusCode());
        assertEquals(
                401, fromStranger(url.replaceFirst("expires=\\d", "expires=9")).statusCode());
        assertEquals(401, fromStranger(url.replace("expires=", "expires=0")).statusCode());
        assertEquals(
                401,
                fromStranger("/client/records/a%20b.mp4?expires=x&signature=x").statusCode());
        assertEquals(
                401,
                fromStranger("/client/records/a%20b.mp4?expires=" + "9".repeat(30) + "&signature=")
                        .statusCode());
        server.now.set(server.now.get().plusSeconds(59));
        assertEquals(200, fromStranger(url).statusCode());
        server.now.set(server.now.get().plusSeconds(1));
        assertEquals(401, fromStranger(url).statusCode());
    }

    @Test
    void onlyExistingRecordingsAreSignedForAReasonableTime() throws Exception {
        open();
        server.record("a.mp4", new byte[10]);
        assertEquals(404, sign("{\"fileName\": \"b.mp4\"}"));
        assertEquals(200, sign("{\"fileName\": \"a.mp4\"}"));
        assertEquals(400, sign("{\"fileName\": \"a.mp4\", \"seconds\": 0}"));
        assertEquals(400, sign("{\"fileName\": \"a.mp4\", \"seconds\": -5}"));
        assertEquals(400, sign("{\"fileName\": \"a.mp4\", \"seconds\": 1e99}"));
        assertEquals(400, sign("{\"fileName\": \"a.mp4\", \"seconds\": 31622401}"));
        assertEquals(200, sign("{\"fileName\": \"a.mp4\", \"seconds\": 31622400}"));
    }

    private int sign(String body) throws Exception {
        return server.post("/rest-api/recording/sign", body).statusCode();
    }

    @Test
    void keysForDifferentPurposesSignDifferently() throws Exception {
        AdminToken token = AdminToken.open(dir);
        assertNotEquals(token.sign("a", "text"), token.sign("b", "text"));
        assertTrue(token.verifies("a", "text", token.sign("a", "text")));
        assertFalse(token.verifies("b", "text", token.sign("a", "text")));
        assertFalse(token.verifies("a", "text", ""));
    }

    @Test
    void aProxyThatIsNoAddressStopsTheStart() {
        SettingsException refused =
                assertThrows(SettingsException.class, () -> open("http_trusted_proxies=proxy.example"));
        assertTrue(refused.getMessage().contains("http_trusted_proxies"), refused.getMessage());
        assertTrue(refused.getMessage().contains("proxy.example"), refused.getMessage());
        assertThrows(SettingsException.class, () -> open("http_trusted_proxies=10.0.0.0/33"));
    }

    private HttpResponse<byte[]> fromStranger(String path, String... headers) throws Exception {
        String[] all = new String[headers.length + 2];
        System.arraycopy(headers, 0, all, 2, headers.length);
        all[0] = "X-Forwarded-For";
        all[1] = STRANGER;
        return server.get(path, all);
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }
}
