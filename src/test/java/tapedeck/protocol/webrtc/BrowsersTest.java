package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.peers.Await;
import tapedeck.peers.Chromium;
import tapedeck.peers.Firefox;
import tapedeck.peers.FlashAndBeep;
import tapedeck.stream.SessionReport;

/// Real browsers publish.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class BrowsersTest {
    private static final int SECONDS = 6;

    private WebRtcHouse house;

    private StreamFiles files;

    @TempDir
    Path folder;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        files = new StreamFiles(house.streams, folder);
        Path page = Path.of("src/test/resources/tapedeck/protocol/webrtc/publish.html");
        house.routes.add(
                "GET",
                "/publish",
                exchange -> exchange.respond(200, "text/html", Bytes.wrap(Files.readAllBytes(page))));
    }

    @AfterEach
    void close() {
        house.close();
    }

    private String page(String query) {
        return "http://127.0.0.1:" + house.httpPort() + "/publish?" + query;
    }

    private void chromiumPublishes(String codec, Container container, String name) throws Exception {
        try (Chromium chromium = new Chromium()) {
            var page = chromium.open(page("name=cam&codec=" + codec));
            StreamFiles.Taken taken = files.record("cam", container, SECONDS, () -> page.evaluate("1"));
            awaitRoundTrip();
            page.evaluate("window.stop()");
            StreamFiles.assertPlays(taken, name, "opus");
        }
        Await.await("end of stream", () -> house.streams.all().isEmpty());
    }

    /// The browser tells how long the way there and back takes, although nothing was lost on it.
    private void awaitRoundTrip() throws Exception {
        Await.await(
                "round trip",
                () -> house.streams.sessions().stream()
                        .anyMatch(session -> session.report()
                                        .path()
                                        .map(SessionReport.Path::roundTripNanos)
                                        .orElse(0L)
                                > 0));
    }

    @Test
    void chromiumPublishesVp8AndOpus() throws Exception {
        chromiumPublishes("VP8", Container.WEBM, "vp8");
    }

    @Test
    void chromiumPublishesVp9AndOpus() throws Exception {
        chromiumPublishes("VP9", Container.WEBM, "vp9");
    }

    @Test
    void chromiumPublishesAv1AndOpus() throws Exception {
        chromiumPublishes("AV1", Container.MKV, "av1");
    }

    @Test
    void chromiumPublishesH264AndOpus() throws Exception {
        chromiumPublishes("H264", Container.MP4, "h264");
    }

    /// The page flashes and beeps by the same clock; a browser needs longer for a picture than for a sound, but not
    /// longer than anybody would notice.
    @Test
    void lipsAndSoundOfChromiumAreTogether() throws Exception {
        try (Chromium chromium = new Chromium()) {
            var page = chromium.open(page("name=cam&codec=VP8&picture=flash"));
            StreamFiles.Taken taken = files.record("cam", Container.WEBM, 2 * SECONDS, () -> page.evaluate("1"));
            page.evaluate("window.stop()");
            FlashAndBeep measured = FlashAndBeep.measure(taken.file());
            assertTrue(measured.beepDelays().size() >= SECONDS, measured.toString());
            assertTrue(
                    Math.abs(measured.medianDelay()) <= 0.040,
                    measured.beepDelays().toString());
        }
    }

    @Test
    void firefoxPublishesVp8AndOpus() throws Exception {
        try (Firefox _ = new Firefox(page("name=fox"))) {
            StreamFiles.Taken taken = files.record("fox", Container.WEBM, SECONDS, () -> {});
            awaitRoundTrip();
            StreamFiles.assertPlays(taken, "vp8", "opus");
        }
    }
}
