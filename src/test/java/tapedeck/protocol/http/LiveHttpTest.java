package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertLinesMatch;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.FlvDemuxer;
import tapedeck.container.flv.FlvItem;
import tapedeck.container.flv.FlvTag;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;

class LiveHttpTest {
    private static final long DEADLINE_SECONDS = 60;

    private LiveHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new LiveHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    /// The frames in an FLV stream, as our own demuxer sees them; its clock begins with the first of them.
    private static List<Frame> frames(byte[] flv) {
        var in = Bytes.wrap(flv).reader();
        assertEquals("FLV", in.take(3).toUtf8());
        in.skip(6 + 4);
        FlvDemuxer demuxer = new FlvDemuxer();
        List<Frame> frames = new ArrayList<>();
        while (in.hasRemaining()) {
            FlvTag tag = FlvTag.read(in);
            FlvItem item = switch (tag.type()) {
                case FlvTag.VIDEO -> demuxer.video(tag.timestampMillis(), tag.body());
                case FlvTag.AUDIO -> demuxer.audio(tag.timestampMillis(), tag.body());
                default -> null;
            };
            if (item instanceof FlvItem.Media(Frame frame)) {
                frames.add(frame);
            }
        }
        return frames;
    }

    /// One line a frame.
    private static List<String> lines(List<Frame> frames) {
        long origin = frames.getFirst().dtsNanos();
        return frames.stream()
                .map(frame -> "%s %d ms +%d %s %d bytes %08x"
                        .formatted(
                                frame.track().codec().name(),
                                (frame.dtsNanos() - origin) / 1_000_000,
                                (frame.ptsNanos() / 1_000_000 - frame.dtsNanos() / 1_000_000),
                                frame.keyframe() ? "key" : "",
                                frame.data().length(),
                                frame.data().hashCode()))
                .toList();
    }

    /// On whole milliseconds, as FLV has them.
    private static List<Frame> onMillis(List<Frame> frames) {
        return frames.stream()
                .map(frame -> new Frame(
                        frame.track(),
                        frame.dtsNanos() / 1_000_000 * 1_000_000,
                        frame.ptsNanos() / 1_000_000 * 1_000_000,
                        frame.keyframe(),
                        frame.data()))
                .toList();
    }

    private static CompletableFuture<byte[]> read(HttpResponse<InputStream> answer) {
        return CompletableFuture.supplyAsync(() -> {
            try (InputStream body = answer.body()) {
                return body.readAllBytes();
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"h264+aac", "h264+mp3", "h265+aac", "vp8+opus", "vp9+opus", "av1+opus", "aac", "opus"})
    void everyFrameComesInFlv(String codecs) throws Exception {
        List<Frame> frames = onMillis(TestMedia.of(codecs, 2));
        try (Publication publication = house.publish("a/b c")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            HttpResponse<InputStream> answer = house.get("/live/a/b%20c.flv");
            assertEquals(200, answer.statusCode());
            assertEquals(
                    "video/x-flv", answer.headers().firstValue("Content-Type").orElse(""));
            assertEquals(
                    "no-store", answer.headers().firstValue("Cache-Control").orElse(""));
            assertEquals(
                    "*",
                    answer.headers().firstValue("Access-Control-Allow-Origin").orElse(""));
            CompletableFuture<byte[]> played = read(answer);
            await("a reader", () -> publication.stream().statistics().liveReaders() == 1);
            LiveHouse.write(publication, frames);
            publication.close();
            assertLinesMatch(lines(frames), lines(frames(played.get(DEADLINE_SECONDS, TimeUnit.SECONDS))));
        }
        house.awaitPlayers(0);
    }

    @Test
    void aNewcomerBeginsWithTheLastKeyframe() throws Exception {
        List<Frame> frames = onMillis(TestMedia.of("h264+aac", 4));
        int last = 0;
        for (int i = 0; i < frames.size(); i++) {
            if (frames.get(i).track().isVideo() && frames.get(i).keyframe()) {
                last = i;
            }
        }
        try (Publication publication = house.publish("a")) {
            int half = last + 10;
            LiveHouse.write(publication, frames.subList(0, half));
            CompletableFuture<byte[]> first = read(house.get("/live/a.flv"));
            await("frames of the first", () -> taken() > 0);
            CompletableFuture<byte[]> second = read(house.get("/live/a.flv"));
            house.awaitPlayers(2);
            assertEquals(1, publication.stream().statistics().readers(), "they share one reader");
            LiveHouse.write(publication, frames.subList(half, frames.size()));
            publication.close();
            List<String> expected = lines(frames.subList(last, frames.size()));
            assertLinesMatch(expected, lines(frames(first.get(DEADLINE_SECONDS, TimeUnit.SECONDS))));
            assertLinesMatch(expected, lines(frames(second.get(DEADLINE_SECONDS, TimeUnit.SECONDS))));
        }
    }

    private long taken() {
        return house.players().stream()
                .map(Session::report)
                .mapToLong(LiveHttpTest::frames)
                .sum();
    }

    private static long frames(SessionReport report) {
        return report.tracks().stream()
                .mapToLong(SessionReport.TrackReport::frames)
                .sum();
    }

    private long mostTaken() {
        return house.players().stream()
                .map(Session::report)
                .mapToLong(LiveHttpTest::frames)
                .max()
                .orElse(0);
    }

    @Test
    void whatIsNotThereOrDoesNotFitIsSaid() throws Exception {
        assertEquals(404, house.text("GET", "/live/nobody.flv").statusCode());
        assertEquals(
                "application/problem+json",
                house.text("GET", "/live/nobody.flv")
                        .headers()
                        .firstValue("Content-Type")
                        .orElse(""));
        assertEquals(404, house.text("GET", "/live/a.avi").statusCode());
        assertEquals(404, house.text("GET", "/live/a").statusCode());
        assertEquals(400, house.text("GET", "/live/..a%01.flv").statusCode());
        assertEquals(405, house.text("POST", "/live/a.flv").statusCode());
        assertEquals(204, house.text("OPTIONS", "/live/a.flv").statusCode());
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, TestMedia.of("vp8+opus", 1));
            HttpResponse<String> answer = house.text("GET", "/live/a.ts");
            assertEquals(406, answer.statusCode());
            assertTrue(answer.body().contains("MPEG-TS cannot carry vp8 of"), answer.body());
            HttpResponse<String> head = house.text("HEAD", "/live/a.flv");
            assertEquals(200, head.statusCode());
            assertEquals(
                    "video/x-flv", head.headers().firstValue("Content-Type").orElse(""));
            assertEquals("", head.headers().firstValue("Content-Length").orElse(""));
        }
    }

