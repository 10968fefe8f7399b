package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// WHEP as HTTP clients see it.
@Timeout(120)
class WhepTest {
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

    private HttpResponse<String> request(String method, String path, Map<String, String> headers, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + house.httpPort()).resolve(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        headers.forEach(request::header);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String name, String offer) throws IOException, InterruptedException {
        return request("POST", "/whep/" + name, Map.of("Content-Type", "application/sdp"), offer);
    }

    /// What a viewer would offer: the same as a publisher, the other way round.
    private static String offer(String name) throws IOException {
        return Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/" + name + ".sdp"))
                .replace("a=sendonly", "a=recvonly")
                .replaceAll("a=(ssrc|ssrc-group|msid):.*\n", "");
    }

    private Publication publish(String name, Publisher.Expects expects) throws NameTakenException {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP, "127.0.0.1:1", "session", "login", Publisher.RecordWish.NO, expects);
        return house.streams.publish(new StreamName(name), publisher, Feedback.NONE);
    }

    @Test
    void aViewersOfferIsAnsweredWithTheCodecsOfTheStream() throws Exception {
        try (Publication publication = publish("cam", Publisher.Expects.BOTH)) {
            TestMedia.interleaved(TestMedia.vp8(1), TestMedia.opus(1)).forEach(publication::write);
            HttpResponse<String> answer = post("cam", offer("chromium-156"));
            assertEquals(201, answer.statusCode(), answer.body());
            assertEquals(
                    "application/sdp",
                    answer.headers().firstValue("Content-Type").orElseThrow());
            SessionDescription description = SessionDescription.parse(answer.body());
            MediaDescription video = description.media().get(1);
            assertEquals(MediaDescription.Direction.SENDONLY, description.direction(video));
            assertEquals("VP8", video.payloadFormats().getFirst().encodingName());
            assertEquals(1, video.sourceGroups("FID").size());
            String session = answer.headers().firstValue("Location").orElseThrow();
            assertTrue(session.startsWith("/whep/session/"), session);
            String etag = answer.headers().firstValue("ETag").orElseThrow();
            Map<String, String> trickle = Map.of("Content-Type", "application/trickle-ice-sdpfrag", "If-Match", etag);
            assertEquals(
                    204,
                    request("PATCH", session, trickle, "a=end-of-candidates\r\n")
                            .statusCode());
            assertEquals(200, request("DELETE", session, Map.of(), "").statusCode());
            Await.await("session is gone", () -> {
                try {
                    return request("DELETE", session, Map.of(), "").statusCode() == 404;
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @Test
    void aStreamThatIsNotThereAndOneWithoutMediaCanBeAskedForAgain() throws Exception {
        HttpResponse<String> nobody = post("nobody", offer("chromium-156"));
        assertEquals(404, nobody.statusCode());
        assertTrue(nobody.headers().firstValue("Retry-After").isPresent());
        assertTrue(nobody.body().contains("there is no stream \\\"nobody\\\" now"), nobody.body());
        try (Publication _ = publish("empty", Publisher.Expects.UNKNOWN)) {
            HttpResponse<String> empty = post("empty", offer("chromium-156"));
            assertEquals(409, empty.statusCode());
            assertTrue(empty.headers().firstValue("Retry-After").isPresent());
        }
    }

    @Test
    void whatDoesNotGoAlongIsNamedInTheAnswer() throws Exception {
        try (Publication publication = publish("cam", Publisher.Expects.BOTH)) {
            TestMedia.of("h264+aac", 1).forEach(publication::write);
            HttpResponse<String> answer = post("cam", offer("chromium-156"));
            assertEquals(201, answer.statusCode(), answer.body());
            assertEquals("aac", answer.headers().firstValue("Left-Out").orElseThrow());
        }
        try (Publication publication = publish("whole", Publisher.Expects.BOTH)) {
            TestMedia.of("h264+opus", 1).forEach(publication::write);
            HttpResponse<String> answer = post("whole", offer("chromium-156"));
            assertEquals(201, answer.statusCode(), answer.body());
            assertTrue(answer.headers().firstValue("Left-Out").isEmpty());
        }
    }

    @Test
    void codecsThatTheViewerDoesNotTakeAreNamed() throws Exception {
        try (Publication publication = publish("cam", Publisher.Expects.VIDEO)) {
            TestMedia.h264(1).forEach(publication::write);
            HttpResponse<String> refused = post("cam", offer("firefox-153"));
            assertEquals(406, refused.statusCode());
            assertEquals(
                    "application/problem+json",
                    refused.headers().firstValue("Content-Type").orElseThrow());
            assertTrue(refused.body().contains("the stream is h264, the offer takes"), refused.body());
        }
    }

    @Test
    void whatALayerCannotBeIsRefusedAndAStreamWithoutLayersIsGivenWhole() throws Exception {
        try (Publication publication = publish("cam", Publisher.Expects.VIDEO)) {
            TestMedia.vp8(1).forEach(publication::write);
            for (String bad : List.of("layer=", "layer=a%20b", "max_height=0", "max_height=x", "max_height=16385")) {
                HttpResponse<String> refused = post("cam?" + bad, offer("chromium-156"));
                assertEquals(400, refused.statusCode(), bad);
                assertEquals(
                        "application/problem+json",
                        refused.headers().firstValue("Content-Type").orElseThrow());
            }
            for (String good : List.of("layer=h", "max_height=16384", "layer=q&max_height=1")) {
                assertEquals(201, post("cam?" + good, offer("chromium-156")).statusCode(), good);
            }
        }
    }

    @Test
    void offersThatAreNoneAreRefused() throws Exception {
        try (Publication publication = publish("cam", Publisher.Expects.VIDEO)) {
            TestMedia.vp8(1).forEach(publication::write);
            assertEquals(400, post("cam", "").statusCode(), "this server does not make offers");
            assertEquals(415, request("POST", "/whep/cam", Map.of(), "").statusCode());
            assertEquals(400, post("cam", "nonsense").statusCode());
            assertEquals(
                    406,
                    post("cam", offer("chromium-156").replace("a=recvonly", "a=sendonly"))
                            .statusCode());
            assertEquals(204, request("GET", "/whep/cam", Map.of(), "").statusCode());
            HttpResponse<String> options = request("OPTIONS", "/whep/cam", Map.of(), "");
            assertEquals(
                    "application/sdp",
                    options.headers().firstValue("Accept-Post").orElseThrow());
        }
    }

    @Test
    void aViewerOfAStreamThatHasJustBegunWaitsForTheTracksThatWereAnnounced() throws Exception {
        try (Publication publication = publish("cam", Publisher.Expects.BOTH)) {
            List<Frame> sound = TestMedia.opus(1);
            List<Frame> pictures = TestMedia.vp8(1);
            sound.forEach(publication::write);
            CompletableFuture<HttpResponse<String>> answer = http.sendAsync(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + house.httpPort() + "/whep/cam"))
                            .header("Content-Type", "application/sdp")
                            .POST(HttpRequest.BodyPublishers.ofString(offer("chromium-156")))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            TimeUnit.MILLISECONDS.sleep(200);
            pictures.forEach(publication::write);
            HttpResponse<String> both = answer.get(30, TimeUnit.SECONDS);
            assertEquals(201, both.statusCode());
            assertTrue(
                    SessionDescription.parse(both.body()).media().stream()
                            .limit(2)
                            .allMatch(section -> section.port() != 0),
                    both.body());
        }
    }
}
