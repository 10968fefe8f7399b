package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.net.Attempts;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Hook;
import tapedeck.rights.Tokens;
import tapedeck.rights.UserFile;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How WHIP and WHEP ask for rights, and what they say to those who have none.
@Timeout(120)
class WhipAndWhepRightsTest {
    private static final String RESTART = "application/trickle-ice-sdpfrag";

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();

    private static Settings.Rights rights(Proof proof, Path users, Optional<URI> hook) {
        return new Settings.Rights(
                proof,
                proof,
                users,
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(hook, 5));
    }

    private WebRtcHouse tokens() throws Exception {
        return new WebRtcHouse(rights(Proof.JWT, folder, Optional.empty()));
    }

    private HttpResponse<String> send(WebRtcHouse house, String method, String path, String body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + house.httpPort()).resolve(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(WebRtcHouse house, String path, String... authorization) throws Exception {
        String offer = Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/chromium-156.sdp"));
        if (path.startsWith("/whep")) {
            offer = offer.replace("a=sendonly", "a=recvonly").replaceAll("a=(ssrc|ssrc-group|msid):.*\n", "");
        }
        String[] headers = new String[2 + authorization.length];
        headers[0] = "Content-Type";
        headers[1] = "application/sdp";
        System.arraycopy(authorization, 0, headers, 2, authorization.length);
        return send(house, "POST", path, offer, headers);
    }

    private static String[] bearer(String token) {
        return new String[] {"Authorization", "Bearer " + token};
    }

    private static String[] basic(String userAndPassword) {
        byte[] bytes = userAndPassword.getBytes(StandardCharsets.UTF_8);
        return new String[] {"Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes)};
    }

    private static Publication live(WebRtcHouse house, String name) throws Exception {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP, "127.0.0.1:1", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.VIDEO);
        Publication publication = house.streams.publish(new StreamName(name), publisher, Feedback.NONE);
        TestMedia.vp8(1).forEach(publication::write);
        return publication;
    }

    private static Optional<String> header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name);
    }

    @Test
    void aRefusalSaysWhatIsMissingInWaysThatProgramsRead() throws Exception {
        try (WebRtcHouse house = tokens()) {
            HttpResponse<String> nothing = post(house, "/whip/cam");
            assertEquals(401, nothing.statusCode());
            assertEquals(Optional.of("Bearer realm=\"Tapedeck\""), header(nothing, "WWW-Authenticate"));
            assertEquals(Optional.of("application/problem+json"), header(nothing, "Content-Type"));
            assertEquals(Optional.of("*"), header(nothing, "Access-Control-Allow-Origin"));
            assertTrue(
                    header(nothing, "Access-Control-Expose-Headers").orElse("").contains("WWW-Authenticate"));
            JsonNode problem = new JsonMapper().readTree(nothing.body());
            assertEquals("a token is needed", problem.path("detail").asString());
            HttpResponse<String> wrong = post(house, "/whip/cam", bearer("wrong"));
            assertEquals(401, wrong.statusCode());
            assertEquals(
                    Optional.of("Bearer realm=\"Tapedeck\", error=\"invalid_token\""),
                    header(wrong, "WWW-Authenticate"));
            String good = Tokens.signed(Tokens.claims(60).build());
            HttpResponse<String> other = post(house, "/whip/other", bearer(good));
            assertEquals(403, other.statusCode());
            assertTrue(other.body().contains("the token does not allow to publish"), other.body());
            assertEquals(
                    400, post(house, "/whip/cam", "Authorization", "Digest x").statusCode());
        }
    }

    @Test
    void aTokenOpensASessionWhoseAddressIsEnoughFromThenOn() throws Exception {
        String good = Tokens.signed(Tokens.claims(60).build());
        try (WebRtcHouse house = tokens();
                Publication _ = live(house, "watched")) {
            for (String path : List.of("/whip/cam", "/whep/watched")) {
                HttpResponse<String> created = post(house, path, bearer(good));
                assertEquals(201, created.statusCode(), created.body());
                String session = header(created, "Location").orElseThrow();
                String etag = header(created, "ETag").orElseThrow();
                HttpResponse<String> patched = send(
                        house, "PATCH", session, "a=end-of-candidates\r\n", "Content-Type", RESTART, "If-Match", etag);
                assertEquals(204, patched.statusCode(), patched.body());
                assertEquals(404, send(house, "DELETE", session + "x", "").statusCode());
                assertEquals(200, send(house, "DELETE", session, "").statusCode());
            }
        }
    }

    /// Who has no right learns nothing: not whether a stream is there, and not the passwords of TURN servers.
    @Test
    void withoutARightNothingIsSaid() throws Exception {
        String good = Tokens.signed(Tokens.claims(60).build());
        try (WebRtcHouse house = tokens();
                Publication _ = live(house, "watched")) {
            assertEquals(401, post(house, "/whep/watched").statusCode());
            assertEquals(401, post(house, "/whep/nobody").statusCode());
            assertEquals(404, post(house, "/whep/nobody", bearer(good)).statusCode());
            assertEquals(401, post(house, "/whip/watched").statusCode());
            String everything =
                    Tokens.signed(Tokens.claims(60).claim("publish", "*").build());
            assertEquals(409, post(house, "/whip/watched", bearer(everything)).statusCode());
            for (String path : List.of("/whip/cam", "/whep/watched")) {
                HttpResponse<String> preflight = send(house, "OPTIONS", path, "");
                assertEquals(204, preflight.statusCode());
                assertEquals(Optional.empty(), header(preflight, "Link"));
                assertTrue(header(preflight, "Access-Control-Allow-Headers")
                        .orElse("")
                        .contains("Authorization"));
                assertEquals(Optional.empty(), header(send(house, "OPTIONS", path, "", bearer("x")), "Link"));
                HttpResponse<String> known = send(house, "OPTIONS", path, "", bearer(good));
                assertTrue(header(known, "Link").orElse("").contains(WebRtcHouse.ICE_SERVER.url()));
            }
        }
        try (WebRtcHouse open = new WebRtcHouse()) {
            assertTrue(header(send(open, "OPTIONS", "/whip/cam", ""), "Link").isPresent());
        }
    }

    @Test
    void passwordsAreAskedForByBasic() throws Exception {
        Path users = folder.resolve("users.properties");
        UserFile.put(users, "alice", "wonderland");
        try (WebRtcHouse house = new WebRtcHouse(rights(Proof.PASSWORD, users, Optional.empty()))) {
            HttpResponse<String> nothing = post(house, "/whip/cam");
            assertEquals(401, nothing.statusCode());
            assertEquals(
                    Optional.of("Basic realm=\"Tapedeck\", charset=\"UTF-8\""), header(nothing, "WWW-Authenticate"));
            HttpResponse<String> console = post(house, "/whip/cam", "X-Tapedeck-Console", "1");
            assertEquals(
                    Optional.of("X-Basic realm=\"Tapedeck\", charset=\"UTF-8\""),
                    header(console, "WWW-Authenticate"),
                    "no dialog of the browser's own");
            assertEquals(401, post(house, "/whip/cam", basic("alice:wrong")).statusCode());
            assertEquals(401, post(house, "/whip/cam", bearer("wonderland")).statusCode());
            assertEquals(
                    201, post(house, "/whip/cam", basic("alice:wonderland")).statusCode());
        }
    }

    @Test
    void aWebhookIsToldOfEverythingAndWhenItIsAwayNobodyMay() throws Exception {
        Hook hook = new Hook();
        try (WebRtcHouse house = new WebRtcHouse(rights(Proof.WEBHOOK, folder, Optional.of(hook.url())))) {
            assertEquals(
                    201,
                    post(house, "/whip/cam?record=true&class=7%20b", bearer("opaque"))
                            .statusCode());
            JsonMapper json = new JsonMapper();
            assertEquals(
                    json.valueToTree(Map.of(
                            "action", "publish",
                            "stream", "cam",
                            "protocol", "whip",
                            "address", "127.0.0.1",
                            "user", "",
                            "token", "opaque",
                            "parameters", Map.of("record", "true", "class", "7 b"))),
                    json.readTree(hook.asked().getFirst()));
            hook.answers(Hook.status(403));
            assertEquals(401, post(house, "/whip/other", bearer("opaque")).statusCode());
            hook.close();
            HttpResponse<String> away = post(house, "/whip/other", bearer("opaque"));
            assertEquals(503, away.statusCode());
            assertTrue(header(away, "Retry-After").isPresent());
        } finally {
            hook.close();
        }
    }

    @Test
    void whoGuessesHasToWait() throws Exception {
        String good = Tokens.signed(Tokens.claims(60).build());
        try (WebRtcHouse house = tokens()) {
            for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
                assertEquals(401, post(house, "/whip/cam", bearer("guess" + i)).statusCode());
            }
            HttpResponse<String> stopped = post(house, "/whip/cam", bearer(good));
            assertEquals(429, stopped.statusCode());
            assertTrue(header(stopped, "Retry-After").isPresent());
        }
    }

    /// All who come through a proxy have its address, and must not have to wait for one of them.
    @Test
    void whoGuessesBehindAProxyWaitsAlone() throws Exception {
        String good = "Bearer " + Tokens.signed(Tokens.claims(60).build());
        TrustedProxies proxies = TrustedProxies.of(List.of("127.0.0.1"));
        try (WebRtcHouse house = new WebRtcHouse(rights(Proof.JWT, folder, Optional.empty()), proxies)) {
            for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
                post(house, "/whip/cam", "Authorization", "Bearer guess" + i, "X-Forwarded-For", "192.0.2.1");
            }
            assertEquals(
                    429,
                    post(house, "/whip/cam", "Authorization", good, "X-Forwarded-For", "192.0.2.2, 192.0.2.1")
                            .statusCode());
            assertEquals(
                    201,
                    post(house, "/whip/cam", "Authorization", good, "X-Forwarded-For", "192.0.2.1, 192.0.2.2")
                            .statusCode());
        }
        try (WebRtcHouse house = tokens()) {
            for (int i = 0; i < Attempts.MAX_FAILURES; i++) {
                post(house, "/whip/cam", "Authorization", "Bearer guess" + i, "X-Forwarded-For", "192.0.2." + i);
            }
            assertEquals(429, post(house, "/whip/cam", "Authorization", good).statusCode(), "nobody's word is taken");
        }
    }

    @Test
    void onlyWhatIsAskedForIsChecked() throws Exception {
        Settings.Rights publishOnly = new Settings.Rights(
                Proof.JWT,
                Proof.NONE,
                folder,
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(Optional.empty(), 5));
        try (WebRtcHouse house = new WebRtcHouse(publishOnly);
                Publication _ = live(house, "watched")) {
            assertEquals(401, post(house, "/whip/cam").statusCode());
            assertEquals(201, post(house, "/whep/watched").statusCode());
            assertEquals(
                    201,
                    post(house, "/whep/watched", "Authorization", "Whatever").statusCode());
            assertFalse(header(post(house, "/whep/watched"), "WWW-Authenticate").isPresent());
        }
    }
}
