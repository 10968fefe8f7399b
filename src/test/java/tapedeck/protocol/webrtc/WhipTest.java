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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.media.Codec;
import tapedeck.peers.Await;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// WHIP as HTTP clients see it, and sessions from beginning to end.
@Timeout(120)
class WhipTest {
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

    private HttpResponse<String> request(String method, URI uri, String type, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", type)
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private int deleted(URI session) {
        try {
            return request("DELETE", session, "text/plain", "").statusCode();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String offer() throws IOException {
        return Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/chromium-156.sdp"));
    }

    private boolean live(String name) {
        return house.streams.find(new StreamName(name)).isPresent();
    }

    @Test
    void anOfferIsAnsweredWithEverythingThatRfc9725AsksFor() throws Exception {
        HttpResponse<String> answer = request("POST", house.whip("a"), "application/sdp", offer());
        assertEquals(201, answer.statusCode());
        assertEquals(
                "application/sdp", answer.headers().firstValue("Content-Type").orElseThrow());
        assertEquals(
                "*", answer.headers().firstValue("Access-Control-Allow-Origin").orElseThrow());
        assertTrue(answer.headers().firstValue("ETag").isPresent());
        assertTrue(answer.body().contains("a=ice-lite"));
        assertTrue(answer.body().contains(" 127.0.0.1 " + house.udpPort() + " typ host"));
        URI session =
                house.whip("a").resolve(answer.headers().firstValue("Location").orElseThrow());
        assertEquals(200, request("DELETE", session, "text/plain", "").statusCode());
        Await.await("session is gone", () -> deleted(session) == 404);
        assertEquals(
                201,
                request("POST", house.whip("a"), "application/sdp", offer()).statusCode(),
                "name is free");
    }

    @Test
    void whatCannotBeIsRefusedInWords() throws Exception {
        assertEquals(
                415, request("POST", house.whip("a"), "text/plain", offer()).statusCode());
        HttpResponse<String> bad = request("POST", house.whip("a"), "application/sdp", "nonsense");
        assertEquals(400, bad.statusCode());
        assertTrue(bad.body().contains("SDP"), bad.body());
        assertEquals(
                "*", bad.headers().firstValue("Access-Control-Allow-Origin").orElseThrow());
        assertEquals(
                400,
                request("POST", house.whip("a%01b"), "application/sdp", offer()).statusCode());
        assertEquals(
                400,
                request("POST", house.whip("a?record=maybe"), "application/sdp", offer())
                        .statusCode());
        assertEquals(
                404,
                request("DELETE", house.whip("session/nobody"), "text/plain", "")
                        .statusCode());
        assertEquals(
                413,
                request("POST", house.whip("a"), "application/sdp", "v".repeat(70_000))
                        .statusCode());
        HttpResponse<String> put = request("PUT", house.whip("a"), "application/sdp", offer());
        assertEquals(405, put.statusCode());
        assertEquals("GET, OPTIONS, POST", put.headers().firstValue("Allow").orElseThrow());
    }

    @Test
    void aNameIsTakenFromTheOfferOn() throws Exception {
        assertEquals(
                201,
                request("POST", house.whip("a"), "application/sdp", offer()).statusCode());
        HttpResponse<String> second = request("POST", house.whip("a"), "application/sdp", offer());
        assertEquals(409, second.statusCode());
        assertTrue(second.body().contains("already being published"), second.body());
        assertEquals(
                201,
                request("POST", house.whip("b"), "application/sdp", offer()).statusCode());
    }

    @Test
    void pagesOfOtherOriginsMayAsk() throws Exception {
        HttpResponse<String> options = request("OPTIONS", house.whip("a"), "text/plain", "");
        assertEquals(204, options.statusCode());
        assertEquals(
                "application/sdp", options.headers().firstValue("Accept-Post").orElseThrow());
        assertEquals(
                "<turn:turn.example.net:3478>; rel=\"ice-server\"; username=\"user\"; credential=\"password\"; "
                        + "credential-type=\"password\"",
                options.headers().firstValue("Link").orElseThrow());
        assertTrue(options.headers()
                .firstValue("Access-Control-Allow-Headers")
                .orElseThrow()
                .contains("Authorization"));
    }

    @Test
    void aStreamLivesFromTheHandshakeToDelete() throws Exception {
        WhipClient client = new WhipClient(
                house.whip("cam?record=true"), WhipClient.Options.of(new Codec.Vp8(0, 0), new Codec.Opus(2, 0)));
        Await.await("stream", () -> live("cam"));
        Publisher publisher =
                house.streams.find(new StreamName("cam")).orElseThrow().publisher();
        assertEquals(Publisher.Protocol.WEBRTC, publisher.protocol());
        assertEquals(Publisher.RecordWish.YES, publisher.recording());
        assertEquals(Publisher.Expects.BOTH, publisher.expects());
        assertEquals("127.0.0.1:" + client.address().getPort(), publisher.address());
        assertEquals(200, client.delete());
        Await.await("end of stream", () -> !live("cam"));
    }

    @Test
    void aClosedPageEndsTheStreamAtOnce() throws Exception {
        try (WhipClient client = new WhipClient(house.whip("cam"), WhipClient.Options.of(new Codec.Opus(2, 0)))) {
            Await.await("stream", () -> live("cam"));
            assertEquals(
                    Publisher.Expects.AUDIO,
                    house.streams
                            .find(new StreamName("cam"))
                            .orElseThrow()
                            .publisher()
                            .expects());
            client.close();
        }
        Await.await("end of stream", () -> !live("cam"));
    }

    @Test
    void aStreamEndedByOthersEndsTheSession() throws Exception {
        try (WhipClient client = new WhipClient(house.whip("cam"), WhipClient.Options.of(new Codec.Opus(2, 0)))) {
            Await.await("stream", () -> live("cam"));
            house.streams.find(new StreamName("cam")).orElseThrow().terminate("terminated by REST");
            Await.await("end of stream", () -> !live("cam"));
            assertEquals(404, client.delete());
        }
    }
}
