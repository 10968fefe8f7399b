package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.rtp.sdp.IceFragment;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// RFC 9725 beyond offer and DELETE: candidates that come later, restarts, refusals that a program can read, and
/// floods.
@Timeout(120)
class SignallingTest {
    private static final String FRAGMENT = "application/trickle-ice-sdpfrag";
    private static final String CANDIDATES = """
            a=ice-ufrag:kEuU
            a=ice-pwd:x/42Hjz4wErfYSN1XEstML5N
            m=audio 9 UDP/TLS/RTP/SAVPF 111
            a=mid:0
            a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag kEuU network-id 1
            a=candidate:473322822 1 tcp 1518280447 d1f0.local 9 typ host tcptype active generation 0
            a=end-of-candidates
            """;
    private static final String RESTART = CANDIDATES
            .replace("a=ice-ufrag:kEuU", "a=ice-ufrag:ysXw")
            .replace("x/42Hjz4wErfYSN1XEstML5N", "vw5LmwG4y/e6dPP/zAP9Gp5k");

    /// As long as the sessions that come of them are not more than one address may have.
    private static final int MUTATIONS = 250;

    private final HttpClient http = HttpClient.newHttpClient();
    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    private HttpResponse<String> request(String method, URI uri, Map<String, String> headers, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.ofString(body));
        headers.forEach(request::header);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String name, String offer) throws IOException, InterruptedException {
        return request("POST", house.whip(name), Map.of("Content-Type", "application/sdp"), offer);
    }

    private HttpResponse<String> patch(URI session, String ifMatch, String body)
            throws IOException, InterruptedException {
        return request("PATCH", session, Map.of("Content-Type", FRAGMENT, "If-Match", ifMatch), body);
    }

    private static String offer() throws IOException {
        return Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/chromium-156.sdp"));
    }

    private URI session(HttpResponse<String> created) {
        return house.whip("a").resolve(created.headers().firstValue("Location").orElseThrow());
    }

    private static String etag(HttpResponse<String> response) {
        return response.headers().firstValue("ETag").orElseThrow();
    }

    @Test
    void candidatesThatComeLaterAreTakenUnderTheEntityTagOfTheirIceSession() throws Exception {
        HttpResponse<String> created = post("a", offer());
        assertTrue(created.body().contains("a=ice-options:trickle"), created.body());
        HttpResponse<String> taken = patch(session(created), etag(created), CANDIDATES);
        assertEquals(204, taken.statusCode(), taken.body());
        assertTrue(taken.headers().firstValue("ETag").isEmpty(), "RFC 9725 4.3.2: none in this answer");
        assertEquals(
                204,
                patch(session(created), "\"other\", " + etag(created), CANDIDATES)
                        .statusCode());
        assertEquals(412, patch(session(created), "\"other\"", CANDIDATES).statusCode());
        assertEquals(
                412, patch(session(created), "W/" + etag(created), CANDIDATES).statusCode(), "not strong");
        HttpResponse<String> without = request("PATCH", session(created), Map.of("Content-Type", FRAGMENT), CANDIDATES);
        assertEquals(428, without.statusCode());
        HttpResponse<String> deleted = request("DELETE", session(created), Map.of("If-Match", "\"other\""), "");
        assertEquals(200, deleted.statusCode(), "DELETE ignores entity tags");
    }

    @Test
    void aRestartGivesNewCredentialsAndANewEntityTag() throws Exception {
        HttpResponse<String> created = post("a", offer());
        HttpResponse<String> restarted = patch(session(created), "*", RESTART);
        assertEquals(200, restarted.statusCode(), restarted.body());
        assertEquals(FRAGMENT, restarted.headers().firstValue("Content-Type").orElseThrow());
        assertNotEquals(etag(created), etag(restarted));
        IceFragment renewed = IceFragment.parse(restarted.body());
        assertFalse(created.body().contains(renewed.ufrag()));
        assertFalse(created.body().contains(renewed.password()));
        assertTrue(renewed.candidates().stream().anyMatch(candidate -> candidate.port() == house.udpPort()));
        assertTrue(restarted.body().startsWith("a=group:BUNDLE 0 1 2\r\na=ice-lite\r\na=ice-options:"));
        assertEquals(412, patch(session(created), etag(created), CANDIDATES).statusCode(), "late");
        assertEquals(204, patch(session(created), etag(restarted), RESTART).statusCode(), "the same again is none");
    }

    @Test
    void aFragmentThatIsNoneIsRefusedAndTheSessionGoesOn() throws Exception {
        HttpResponse<String> created = post("a", offer());
        URI session = session(created);
        for (String bad : List.of(
                "nonsense",
                "a=ice-ufrag:abcd",
                RESTART.replace("a=ice-pwd", "a=x"),
                RESTART.replace("ysXw", "y s"),
                "a=candidate:1 1 udp\r\n",
                CANDIDATES + RESTART,
                "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n".repeat(IceFragment.MAX_CANDIDATES + 1))) {
            assertEquals(400, patch(session, "*", bad).statusCode(), bad);
        }
        assertEquals(
                413,
                patch(session, "*", "a".repeat(SessionRoutes.MAX_FRAGMENT_BYTES + 1))
                        .statusCode());
        HttpResponse<String> wrongType =
                request("PATCH", session, Map.of("Content-Type", "application/sdp", "If-Match", "*"), RESTART);
        assertEquals(415, wrongType.statusCode());
        assertEquals(FRAGMENT, wrongType.headers().firstValue("Accept-Patch").orElseThrow());
        assertEquals(204, patch(session, etag(created), CANDIDATES).statusCode());
    }

    @Test
    void refusalsAreProblemDetailsInJson() throws Exception {
        assertProblem(post("a", "v=0\r\n"), 400, "Bad Request", "SDP");
        assertProblem(post("a", ""), 400, "Bad Request", "offer");
        assertProblem(
                post("a", offer().replace("a=sendonly", "a=recvonly")),
                406,
                "Not Acceptable",
                "the offer sends nothing");
        assertEquals(201, post("a", offer()).statusCode());
        assertProblem(post("a", offer()), 409, "Conflict", "\"a\" is already being published");
        assertProblem(
                request("PUT", house.whip("a"), Map.of(), ""), 405, "Method Not Allowed", "PUT is not possible here");
        assertProblem(request("DELETE", house.whip("session/x"), Map.of(), ""), 404, "Not Found", "no such session");
    }

    private static void assertProblem(HttpResponse<String> response, int status, String title, String detail) {
        assertEquals(status, response.statusCode(), response.body());
        assertEquals(
                "application/problem+json",
                response.headers().firstValue("Content-Type").orElseThrow());
        JsonNode problem = JsonMapper.shared().readTree(response.body());
        assertEquals(status, problem.get("status").asInt());
        assertEquals(title, problem.get("title").asString());
        assertTrue(problem.get("detail").asString().contains(detail), response.body());
    }

    @Test
    void theResourcesHaveNoRepresentation() throws Exception {
        assertEquals(204, request("GET", house.whip("a"), Map.of(), "").statusCode());
        assertEquals(
                204, request("GET", session(post("a", offer())), Map.of(), "").statusCode());
    }

    @Test
    void aFloodOfOffersHasToWaitAndTheSessionsThatAreThereGoOn() throws Exception {
        HttpResponse<String> first = post("first", offer());
        int waited = 0;
        for (int i = 0; i < OfferLimits.OFFER_BURST + 200 && waited == 0; i++) {
            HttpResponse<String> response = post("flood" + i, "nonsense");
            if (response.statusCode() == 429) {
                waited++;
                assertTrue(response.headers().firstValue("Retry-After").isPresent());
            } else {
                assertEquals(400, response.statusCode());
            }
        }
        assertEquals(1, waited, "the address has to wait");
        assertEquals(204, patch(session(first), etag(first), CANDIDATES).statusCode());
        house.skippedNanos.set(TimeUnit.SECONDS.toNanos(2));
        assertEquals(201, post("later", offer()).statusCode());
    }

    @Test
    void patchesOfOneSessionHaveALimitOfTheirOwn() throws Exception {
        HttpResponse<String> created = post("a", offer());
        HttpResponse<String> other = post("b", offer());
        int status = 204;
        for (int i = 0; i < SessionRoutes.PATCH_BURST * 20 && status == 204; i++) {
            status = patch(session(created), etag(created), CANDIDATES).statusCode();
        }
        assertEquals(429, status);
        assertEquals(204, patch(session(other), etag(other), CANDIDATES).statusCode());
    }

    @Test
    void mutatedOffersAndFragmentsAreAnsweredOrRefusedAndNeverAnError() throws Exception {
        Random random = new Random(9725);
        URI session = session(post("a", offer()));
        for (int run = 0; run < MUTATIONS; run++) {
            if (run % (SessionRoutes.PATCH_BURST / 2) == 0) {
                session = session(post("a" + run, offer()));
            }
            String body = mutated(random, random.nextBoolean() ? offer() : CANDIDATES);
            HttpResponse<String> answer = post("fuzz" + run, body);
            assertTrue(List.of(201, 400, 406, 413).contains(answer.statusCode()), answer.body());
            int patched = patch(
                            session, random.nextBoolean() ? "*" : mutated(random, "\"ab\""), mutated(random, RESTART))
                    .statusCode();
            assertTrue(List.of(200, 204, 400, 412, 428).contains(patched), String.valueOf(patched));
            house.skippedNanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    /// Lines that are doubled, dropped or swapped, and characters that are changed.
    private static String mutated(Random random, String text) {
        StringBuilder out = new StringBuilder();
        for (String line : text.lines().toList()) {
            switch (random.nextInt(40)) {
                case 0 -> {}
                case 1 -> out.append(line).append('\n').append(line).append('\n');
                case 2 -> out.insert(0, line + "\n");
                case 3 -> {
                    char[] characters = line.toCharArray();
                    characters[random.nextInt(characters.length)] = (char) random.nextInt(33, 127);
                    out.append(characters).append('\n');
                }
                default -> out.append(line).append('\n');
            }
        }
        String mutated = out.toString().strip();
        return mutated.isEmpty() ? "x" : mutated;
    }
}
