package tapedeck.protocol.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RangeServer;
import tapedeck.peers.ShownPictures;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayReport;
import tapedeck.relay.RelayTarget;
import tapedeck.relay.Relays;
import tapedeck.settings.Settings;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Files of other servers as live streams.
@Timeout(120)
class HttpFilePullTest {
    private static final Settings.Relays NEAR = new Settings.Relays(List.of(), List.of(), List.of("loopback"), 60, "");

    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private Relays relays;
    private RangeServer web;

    @BeforeEach
    void start() throws Exception {
        relays = new Relays(NEAR, streams).pullWith(new HttpPull());
        web = new RangeServer(folder);
    }

    @AfterEach
    void stop() {
        relays.close();
        web.close();
    }

    /// One hundred pictures, and a keyframe a second.
    private Path made(int kilobits) {
        Path clip = folder.resolve("clip.mkv");
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=4 -f lavfi -i sine=f=440:d=4 -c:v libx264 -bf 2"
                        + " -g 25 -sc_threshold 0 -b:v " + kilobits + "k -minrate " + kilobits + "k -c:a aac " + clip)
                .split(" "));
        return clip;
    }

    private Path made(int kilobits, String name) {
        Path file = folder.resolve(name);
        Remade.of(made(kilobits), file);
        return file;
    }

    @Test
    void everyContainerIsStoppedAndMovedWithinByRanges() throws Exception {
        Path clip = made(400);
        try (WithinFile within = new WithinFile(streams, relays, Map.of())) {
            for (String name :
                    List.of("last.mp4", "first.mp4", "fragmented.mp4", "a.mkv", "a.ts", "a.flv", "a.webm", "ts.m3u8")) {
                Remade.of(clip, folder.resolve(name));
                within.judge(web.url(name), folder.resolve(name.endsWith("m3u8") ? "a.ts" : name));
            }
        }
    }

    private RelayReport ended(Relays pulls, String url, Map<String, String> options) throws Exception {
        String id = pulls.pull(url, new StreamName("refused"), options).id();
        await(
                "refused: " + url,
                () -> pulls.all().stream()
                        .anyMatch(report -> report.id().equals(id) && report.state() == RelayReport.State.ENDED));
        return pulls.all().stream()
                .filter(report -> report.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /// What cannot get better is not tried again.
    @Test
    void withoutRangesAnIndexedMovieIsRefusedForGood() throws Exception {
        made(400, "first.mp4");
        made(400, "last.mp4");
        web.answer("/plain/", exchange -> {
            try (exchange) {
                byte[] body = Files.readAllBytes(
                        folder.resolve(exchange.getRequestURI().getPath().substring("/plain/".length())));
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        for (String name : List.of("plain/first.mp4", "plain/last.mp4")) {
            RelayReport report = ended(relays, web.url(name), Map.of());
            assertTrue(report.lastError().contains("the server has to answer ranges"), report.lastError());
            assertEquals(1, report.attempts());
        }
        RelayReport looped = ended(relays, web.url("plain/clip.mkv"), Map.of("loop", "true"));
        assertTrue(looped.lastError().contains("loop"), looped.lastError());
        assertEquals(1, looped.attempts());
    }

    /// An index beyond the limit, and a file that says nothing for too long.
    @Test
    void whatIsTooLargeIsRefusedForGood() throws Exception {
        byte[] moov = ByteBuffer.allocate(FilePlay.Place.ELSEWHERE.mostIndexBytes + 24)
                .putInt(8)
                .put("ftyp".getBytes())
                .putInt(FilePlay.Place.ELSEWHERE.mostIndexBytes + 9)
                .put("moov".getBytes())
                .array();
        Files.write(folder.resolve("index.mp4"), moov);
        RelayReport report = ended(relays, web.url("index.mp4"), Map.of());
        assertTrue(report.lastError().contains("at most %d allowed".formatted(moov.length - 24)), report.lastError());
        assertEquals(1, report.attempts());
        byte[] nothing = new byte[(FilePlay.MAX_SILENT_BYTES / 188 + 1_000) * 188];
        for (int at = 0; at < nothing.length; at += 188) {
            nothing[at] = 0x47;
            nothing[at + 1] = 0x1F;
            nothing[at + 2] = (byte) 0xFF;
            nothing[at + 3] = 0x10;
        }
        Files.write(folder.resolve("nothing.ts"), nothing);
        report = ended(relays, web.url("nothing.ts"), Map.of());
        assertTrue(report.lastError().contains("without a picture or a sound"), report.lastError());
        assertEquals(1, report.attempts());
    }

    /// Answers end after so many bytes, and then not at all any more, for a while.
    @Test
    void aServerThatBreaksOffIsAskedForTheRest() throws Exception {
        Path file = made(4_000, "first.mp4");
        byte[] content = Files.readAllBytes(file);
        AtomicInteger answers = new AtomicInteger();
        web.answer("/broken.mp4", exchange -> brokenOff(exchange, content, answers));
        FrameCollector collector = FrameCollector.of(streams, "broken");
        String id = relays.pull(web.url("broken.mp4"), new StreamName("broken"), Map.of())
                .id();
        List<Frame> received = collector.untilEnd();
        List<Integer> shown = ShownPictures.of(received, file);
        for (int i = 0; i < 100; i++) {
            assertEquals(i, shown.get(i));
        }
        assertEquals(100, shown.size());
        assertTrue(answers.get() > 5, answers + " answers");
        RelayReport report = relays.all().stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow();
        assertEquals(1, report.attempts(), "for the pull it is one connection");
    }

    private static void brokenOff(HttpExchange exchange, byte[] content, AtomicInteger answers) throws IOException {
        try (exchange) {
            int answer = answers.getAndIncrement();
            if (answer % 4 == 2) {
                exchange.sendResponseHeaders(503, -1);
                return;
            }
            String range = exchange.getRequestHeaders().getFirst("Range");
            int from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
            exchange.sendResponseHeaders(206, content.length - from);
            exchange.getResponseBody().write(content, from, Math.min(content.length / 8, content.length - from));
        } catch (IOException _) {
            // It says itself that this was too little.
        }
    }

    /// Reading here and there: what is near is not asked for again, and no more runs than allowed are open.
    @Test
    void nearBytesCostNoRequest() throws Exception {
        byte[] content = new byte[6 << 20];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31 >> 7);
        }
        Files.write(folder.resolve("bytes.ts"), content);
        CompletableFuture<Void> read = new CompletableFuture<>();
        try (Relays probing = new Relays(NEAR, streams).pullWith(new Probe(target -> {
            try {
                look(target, content);
                read.complete(null);
            } catch (IOException | AssertionError e) {
                read.completeExceptionally(e);
            }
        }))) {
            probing.pull(web.url("bytes.ts"), new StreamName("probe"), Map.of());
            read.get(Await.DEADLINE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void look(RelayTarget target, byte[] content) throws IOException {
        HttpGet whole = HttpGet.open(target, "bytes=0-");
        try (HttpBytes bytes = HttpBytes.of(target, whole, whole.read(200))) {
            assertEquals(content.length, bytes.size());
            long begun = web.requests();
            int at = 2 << 20;
            compare(bytes, content, 0, at);
            // What one read brings lies ahead of what was wanted.
            compare(bytes, content, at - HttpBytes.KEPT_BYTES + (64 << 10), 100);
            compare(bytes, content, at + HttpBytes.SKIPPED_BYTES, 100);
            assertEquals(begun, web.requests(), "near");
            compare(bytes, content, 0, 100);
            assertEquals(begun + 1, web.requests(), "far behind");
            compare(bytes, content, content.length - 100, 100);
            assertEquals(begun + 2, web.requests(), "far ahead");
            compare(bytes, content, 100, 100);
            compare(bytes, content, at + HttpBytes.SKIPPED_BYTES + 100, 100);
            assertEquals(begun + 2, web.requests(), "three at once");
            compare(bytes, content, 4 << 20, 100);
            compare(bytes, content, at + HttpBytes.SKIPPED_BYTES + 200, 100);
            assertEquals(begun + 3, web.requests(), "the fourth takes the place of the one that waited longest");
            compare(bytes, content, content.length - 100, 100);
            assertEquals(begun + 4, web.requests(), "which is asked for anew");
            assertEquals(-1, bytes.read(ByteBuffer.allocate(1), content.length));
        }
    }

    private static void compare(HttpBytes bytes, byte[] content, int from, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            assertTrue(bytes.read(buffer, from + buffer.position()) > 0);
        }
        assertArrayEquals(Arrays.copyOfRange(content, from, from + count), buffer.array());
    }

    /// Has a target, which only a relay makes.
    private record Probe(Consumer<RelayTarget> look) implements PullClient {
        @Override
        public Set<String> schemes() {
            return Set.of("http");
        }

        @Override
        public Publisher.Protocol protocol() {
            return Publisher.Protocol.HTTP;
        }

        @Override
        public void pull(RelayTarget target, PullSink sink) {
            look.accept(target);
        }
    }
}
