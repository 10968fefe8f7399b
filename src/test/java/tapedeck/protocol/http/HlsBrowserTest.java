package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Chromium;
import tapedeck.peers.HlsJs;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// hls.js plays what is live, as most pages do.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class HlsBrowserTest {
    private static final long ROUND_NANOS = 2_000_000_000L;

    /// Writes the same two seconds again and again at their own speed.
    private static Thread live(Publication publication, List<Frame> frames) {
        long begin = System.nanoTime();
        return Thread.ofVirtual().start(() -> {
            try {
                for (long round = 0; ; round++) {
                    for (Frame frame : TestMedia.shifted(frames, round * ROUND_NANOS)) {
                        TimeUnit.NANOSECONDS.sleep(frame.dtsNanos() - (System.nanoTime() - begin));
                        publication.write(frame);
                    }
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "index.m3u8 | h264+aac  | {\"lowLatencyMode\": true} | true",
                "index.m3u8 | vp9+opus  | {\"lowLatencyMode\": false} | false",
                "ts.m3u8    | h264+aac  | {} | false"
            })
    void hlsJsPlaysOn(String playlist, String codecs, String options, boolean lowLatency) throws Exception {
        List<Frame> frames = TestMedia.of(codecs, 2).stream()
                .filter(frame -> frame.dtsNanos() < ROUND_NANOS)
                .toList();
        try (LiveHouse house = new LiveHouse();
                Chromium chromium = new Chromium();
                Publication publication = house.publish("a")) {
            house.routes.add(
                    "GET", "/page", exchange -> exchange.respond(200, "text/html", Bytes.ofUtf8("<!doctype html>")));
            TestMedia.tracks(frames).forEach(publication::announce);
            Thread publisher = live(publication, frames);
            try {
                Page page = chromium.open(house.url("/page"));
                HlsJs.play(page, house.url("/hls/a/" + playlist), options);
                page.waitForFunction("video.currentTime - video.played.start(0) > 5");
                HlsJs.Seen seen = HlsJs.seen(page);
                System.out.printf(
                        "hls.js %s, %s: first picture after %.0f ms, %.2f s behind, %d stalls%n",
                        playlist,
                        lowLatency ? "low latency" : "ordinary",
                        seen.firstMillis(),
                        seen.latencySeconds(),
                        seen.stalls());
                assertFalse(seen.errors().contains("fatal"), seen.errors());
                assertTrue(seen.firstMillis() > 0, seen.errors());
                assertTrue(seen.latencySeconds() > 0 && seen.latencySeconds() < 30, "the pictures are dated");
                if (playlist.startsWith("index")) {
                    assertEquals(1, house.players().size(), "it is shown");
                }
            } finally {
                publisher.interrupt();
                publisher.join();
            }
        }
    }
}
