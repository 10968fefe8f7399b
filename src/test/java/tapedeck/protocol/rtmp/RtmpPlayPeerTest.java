package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertLinesMatch;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Programs;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;
import tapedeck.stream.StreamName;

/// Real programs play.
@Tag("peer")
class RtmpPlayPeerTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final long DEADLINE_SECONDS = 60;

    @TempDir
    Path folder;

    private RtmpHouse house;
    private Programs programs;

    @BeforeEach
    void open() {
        house = new RtmpHouse();
        programs = new Programs(folder);
    }

    @AfterEach
    void close() {
        programs.close();
        house.close();
    }

    /// Publishes the clip when the player is there, and waits for the player's end.
    private void publishTo(RtmpClient publisher, Process player) throws Exception {
        var stream = house.streams.find(new StreamName("a")).orElseThrow();
        await("the player came", () -> stream.statistics().liveReaders() > 0 || !player.isAlive());
        assertTrue(player.isAlive(), "the player is there");
        publisher.send(CLIP);
        publisher.unpublish();
        assertTrue(player.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "the player ended with the stream");
    }

    /// One line a frame: its time since the first one, size and hash.
    private static List<String> frames(FlvFile file, boolean video) {
        int origin = file.media().getFirst().timestampMillis();
        return file.media().stream()
                .filter(tag -> tag.video() == video)
                .map(tag -> "%d ms +%d: %d bytes %08x"
                        .formatted(
                                tag.timestampMillis() - origin,
                                tag.compositionMillis(),
                                tag.data().length(),
                                tag.data().hashCode()))
                .toList();
    }

    private static void assertSame(FlvFile expected, FlvFile played) {
        assertLinesMatch(frames(expected, true), frames(played, true));
        assertLinesMatch(frames(expected, false), frames(played, false));
    }

    @Test
    void ffmpegPlaysEveryFrame() throws Exception {
        Path file = folder.resolve("played.flv");
        try (RtmpClient publisher = house.client().publish("a")) {
            Process player = programs.start(
                    Ffmpeg.ffmpeg(),
                    "-nostdin",
                    "-v",
                    "warning",
                    "-i",
                    house.url("a"),
                    "-c",
                    "copy",
                    "-copyts",
                    "-f",
                    "flv",
                    file.toString());
            publishTo(publisher, player);
            assertEquals(0, player.exitValue(), programs.log());
        }
        assertSame(CLIP, FlvFile.read(file));
        assertEquals("", Ffmpeg.decodeErrors(file));
    }

    @Test
    void rtmpdumpPlaysEveryFrame() throws Exception {
        Path file = folder.resolve("dumped.flv");
        try (RtmpClient publisher = house.client().publish("a")) {
            Process player = programs.start("rtmpdump", "-v", "-r", house.url("a"), "-o", file.toString());
            publishTo(publisher, player);
            assertEquals(0, player.exitValue(), programs.log());
        }
        assertSame(CLIP, FlvFile.read(file));
        assertEquals("", Ffmpeg.decodeErrors(file));
    }

    /// GStreamer drops the message that it holds when the stream ends, so the last frame may be missing.
    @Test
    void gStreamerPlaysEveryFrameButTheLast() throws Exception {
        Path file = folder.resolve("gst.flv");
        try (RtmpClient publisher = house.client().publish("a")) {
            Process player = programs.start(
                    "gst-launch-1.0",
                    "-q",
                    "rtmp2src",
                    "location=" + house.url("a"),
                    "!",
                    "filesink",
                    "location=" + file);
            publishTo(publisher, player);
            assertEquals(0, player.exitValue(), programs.log());
        }
        int all = CLIP.media().size();
        List<FlvFile.Tag> played = FlvFile.read(file).media();
        assertTrue(played.size() >= all - 1, () -> played.size() + " of " + all);
        assertSame(new FlvFile(CLIP.media().subList(0, all - 1)), new FlvFile(played.subList(0, all - 1)));
    }

    @Test
    void ffprobeSeesBothTracksOfARunningStream() throws Exception {
        FrameCollector collector = FrameCollector.of(house.streams, "a");
        try (RtmpClient publisher = house.client().publish("a")) {
            publisher.send(CLIP);
            collector.until(CLIP.media().size());
            Process probe = programs.start(
                    Ffmpeg.ffprobe(),
                    "-v",
                    "error",
                    "-show_entries",
                    "stream=codec_name,width,height,sample_rate,channels",
                    "-of",
                    "csv=p=0",
                    house.url("a"));
            // It wants to see some of the stream before it answers, whenever it comes.
            int repeatMillis = 4_000;
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
            for (int i = 1; probe.isAlive() && System.nanoTime() - deadline < 0; i++) {
                publisher.send(CLIP.shifted(i * repeatMillis));
                probe.waitFor(200, TimeUnit.MILLISECONDS);
            }
            assertFalse(probe.isAlive(), "ffprobe ended");
            List<String> lines = programs.log().lines().sorted().toList();
            assertEquals(List.of("aac,44100,1", "h264,320,180"), lines);
        }
    }

    @Test
    void aStreamThatIsNotThereIsAClearError() throws Exception {
        Ffmpeg.Result result = Ffmpeg.ffprobe("-v", "error", house.url("nobody"));
        assertNotEquals(0, result.exitCode());
        assertTrue(result.err().contains("Nobody publishes \"nobody\"."), result.err());
        assertFalse(house.streams.find(new StreamName("nobody")).isPresent());
    }
}
