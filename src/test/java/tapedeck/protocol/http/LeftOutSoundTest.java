package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// Sound that a way over HTTP does not have is left out and named; ffprobe counts what came.
@Tag("peer")
class LeftOutSoundTest {
    private static final long DEADLINE_SECONDS = 60;

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

    private static String leftOut(HttpResponse<?> answer) {
        return answer.headers().firstValue("Left-Out").orElse("");
    }

    private String tracks(byte[] file, String extension) throws Exception {
        Path path = Files.write(folder.resolve("taken." + extension), file);
        return Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-count_packets",
                        "-show_entries",
                        "stream=codec_name,nb_read_packets",
                        "-of",
                        "csv=p=0",
                        path.toString())
                .text()
                .lines()
                .filter(line -> !line.isBlank())
                // Of MPEG-TS it lists the program, and then all tracks.
                .distinct()
                .collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @CsvSource({"flv,h264+g722,g722", "ts,h264+alaw,pcm_alaw", "mp4,h264+g722,g722"})
    void thePicturesGoOutAlone(String extension, String media, String named) throws Exception {
        List<Frame> frames = TestMedia.of(media, 2);
        long pictures = frames.stream().filter(frame -> frame.track().isVideo()).count();
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            HttpResponse<InputStream> answer = house.get("/live/a." + extension);
            assertEquals(200, answer.statusCode());
            assertEquals(named, leftOut(answer));
            await("it plays", () -> publication.stream().statistics().liveReaders() == 1);
            LiveHouse.write(publication, frames);
            publication.close();
            assertEquals("h264," + pictures, tracks(answer.body().readAllBytes(), extension));
        }
    }

    @Test
    void soundThatIsAllThereIsIsRefused() throws Exception {
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, TestMedia.of("g722", 2));
            for (String path : List.of("/live/a.flv", "/live/a.ts", "/live/a.mp4", "/hls/a/index.m3u8")) {
                HttpResponse<String> answer = house.text("GET", path);
                assertEquals(406, answer.statusCode(), path);
                assertTrue(answer.body().contains("cannot carry g722"), answer.body());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"index.m3u8", "ts.m3u8"})
    void playlistsAreOfThePicturesAlone(String playlist) throws Exception {
        List<Frame> frames = TestMedia.of("h264+alaw", 6);
        try (Publication publication = house.publish("a")) {
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    long begun = System.nanoTime();
                    for (Frame frame : frames) {
                        TimeUnit.NANOSECONDS.sleep(begun + frame.dtsNanos() - System.nanoTime());
                        publication.write(frame);
                    }
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            });
            await("its tracks", () -> publication.stream().tracks().size() == 2);
            HttpResponse<String> answer = house.text("GET", "/hls/a/" + playlist);
            assertEquals(200, answer.statusCode(), answer.body());
            assertEquals("pcm_alaw", leftOut(answer));
            String media = answer.body();
            if (playlist.startsWith("index")) {
                assertTrue(media.contains("CODECS=\"avc1.") && !media.contains("alaw"), media);
                media = house.text("GET", "/hls/a/live.m3u8").body();
            }
            writer.join(TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
            String segment = media.lines()
                    .filter(line -> line.startsWith("seg-"))
                    .findFirst()
                    .orElseThrow();
            byte[] init = segment.contains(".ts")
                    ? new byte[0]
                    : house.get("/hls/a/" + media.split("MAP:URI=\"")[1].split("\"")[0])
                            .body()
                            .readAllBytes();
            byte[] body = house.get("/hls/a/" + segment).body().readAllBytes();
            byte[] whole = new byte[init.length + body.length];
            System.arraycopy(init, 0, whole, 0, init.length);
            System.arraycopy(body, 0, whole, init.length, body.length);
            assertTrue(tracks(whole, "part").matches("h264,\\d+"), tracks(whole, "part"));
        }
    }
}
