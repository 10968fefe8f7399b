package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertLinesMatch;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.mp4.Mp4Frames;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;
import tapedeck.stream.Tally;

class HlsTest {
    private static final Instant TIME = Instant.parse("2026-01-31T10:00:00Z");
    private static final long SECOND_NANOS = 1_000_000_000L;

    @TempDir
    Path folder;

    private LiveHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new LiveHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    private static HlsWindow window(long firstNumber) {
        return new HlsWindow(firstNumber, new KeptBytes(Long.MAX_VALUE).open().orElseThrow());
    }

    private static HlsSegment.Part part(int bytes, long nanos, boolean independent) {
        return new HlsSegment.Part(Bytes.wrap(new byte[bytes]), nanos, independent, new Tally());
    }

    private static void segment(HlsWindow window, HlsSegment.Init init, boolean discontinuity) {
        window.begin(init, discontinuity, TIME);
        for (int i = 0; i < 4; i++) {
            window.add(part(1000, SECOND_NANOS / 2, i == 0));
        }
        window.whole(2, null);
    }

    @Test
    void aPlaylistNamesSegmentsPartsAndWhatComesNext() {
        HlsWindow window = window(100);
        HlsSegment.Init init = new HlsSegment.Init(100, Bytes.EMPTY);
        segment(window, init, false);
        segment(window, init, false);
        segment(window, init, false);
        window.begin(init, false, TIME);
        window.add(part(1000, SECOND_NANOS / 2, true));
        assertLinesMatch("""
                #EXTM3U
                #EXT-X-VERSION:6
                #EXT-X-TARGETDURATION:2
                #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500
                #EXT-X-PART-INF:PART-TARGET=0.500
                #EXT-X-MEDIA-SEQUENCE:100
                #EXT-X-DISCONTINUITY-SEQUENCE:0
                #EXT-X-MAP:URI="init-100.mp4?k=1"
                #EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:00Z
                #EXTINF:2.00000,
                seg-100.m4s?k=1
                #EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:00Z
                #EXT-X-PART:DURATION=0.50000,URI="part-101-0.m4s?k=1",INDEPENDENT=YES
                #EXT-X-PART:DURATION=0.50000,URI="part-101-1.m4s?k=1"
                #EXT-X-PART:DURATION=0.50000,URI="part-101-2.m4s?k=1"
                #EXT-X-PART:DURATION=0.50000,URI="part-101-3.m4s?k=1"
                #EXTINF:2.00000,
                seg-101.m4s?k=1
                #EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:00Z
                #EXT-X-PART:DURATION=0.50000,URI="part-102-0.m4s?k=1",INDEPENDENT=YES
                #EXT-X-PART:DURATION=0.50000,URI="part-102-1.m4s?k=1"
                #EXT-X-PART:DURATION=0.50000,URI="part-102-2.m4s?k=1"
                #EXT-X-PART:DURATION=0.50000,URI="part-102-3.m4s?k=1"
                #EXTINF:2.00000,
                seg-102.m4s?k=1
                #EXT-X-PROGRAM-DATE-TIME:2026-01-31T10:00:00Z
                #EXT-X-PART:DURATION=0.50000,URI="part-103-0.m4s?k=1",INDEPENDENT=YES
                #EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-103-1.m4s?k=1"
                """.lines().toList(), window.playlist("?k=1").lines().toList());
    }

