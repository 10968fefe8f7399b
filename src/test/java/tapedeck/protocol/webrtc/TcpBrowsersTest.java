package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Await;
import tapedeck.peers.Chromium;
import tapedeck.peers.Firefox;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Real browsers that UDP does not reach: their page leaves only our TCP candidates in the answer.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class TcpBrowsersTest {
    private static final long SECONDS_NANOS = 3_000_000_000L;
    /// The pair that Chromium says it uses, as `protocol remotePort`.
    private static final String PAIR = """
            (async () => {
              const stats = [...(await window.pc.getStats()).values()];
              const transport = stats.find(s => s.type === 'transport');
              const pair = stats.find(s => s.id === transport.selectedCandidatePairId);
              const remote = stats.find(s => s.id === pair.remoteCandidateId);
              return remote.protocol + ' ' + remote.port;
            })()""";

    private WebRtcHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
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

    /// Waits until picture and sound of some seconds have come.
    private void awaitMedia(String name, Runnable meanwhile) throws InterruptedException {
        Await.await("stream with both tracks", () -> {
            meanwhile.run();
            Optional<Stream> stream = house.streams.find(new StreamName(name));
            return stream.isPresent()
                    && stream.get().tracks().size() == 2
                    && stream.get().statistics().mediaNanos() > SECONDS_NANOS;
        });
    }

    @Test
    void chromiumPublishesOverTcpAlone() throws Exception {
        try (Chromium chromium = new Chromium()) {
            var page = chromium.open(page("name=cam&codec=VP8&transport=tcp"));
            awaitMedia("cam", () -> page.evaluate("1"));
            assertEquals("tcp " + house.udpPort(), String.valueOf(page.evaluate(PAIR)));
            page.evaluate("window.stop()");
        }
        Await.await("end of stream", () -> house.streams.all().isEmpty());
    }

    /// Both are offered: UDP is the better one.
    @Test
    void chromiumPrefersUdp() throws Exception {
        try (Chromium chromium = new Chromium()) {
            var page = chromium.open(page("name=cam&codec=VP8"));
            awaitMedia("cam", () -> page.evaluate("1"));
            String pair = String.valueOf(page.evaluate(PAIR));
            assertTrue(pair.startsWith("udp "), pair);
        }
    }

    @Test
    void firefoxPublishesOverTcpAlone() throws Exception {
        try (Firefox _ = new Firefox(page("name=fox&transport=tcp"))) {
            awaitMedia("fox", () -> {});
        }
    }
}
