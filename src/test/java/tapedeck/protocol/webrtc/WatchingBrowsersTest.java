package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Browser;
import tapedeck.peers.Chromium;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Real browsers watch by WHEP.
@Tag("peer")
@Tag("realtime")
@Timeout(180)
class WatchingBrowsersTest {
    private static final int FEED_SECONDS = 4;
    private static final int DEADLINE_SECONDS = 90;
    /// The server adds a few ms; the rest is the browsers' buffers, on a machine that may be busy.
    private static final double FEW_HUNDRED_MILLIS = 400;

    private WebRtcHouse house;
    private final Map<String, Seen> seen = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /// What a page says.
    private record Seen(String state, long pictures, int width, double loudness, int freezes, double delayMillis) {
        static Seen parse(String line) {
            String[] words = line.split(" ");
            return new Seen(
                    words[0],
                    Long.parseLong(words[1]),
                    Integer.parseInt(words[2]),
                    Double.parseDouble(words[3]),
                    Integer.parseInt(words[4]),
                    Double.parseDouble(words[5]));
        }
    }

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        for (String name : List.of("publish", "play")) {
            Path page = Path.of("src/test/resources/tapedeck/protocol/webrtc/%s.html".formatted(name));
            house.routes.add(
                    "GET",
                    "/" + name,
                    exchange -> exchange.respond(200, "text/html", Bytes.wrap(Files.readAllBytes(page))));
        }
        house.routes.add("POST", "/seen", exchange -> {
            seen.put(
                    exchange.query("by").orElseThrow(),
                    Seen.parse(exchange.body(1_000).toUtf8()));
            exchange.respond(204);
        });
    }

    @AfterEach
    void close() {
        closed = true;
        house.close();
    }

    private String page(String path) {
        return "http://127.0.0.1:" + house.httpPort() + path;
    }

    private Seen await(String by, Runnable meanwhile, Predicate<Seen> enough) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (System.nanoTime() < deadline) {
            Seen now = seen.get(by);
            if (now != null && enough.test(now)) {
                return now;
            }
            meanwhile.run();
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new AssertionError(by + " saw " + seen.get(by));
    }

    /// A stream as an encoder sends it that makes no keyframe on request: the same seconds over and over.
    private void feed(String name, String media) throws Exception {
        List<Frame> frames = TestMedia.of(media, FEED_SECONDS);
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP, "test", name, "test", Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        Publication publication = house.streams.publish(new StreamName(name), publisher, Feedback.NONE);
        TestMedia.tracks(frames).forEach(publication::announce);
        Thread.ofVirtual().start(() -> {
            long start = System.nanoTime();
            for (long round = 0; ; round++) {
                long offset = TimeUnit.SECONDS.toNanos(FEED_SECONDS) * round;
                for (Frame frame : TestMedia.shifted(frames, offset)) {
                    long wait = start + frame.dtsNanos() - System.nanoTime();
                    try {
                        TimeUnit.NANOSECONDS.sleep(wait);
                    } catch (InterruptedException e) {
                        return;
                    }
                    if (closed) {
                        publication.close("the test is over");
                        return;
                    }
                    publication.write(frame);
                }
            }
        });
    }

    private void chromiumWatchesChromium(String codec) throws Exception {
        try (Chromium chromium = new Chromium()) {
            Page publisher = chromium.open(page("/publish?name=cam&picture=clock&codec=" + codec));
            Await.await("stream", () -> {
                publisher.evaluate("1");
                return house.streams.all().stream()
                        .anyMatch(stream -> !stream.tracks().isEmpty());
            });
            Page viewer = chromium.open(page("/play?name=cam&clock=1"));
            Seen last = await("cam", () -> viewer.evaluate("1"), now -> now.pictures() > 150);
            assertEquals(512, last.width());
            assertTrue(last.delayMillis() >= 0 && last.delayMillis() < FEW_HUNDRED_MILLIS, last.toString());
            System.out.printf("%s glass to glass: %.0f ms%n", codec, last.delayMillis());
            publisher.evaluate("window.stop()");
            await("cam", () -> viewer.evaluate("1"), now -> !now.state().equals("connected"));
        }
    }

    @Test
    void chromiumWatchesVp8OfChromiumAndSeesItEnd() throws Exception {
        chromiumWatchesChromium("VP8");
    }

    @Test
    void chromiumWatchesH264OfChromiumAndSeesItEnd() throws Exception {
        chromiumWatchesChromium("H264");
    }

    private void watches(Browser browser, String name, String media, boolean sound) throws Exception {
        feed(name, media);
        try (AutoCloseable _ = browser.show(page("/play?name=" + name))) {
            Seen last = await(name, () -> {}, now -> now.pictures() > 100 && (!sound || now.loudness() > 0));
            assertTrue(last.width() > 0, last.toString());
        }
    }

    @Test
    void chromiumWatchesAndHearsVp8AndOpusOfAnEncoder() throws Exception {
        watches(Browser.CHROMIUM, "encoder", "vp8+opus", true);
    }

    @Test
    void chromiumWatchesH264OfAnEncoderWithoutItsAac() throws Exception {
        watches(Browser.CHROMIUM, "rtmp", "h264+aac", false);
    }

    @Test
    void chromiumWatchesAndHearsAv1AndG722OfAnEncoder() throws Exception {
        watches(Browser.CHROMIUM, "av1", "av1+g722", true);
    }

    @Test
    void firefoxWatchesAndHearsAv1AndG711OfAnEncoder() throws Exception {
        watches(Browser.FIREFOX, "av1", "av1+mulaw", true);
    }

    @Test
    void chromiumWatchesAv1OfChromiumAndSeesItEnd() throws Exception {
        chromiumWatchesChromium("AV1");
    }

    @Test
    void firefoxWatchesAndHearsVp8AndOpusOfAnEncoder() throws Exception {
        watches(Browser.FIREFOX, "fox", "vp8+opus", true);
    }
}