    @Test
    void theWindowSlidesAndCountsDiscontinuities() {
        HlsWindow window = window(1);
        HlsSegment.Init first = new HlsSegment.Init(1, Bytes.EMPTY);
        HlsSegment.Init second = new HlsSegment.Init(3, Bytes.EMPTY);
        segment(window, first, false);
        segment(window, first, false);
        segment(window, second, true);
        assertTrue(window.playlist("").contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-3.mp4\""));
        for (int i = 0; i < HlsWindow.LISTED; i++) {
            segment(window, second, false);
        }
        String playlist = window.playlist("");
        assertTrue(playlist.contains("#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), playlist);
        assertTrue(window.segment(1) != null, "still there for those who are behind");
        for (int i = 0; i < HlsWindow.KEPT; i++) {
            segment(window, second, false);
        }
        assertTrue(window.segment(1) == null && window.init(1) == null, "gone");
        assertTrue(window.playlist("").contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
        window.end();
        assertTrue(window.playlist("").endsWith("#EXT-X-ENDLIST\n"));
    }

    @Test
    void aDiscontinuityNamesTheHeaderAgain() {
        HlsWindow window = window(1);
        HlsSegment.Init init = new HlsSegment.Init(1, Bytes.EMPTY);
        segment(window, init, false);
        segment(window, init, true);
        String playlist = window.playlist("");
        assertTrue(playlist.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-1.mp4\""), playlist);
    }

    @Test
    void largeSegmentsAreKeptForLess() {
        HlsWindow window = window(1);
        for (int i = 0; i < 6; i++) {
            window.begin(new HlsSegment.Init(1, Bytes.EMPTY), false, TIME);
            window.add(part(16 << 20, SECOND_NANOS / 2, true));
            window.whole(2, null);
        }
        assertTrue(window.segment(3) == null && window.segment(4) != null);
    }

    @Test
    void aDiscontinuityIsCountedWhyeverItsSegmentLeavesTheList() {
        HlsWindow window = window(1);
        HlsSegment.Init init = new HlsSegment.Init(1, Bytes.EMPTY);
        for (int i = 0; i < 6; i++) {
            window.begin(init, i == 1 || i == 2, TIME);
            window.add(part(16 << 20, SECOND_NANOS / 2, true));
            window.whole(2, null);
        }
        assertTrue(window.playlist("").contains("#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n"));
    }

    @Test
    void beforeTheFirstSegmentThereIsNothingAndNobodyWaitsForWhatWillNeverCome() throws Exception {
        HlsWindow window = window(7);
        assertNull(window.part(6, 0, Long.MAX_VALUE));
        assertNull(window.part(5, 0, Long.MAX_VALUE));
        assertNull(window.part(7, 0, 0));
        assertNull(window.segment(6));
        assertEquals(HlsWindow.Reload.THERE, window.awaitReload(6, 0));
    }

    @Test
    void aWholeSegmentIsOneForAllAndItsPartsAreViewsOfIt() throws Exception {
        HlsWindow window = window(1);
        window.begin(new HlsSegment.Init(1, Bytes.EMPTY), false, TIME);
        window.add(new HlsSegment.Part(Bytes.ofUtf8("ab"), SECOND_NANOS / 2, true, new Tally()));
        window.add(new HlsSegment.Part(Bytes.ofUtf8("cde"), SECOND_NANOS / 2, false, new Tally()));
        assertNull(window.segment(1));
        window.whole(2, null);
        assertEquals(Bytes.ofUtf8("abcde"), window.segment(1).data());
        assertSame(window.segment(1).data(), window.segment(1).data());
        assertEquals(Bytes.ofUtf8("ab"), window.part(1, 0, 0).data());
        assertEquals(Bytes.ofUtf8("cde"), window.part(1, 1, 0).data());
    }

    @Test
    void whereFramesAreMissingThereIsADiscontinuity() throws Exception {
        List<Frame> frames = pictures(TestMedia.of("h264", 5));
        HlsWindow window = window(1);
        try (Publication publication = house.publish("a")) {
            HlsSegmenter segmenter =
                    new HlsSegmenter(window, publication.stream(), TestMedia.tracks(frames), 0, () -> SECOND_NANOS);
            segmenter.gap();
            for (Frame frame : frames) {
                if (frame.keyframe() && frame.dtsNanos() - frames.getFirst().dtsNanos() > 5 * SECOND_NANOS / 2) {
                    break;
                }
                segmenter.write(new Item.Media(frame, frame.keyframe()));
            }
            assertFalse(window.playlist("").contains("#EXT-X-DISCONTINUITY\n"), "nothing was there before");
            segmenter.gap();
            Frame last = frames.stream().filter(Frame::keyframe).toList().getLast();
            segmenter.write(new Item.Media(last, true));
            segmenter.finish();
            assertEquals(
                    1, uris(window.playlist(""), "^(#EXT-X-DISCONTINUITY)$").size(), window.playlist(""));
        }
    }

    private static List<String> uris(String playlist, String pattern) {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile(pattern, Pattern.MULTILINE).matcher(playlist);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    private byte[] bytes(String path) throws Exception {
        HttpResponse<java.io.InputStream> answer = house.get(path);
        assertEquals(200, answer.statusCode(), path);
        return answer.body().readAllBytes();
    }

    private String ended(String path) throws Exception {
        String playlist = "";
        long deadline = System.nanoTime() + 60 * SECOND_NANOS;
        while (!playlist.contains("#EXT-X-ENDLIST")) {
            assertTrue(System.nanoTime() < deadline, playlist);
            TimeUnit.MILLISECONDS.sleep(100);
            playlist = house.text("GET", path).body();
        }
        return playlist;
    }

    /// Writes second by second, so that no reader is too slow.
    private static void slowly(Publication publication, List<Frame> frames) throws InterruptedException {
        long next = SECOND_NANOS;
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= next) {
                next += SECOND_NANOS;
                TimeUnit.MILLISECONDS.sleep(150);
            }
            publication.write(frame);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"h264b+aac", "h265+aac", "av1+opus", "aac"})
    void theSegmentsTogetherAreTheStream(String codecs) throws Exception {
        List<Frame> frames = TestMedia.of(codecs, 5);
        Publication publication = house.publish("a/b");
        slowly(publication, frames.subList(0, frames.size() / 5));
        CompletableFuture<HttpResponse<String>> first = CompletableFuture.supplyAsync(() -> {
            try {
                return house.text("GET", "/hls/a/b/index.m3u8");
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        await("a reader", () -> publication.stream().statistics().liveReaders() == 1);
        slowly(publication, frames.subList(frames.size() / 5, frames.size()));
        publication.close();
        HttpResponse<String> index = first.get(60, TimeUnit.SECONDS);
        assertEquals(200, index.statusCode(), index.body());
        assertEquals(
                "application/vnd.apple.mpegurl",
                index.headers().firstValue("Content-Type").orElse(""));
        assertTrue(index.body().contains("live.m3u8"), index.body());
        assertTrue(!codecs.equals("h264b+aac") || index.body().contains("CODECS=\"avc1.640"), index.body());
        assertTrue(
                !codecs.equals("h264b+aac") || index.body().contains(",mp4a.40.2\",RESOLUTION=320x180"), index.body());
        String playlist = ended("/hls/a/b/live.m3u8");
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(bytes("/hls/a/b/" + uris(playlist, "MAP:URI=\"(.*)\"").getFirst()));
        for (String segment : uris(playlist, "^(seg-.*)$")) {
            file.writeBytes(bytes("/hls/a/b/" + segment));
        }
        for (String seconds : uris(playlist, "EXTINF:(.*),")) {
            assertTrue(Double.parseDouble(seconds) <= 2.45, playlist);
        }
        double total = uris(playlist, "EXTINF:(.*),").stream()
                .mapToDouble(Double::parseDouble)
                .sum();
        assertTrue(total >= 4 && total < 5.1, playlist);
        // The last segments are also had in parts.
        String last = uris(playlist, "^(seg-.*)$").getLast();
        ByteArrayOutputStream parts = new ByteArrayOutputStream();
        for (String part :
                uris(playlist, "PART:.*URI=\"(" + last.replace("seg", "part").replace(".m4s", "") + "-.*?)\"")) {
            parts.writeBytes(bytes("/hls/a/b/" + part));
        }
        assertArrayEquals(bytes("/hls/a/b/" + last), parts.toByteArray());
        Path mp4 = folder.resolve("all.mp4");
        Files.write(mp4, file.toByteArray());
        try (var channel = FileChannel.open(mp4)) {
            assertEquals(
                    TestMedia.tracks(frames).size(),
                    Container.MP4.probe(channel).tracks().size());
            assertPlayed(pictures(frames), pictures(Mp4Frames.of(channel)));
        }
    }

    /// ffmpeg looks at 2048 bytes before it goes on: those of the header are there with the first segment.
    @Test
    void theHeaderIsAsLongAsWhatPlayersLookAt() throws Exception {
        List<Frame> frames = TestMedia.aac(1);
        HlsWindow window = window(1);
        try (Publication publication = house.publish("a")) {
            HlsSegmenter segmenter =
                    new HlsSegmenter(window, publication.stream(), TestMedia.tracks(frames), 0, () -> SECOND_NANOS);
            frames.forEach(frame -> segmenter.write(new Item.Media(frame, true)));
            segmenter.finish();
        }
        Bytes init = Objects.requireNonNull(window.init(1)).data();
        assertEquals(HlsSegmenter.LEAST_INIT_BYTES, init.length());
        List<String> boxes = new ArrayList<>();
        long sizes = 0;
        for (int at = 0; at < init.length(); at += (int) init.u32(at)) {
            boxes.add(init.slice(at + 4, at + 8).toUtf8());
            sizes += init.u32(at);
        }
        assertEquals(List.of("ftyp", "moov", "free"), boxes);
        assertEquals(init.length(), sizes);
    }

    /// It begins with the last keyframe before the player came, and nothing is missing after that.
    private static void assertPlayed(List<Frame> all, List<Frame> played) {
        assertTrue(played.size() >= all.size() * 4 / 5, played.size() + " of " + all.size());
        List<Frame> sent = all.subList(all.size() - played.size(), all.size());
        assertLinesMatch(lines(sent), lines(played));
        long late = played.getFirst().ptsNanos() - sent.getFirst().ptsNanos();
        for (int i = 0; i < sent.size(); i++) {
            // Sound has whole milliseconds here, and whole samples there.
            assertEquals(sent.get(i).ptsNanos() / 1e6, (played.get(i).ptsNanos() - late) / 1e6, 1, "frame " + i);
        }
    }

    /// The video, or the sound where there is none.
    private static List<Frame> pictures(List<Frame> frames) {
        boolean video = frames.stream().anyMatch(frame -> frame.track().isVideo());
        return frames.stream().filter(frame -> frame.track().isVideo() == video).toList();
    }

    /// One line a frame, without its time.
    private static List<String> lines(List<Frame> frames) {
        return frames.stream()
                .map(frame -> "%s %d bytes %08x"
                        .formatted(
                                frame.keyframe() ? "key" : "",
                                frame.data().length(),
                                frame.data().hashCode()))
                .toList();
    }

    @Test
    void aReloadWaitsForThePartItAsksFor() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 4);
        try (Publication publication = house.publish("a")) {
            slowly(
                    publication,
                    frames.stream().filter(f -> f.dtsNanos() < SECOND_NANOS / 2).toList());
            var answer = CompletableFuture.supplyAsync(() -> reload(""));
            await("a reader", () -> publication.stream().statistics().liveReaders() == 1);
            slowly(
                    publication,
                    frames.stream()
                            .filter(f -> f.dtsNanos() >= SECOND_NANOS / 2 && f.dtsNanos() < 5 * SECOND_NANOS / 2)
                            .toList());
            String playlist = answer.get(60, TimeUnit.SECONDS);
            Matcher hint = Pattern.compile("PRELOAD-HINT:TYPE=PART,URI=\"part-(\\d+)-(\\d+)")
                    .matcher(reload(""));
            assertTrue(hint.find(), playlist);
            long number = Long.parseLong(hint.group(1));
            // Too early for the one after the next.
            assertTrue(reload("?_HLS_msn=" + (number + 9)).contains("too far in the future"));
            assertTrue(reload("?_HLS_part=1").contains("needs _HLS_msn"));
            assertTrue(reload("?_HLS_msn=-3").contains("has to be a number"));
            var waiting = CompletableFuture.supplyAsync(() -> reload("?_HLS_msn=" + (number + 1) + "&_HLS_part=0"));
            var part =
                    CompletableFuture.supplyAsync(() -> text("/hls/a/part-%d-%s.m4s".formatted(number, hint.group(2))));
            slowly(
                    publication,
                    frames.stream()
                            .filter(f -> f.dtsNanos() >= 5 * SECOND_NANOS / 2)
                            .toList());
            publication.close();
            assertTrue(waiting.get(60, TimeUnit.SECONDS).contains("part-%d-0".formatted(number)), "it came");
            assertTrue(part.get(60, TimeUnit.SECONDS).contains("moof"));
        }
    }

    private String reload(String query) {
        return text("/hls/a/live.m3u8" + query);
    }

    private String text(String path) {
        try {
            return house.text("GET", path).body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aPublisherThatComesBackGoesOnBehindADiscontinuity() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 3);
        Publication publication = house.publish("a");
        slowly(publication, frames.subList(0, 30));
        var first = CompletableFuture.supplyAsync(() -> reload(""));
        await("a reader", () -> publication.stream().statistics().liveReaders() == 1);
        slowly(publication, frames.subList(30, frames.size()));
        publication.close();
        assertFalse(first.get(60, TimeUnit.SECONDS).contains("DISCONTINUITY\n"));
        try (Publication again = house.publish("a")) {
            slowly(again, frames);
            await("a discontinuity", () -> reload("").contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP"));
        }
        assertEquals(2, uris(ended("/hls/a/live.m3u8"), "MAP:URI=\"(.*)\"").size());
    }

    @Test
    void whatIsNotThereOrDoesNotFitIsSaid() throws Exception {
        assertEquals(404, house.text("GET", "/hls/nobody/index.m3u8").statusCode());
        assertEquals(404, house.text("GET", "/hls/nobody/seg-1.m4s").statusCode());
        assertEquals(404, house.text("GET", "/hls/index.m3u8").statusCode());
        assertEquals(404, house.text("GET", "/hls/a/index.html").statusCode());
        assertEquals(204, house.text("OPTIONS", "/hls/a/index.m3u8").statusCode());
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, TestMedia.of("vp8+opus", 1));
            HttpResponse<String> answer = house.text("GET", "/hls/a/index.m3u8");
            assertEquals(406, answer.statusCode());
            assertTrue(answer.body().contains("HLS cannot carry vp8"), answer.body());
        }
    }
}
