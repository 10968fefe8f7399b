package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Tokens;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.Publication;

/// `play_auth` for players over HTTP.
class LiveRightsTest {
    private static final long DEADLINE_SECONDS = 60;

    private LiveHouse house;
    private Publication publication;

    @BeforeEach
    void open() throws Exception {
        house = new LiveHouse(new Settings.Rights(
                Proof.NONE,
                Proof.JWT,
                Path.of("none"),
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(Optional.empty(), 30)));
        publication = house.publish("cam");
        LiveHouse.write(publication, TestMedia.of("h264+aac", 1));
    }

    @AfterEach
    void close() {
        publication.close();
        house.close();
    }

    private static String token() {
        return Tokens.signed(Tokens.claims(60).build());
    }

    private static String forOthers() {
        return Tokens.signed(Tokens.claims(60).claim("play", "other").build());
    }

    @Test
    void aPlayerShowsItsTokenInTheQueryOrTheHeader() throws Exception {
        HttpResponse<String> refused = house.text("GET", "/live/cam.flv");
        assertEquals(401, refused.statusCode());
        assertTrue(refused.headers().firstValue("WWW-Authenticate").orElse("").startsWith("Bearer"));
        assertEquals(401, house.text("GET", "/live/cam.ts?token=wrong").statusCode());
        assertEquals(
                403, house.text("GET", "/live/cam.mp4?token=" + forOthers()).statusCode());
        assertEquals(200, house.text("HEAD", "/live/cam.flv?token=" + token()).statusCode());
        HttpRequest request = HttpRequest.newBuilder(URI.create(house.url("/live/cam.mp4")))
                .header("Authorization", "Bearer " + token())
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build();
        assertEquals(
                200,
                house.client
                        .send(request, HttpResponse.BodyHandlers.discarding())
                        .statusCode());
    }

    @Test
    void aPlayerOfHlsIsAskedOnceAndItsAddressesAreGoodForItsStream() throws Exception {
        assertEquals(401, house.text("GET", "/hls/cam/index.m3u8").statusCode());
        assertEquals(401, house.text("GET", "/hls/cam/live.m3u8").statusCode());
        for (String past : List.of("index.m3u8?rewind=10", "dvr.m3u8", "past.mp4", "ts.m3u8")) {
            assertEquals(401, house.text("GET", "/hls/cam/" + past).statusCode(), past);
        }
        assertEquals(401, house.text("GET", "/hls/cam/seg-1.m4s?session=00").statusCode());
        var index = CompletableFuture.supplyAsync(() -> text("/hls/cam/index.m3u8?token=" + token()));
        await("a reader", () -> publication.stream().statistics().liveReaders() == 1);
        List<Frame> more = TestMedia.of("h264+aac", 3);
        LiveHouse.write(publication, TestMedia.shifted(more, 1_000_000_000L));
        Matcher address = Pattern.compile("live\\.m3u8(\\?session=[0-9a-f]{32})")
                .matcher(index.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
        assertTrue(address.find());
        String session = address.group(1);
        String playlist = text("/hls/cam/live.m3u8" + session);
        assertFalse(playlist.contains("token"), playlist);
        Matcher segment = Pattern.compile("seg-\\d+\\.m4s").matcher(playlist);
        assertTrue(segment.find() && playlist.contains(segment.group() + session), playlist);
        HttpResponse<String> media = house.text("GET", "/hls/cam/" + segment.group() + session);
        assertEquals(200, media.statusCode());
        assertTrue(media.headers().firstValue("Cache-Control").orElse("").startsWith("private"));
        assertEquals(401, house.text("GET", "/hls/other/live.m3u8" + session).statusCode());
        assertEquals(401, house.text("GET", "/hls/cam/" + segment.group()).statusCode());
    }

    private String text(String path) {
        try {
            return house.text("GET", path).body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