    @Test
    void aSlowPlayerMissesFramesAndGoesOnAtAKeyframe() throws Exception {
        // 8 Mbit/s: more than the buffers of the sockets and the log hold.
        List<Frame> frames = onMillis(TestMedia.noise("libx264", 12, 8_000, 1));
        try (Publication publication = house.publish("a");
                Socket slow = house.raw("/live/a.flv", 4096)) {
            LiveHouse.write(publication, frames.subList(0, 10));
            await("it began", () -> taken() > 0);
            CompletableFuture<byte[]> fast = read(house.get("/live/a.flv"));
            for (int i = 10; i < frames.size(); i += 10) {
                int end = Math.min(i + 10, frames.size());
                LiveHouse.write(publication, frames.subList(i, end));
                await("the fast one has all", () -> mostTaken() == end);
            }
            publication.close();
            assertEquals(
                    frames.size(),
                    frames(fast.get(DEADLINE_SECONDS, TimeUnit.SECONDS)).size());
            byte[] all = slow.getInputStream().readAllBytes();
            int head = new String(all, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
            List<Frame> played = frames(java.util.Arrays.copyOfRange(all, head, all.length));
            assertTrue(played.size() < frames.size(), "frames were dropped");
            assertEquals(frames.getLast().data(), played.getLast().data());
            List<Bytes> sent = frames.stream().map(Frame::data).toList();
            int at = -1;
            for (Frame frame : played) {
                int next = sent.indexOf(frame.data());
                assertTrue(next > at, "in order");
                assertTrue(next == at + 1 || frame.keyframe(), "after a gap comes a keyframe");
                at = next;
            }
        }
    }

    @Test
    void aPlayerThatGoesLeavesTheStream() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 2);
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, frames);
            Socket player = house.raw("/live/a.flv", 65536);
            await("it began", () -> taken() > 0);
            player.close();
            long later = 0;
            while (!house.streams.sessions().isEmpty()) {
                later += 2_000_000_000L;
                LiveHouse.write(publication, TestMedia.shifted(frames, later));
                TimeUnit.MILLISECONDS.sleep(10);
                assertTrue(later < 2_000_000_000_000L, "it was noticed");
            }
            await("nobody reads", () -> publication.stream().statistics().liveReaders() == 0);
        }
    }

    @Test
    void aSessionCanBeEndedByOthers() throws Exception {
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, TestMedia.of("h264", 1));
            Socket player = house.raw("/live/a.flv", 65536);
            await("it began", () -> taken() > 0);
            house.streams.sessions().iterator().next().terminate("enough");
            player.getInputStream().readAllBytes();
            house.awaitPlayers(0);
        }
    }

    @Test
    void aSessionShowsPicturesAndSoundApart() throws Exception {
        List<Frame> frames = onMillis(TestMedia.of("h264+aac", 2));
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            Socket player = house.raw("/live/a.flv", 65536);
            house.awaitPlayers(1);
            LiveHouse.write(publication, frames);
            await("it has all", () -> taken() == frames.size());
            SessionReport report = house.players().getFirst().report();
            for (SessionReport.TrackReport track : report.tracks()) {
                List<Frame> sent = frames.stream()
                        .filter(frame -> frame.track().isVideo() == track.kind().equals("video"))
                        .toList();
                assertEquals(sent.size(), track.frames(), track.kind());
                assertEquals(
                        sent.stream().mapToLong(frame -> frame.data().length()).sum(), track.bytes());
                assertTrue(track.bitsPerSecond() > 0, track.kind());
            }
            assertEquals(2, report.tracks().size());
            player.close();
        }
    }

    @Test
    void manyPlayersGetEveryFrame() throws Exception {
        int count = Broadcast.CROWD_PLAYERS + 16;
        List<Frame> frames = onMillis(TestMedia.of("h264+aac", 2));
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            List<CompletableFuture<byte[]>> players = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                players.add(read(house.get("/live/a.flv")));
            }
            house.awaitPlayers(count);
            LiveHouse.write(publication, frames);
            publication.close();
            for (CompletableFuture<byte[]> player : players) {
                assertEquals(
                        frames.size(),
                        frames(player.get(DEADLINE_SECONDS, TimeUnit.SECONDS)).size());
            }
        }
        house.awaitPlayers(0);
    }
}
