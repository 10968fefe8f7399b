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

    /// Once, each frame when it comes.
    private static Thread once(Publication publication, List<Frame> frames) {
        long begin = System.nanoTime();
        return Thread.ofVirtual().start(() -> {
            long at = 0;
            try (publication) {
                for (Frame frame : frames) {
                    at = Math.max(at, frame.dtsNanos());
                    TimeUnit.NANOSECONDS.sleep(at - (System.nanoTime() - begin));
                    publication.write(frame);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /// It looks for the next part where its buffer ends: what is in a part has to be of the part's time.
    @ParameterizedTest
    @CsvSource({"1, 0", "20, 0", "40, 0", "20, 200"})
    void hlsJsHasAllWhenThePublisherStops(int soundsInAPacket, int millisWithoutSound) throws Exception {
        List<Frame> whole = TestMedia.of("h264b+aac", 8);
        long soundNanos = whole.getLast().dtsNanos() - TimeUnit.MILLISECONDS.toNanos(millisWithoutSound);
        List<Frame> frames = TestMedia.withSoundInPackets(
                whole.stream()
                        .filter(frame -> frame.track().isVideo() || frame.dtsNanos() <= soundNanos)
                        .toList(),
                soundsInAPacket);
        try (LiveHouse house = new LiveHouse();
                Chromium chromium = new Chromium();
                Publication publication = house.publish("a")) {
            house.routes.add(
                    "GET", "/page", exchange -> exchange.respond(200, "text/html", Bytes.ofUtf8("<!doctype html>")));
            Page page = chromium.open(house.url("/page"));
            TestMedia.tracks(frames).forEach(publication::announce);
            Thread publisher = once(publication, frames);
            try {
                HlsJs.play(page, house.url("/hls/a/index.m3u8"), "{\"lowLatencyMode\": true}");
                page.waitForFunction("seen.ended");
                HlsJs.Seen seen = HlsJs.seen(page);
                assertFalse(seen.errors().contains("fatal"), seen.errors());
                double playlist = ((Number) page.evaluate("hls.levels[0].details.partEnd")).doubleValue();
                assertEquals(1, page.evaluate("video.buffered.length"), "no hole");
                double end = ((Number) page.evaluate("video.buffered.end(0)")).doubleValue();
                // Pictures out of order are shown three later than they are decoded.
                assertEquals(playlist, end, 0.15 + millisWithoutSound / 1e3, "the last part is in it, at its time");
                page.waitForFunction("video.ended || video.buffered.end(0) - video.currentTime < 0.3");
            } finally {
                publisher.interrupt();
                publisher.join();
            }
        }
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
                page.waitForFunction("video.played.length > 0 && video.currentTime - video.played.start(0) > 5");
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
