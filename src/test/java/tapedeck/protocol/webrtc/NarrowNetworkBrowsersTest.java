package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.media.Codec;
import tapedeck.peers.Chromium;
import tapedeck.peers.Conditions;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Relay;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Chromium behind a network whose rate changes: it hears from us how much it may send.
@Tag("peer")
@Tag("realtime")
@Timeout(300)
class NarrowNetworkBrowsersTest {
    private static final long NARROW_BITS_PER_SECOND = 300_000;
    /// Chromium takes no more than 1.7 Mbit/s for a picture of 640 x 480.
    private static final long FULL_BITS_PER_SECOND = 1_500_000;

    private static final int NARROW_QUEUE_BYTES = 20_000;
    private static final long DEADLINE_SECONDS = 100;

    @TempDir
    Path folder;

    private WebRtcHouse house;
    private Relay relay;

    @BeforeEach
    void open() throws Exception {
        house = new WebRtcHouse();
        relay = new Relay(house.udpPort(), 1);
        Path page = Path.of("src/test/resources/tapedeck/protocol/webrtc/publish.html");
        house.routes.add(
                "GET",
                "/publish",
                exchange -> exchange.respond(200, "text/html", Bytes.wrap(Files.readAllBytes(page))));
    }

    @AfterEach
    void close() {
        relay.close();
        house.close();
    }

    private String page(String query) {
        return "http://127.0.0.1:%d/publish?port=%d&%s".formatted(house.httpPort(), relay.port(), query);
    }

    private static void await(Page page, String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadline < 0, "waited in vain: " + what);
            page.waitForTimeout(50);
        }
    }

    private Stream stream(Page page) {
        await(page, "stream", () -> house.streams.find(new StreamName("cam")).isPresent());
        return house.streams.find(new StreamName("cam")).orElseThrow();
    }

    private void narrow() {
        relay.set(Relay.Way.TO_SERVER, Conditions.NONE.rate(NARROW_BITS_PER_SECOND, NARROW_QUEUE_BYTES));
    }

    private void widen() {
        relay.set(Relay.Way.TO_SERVER, Conditions.NONE);
    }

    /// What Chromium's encoder is told to make, in bit/s.
    private static long target(Page page) {
        Object target = page.evaluate("""
                async () => { if (!window.pc) return 0;
                  return [...(await window.pc.getStats()).values()]
                    .filter(s => s.type === 'outbound-rtp' && s.kind === 'video')
                    .map(s => s.targetBitrate || 0).reduce((a, b) => a + b, 0); }""");
        return ((Number) target).longValue();
    }

    private static int width(Stream stream) {
        return stream.tracks().stream()
                .mapToInt(track -> track.codec() instanceof Codec.Video video ? video.width() : 0)
                .max()
                .orElse(0);
    }

    @Test
    void aPublisherClimbsToItsFullRateAndYieldsWhenTheNetworkNarrows() throws Exception {
        try (Chromium chromium = new Chromium()) {
            Page page = chromium.open(page("name=cam&codec=VP8&picture=camera&size=kept"));
            Stream stream = stream(page);
            await(page, "its full rate", () -> target(page) >= FULL_BITS_PER_SECOND);
            System.out.printf(
                    "full rate at %.1f s of the stream%n", stream.statistics().mediaNanos() / 1e9);
            long narrowed = stream.statistics().mediaNanos();
            narrow();
            await(page, "less", () -> target(page) <= NARROW_BITS_PER_SECOND);
            System.out.printf("it yielded after %.1f s%n", (stream.statistics().mediaNanos() - narrowed) / 1e9);
            long frames = stream.statistics().frames();
            await(page, "pictures still come", () -> stream.statistics().frames() > frames + 200);
            widen();
            await(page, "more", () -> target(page) >= 2 * NARROW_BITS_PER_SECOND);
            page.evaluate("window.stop()");
        }
    }

    /// Three layers: the largest one is what viewers and recordings get, a smaller one where it does not fit.
    @Test
    void theBestLayerThatComesIsRecorded() throws Exception {
        try (Chromium chromium = new Chromium()) {
            Page page = chromium.open(page("name=cam&codec=VP8&simulcast=1"));
            Stream stream = stream(page);
            Reader reader = stream.subscribe(
                    new ReaderOptions("test", true, true, Long.MAX_VALUE, Long.MAX_VALUE, 0, () -> {}));
            await(page, "the largest layer", () -> width(stream) == 1280);
            System.out.printf(
                    "largest layer at %.1f s of the stream%n",
                    stream.statistics().mediaNanos() / 1e9);
            narrow();
            await(page, "a smaller layer", () -> width(stream) < 1280);
            long frames = stream.statistics().frames();
            await(page, "it goes on", () -> stream.statistics().frames() > frames + 200);
            widen();
            await(page, "the largest layer again", () -> width(stream) == 1280);
            long again = stream.statistics().mediaNanos();
            await(page, "two seconds of it", () -> stream.statistics().mediaNanos() > again + 2_000_000_000L);
            page.evaluate("window.stop()");
            List<Item> items = new ArrayList<>();
            reader.drainTo(items);
            items.removeIf(item -> !(item instanceof Item.Media));
            Path file = folder.resolve("layers.webm");
            StreamFiles.write(items, Container.WEBM, stream.tracks(), file);
            assertEquals("", Ffmpeg.decodeErrors(file), "every change is at a keyframe");
            String sizes = Ffmpeg.ffprobe(
                            "-v",
                            "error",
                            "-select_streams",
                            "v",
                            "-show_entries",
                            "frame=width",
                            "-of",
                            "csv=p=0",
                            file.toString())
                    .text();
            Map<String, Long> count = sizes.lines()
                    .collect(java.util.stream.Collectors.groupingBy(
                            line -> line.replaceAll("\\D", ""), java.util.stream.Collectors.counting()));
            System.out.println("pictures by width: " + count);
            assertTrue(count.get("1280") > 20 && count.size() > 1, count.toString());
        }
    }
}
