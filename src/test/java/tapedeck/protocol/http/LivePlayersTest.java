package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Chromium;
import tapedeck.peers.EndlessMedia;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.NotRoot;
import tapedeck.peers.Programs;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// Real programs play live streams over HTTP.
@Tag("peer")
@Tag("realtime")
class LivePlayersTest {
    private static final long DEADLINE_SECONDS = 60;
    /// What VLC waits for before it begins, for a machine on which others work, too.
    private static final long VLC_CACHE_MILLIS = 3000;

    @TempDir
    Path folder;

    private LiveHouse house;
    private Programs programs;

    @BeforeEach
    void open() throws Exception {
        house = new LiveHouse();
        programs = new Programs(folder);
    }

    @AfterEach
    void close() {
        programs.close();
        house.close();
    }

    /// Publishes all as fast as the stream goes when the player is there, and waits for the player's end.
    private void publishTo(Process player, Publication publication, List<Frame> frames) throws Exception {
        await("the player came", () -> publication.stream().statistics().liveReaders() > 0 || !player.isAlive());
        LiveHouse.write(publication, frames);
        publication.close();
        assertTrue(player.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "the player ended with the stream");
    }

    /// What ffmpeg's md5 of every packet says of these frames.
    private static List<String> packets(String framemd5, int stream) {
        List<String> hashes = new ArrayList<>();
        for (String line : framemd5.split("\n")) {
            String[] fields = line.split(",");
            if (!line.startsWith("#") && Integer.parseInt(fields[0].strip()) == stream) {
                hashes.add(fields[4].strip() + " " + fields[5].strip());
            }
        }
        return hashes;
    }

    private static List<String> packets(List<Frame> frames, boolean video) throws Exception {
        List<String> hashes = new ArrayList<>();
        for (Frame frame : frames) {
            if (frame.track().isVideo() == video) {
                byte[] md5 =
                        MessageDigest.getInstance("MD5").digest(frame.data().toByteArray());
                hashes.add(frame.data().length() + " " + Bytes.wrap(md5).toHex());
            }
        }
        return hashes;
    }

    /// What ffmpeg's `framemd5` says of the frames when they are live in this format.
    private String framemd5(String format, List<Frame> frames, String... options) throws Exception {
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            Path md5 = folder.resolve("md5");
            List<String> command = new ArrayList<>(
                    List.of(Ffmpeg.ffmpeg(), "-nostdin", "-v", "warning", "-i", house.url("/live/a." + format)));
            command.addAll(List.of(options));
            command.addAll(List.of("-f", "framemd5", md5.toString()));
            Process player = programs.start(command.toArray(String[]::new));
            publishTo(player, publication, frames);
            assertEquals(0, player.exitValue(), programs.log());
            return Files.readString(md5);
        }
    }

    @ParameterizedTest
    @CsvSource({"flv,h264b+aac", "flv,h265+aac", "flv,vp9+opus", "flv,av1+opus", "mp4,h264b+aac", "mp4,av1+opus"})
    void ffmpegGetsThePacketsThatWereSent(String format, String codecs) throws Exception {
        List<Frame> frames = TestMedia.of(codecs, 2);
        String md5 = framemd5(format, frames, "-map", "0:v", "-map", "0:a", "-c", "copy");
        assertEquals(packets(frames, true), packets(md5, 0));
        assertEquals(packets(frames, false), packets(md5, 1));
    }

    @ParameterizedTest
    @CsvSource({"ts,h264b+aac", "ts,h265+opus", "ts,h264+mp3", "flv,h264+aac", "mp4,h265+aac", "mp4,vp9+opus"})
    void everyFrameDecodes(String format, String codecs) throws Exception {
        List<Frame> frames = TestMedia.of(codecs, 2);
        String md5 = framemd5(format, frames, "-map", "0:v", "-fps_mode", "passthrough");
        assertEquals("", programs.log());
        long pictures = frames.stream().filter(frame -> frame.track().isVideo()).count();
        assertEquals(pictures, packets(md5, 0).size());
    }

    @ParameterizedTest
    @CsvSource({"flv", "ts", "mp4"})
    void debiansFfprobeDescribesTheStreamAndKnowsNoDuration(String format) throws Exception {
        try (Publication publication = house.publish("a")) {
            List<Frame> frames = EndlessMedia.of("h264+aac");
            LiveHouse.write(publication, frames.subList(0, 20));
            Process probe = programs.start(
                    "ffprobe",
                    "-v",
                    "error",
                    "-analyzeduration",
                    "1000000",
                    "-show_entries",
                    "stream=codec_name,width,height,sample_rate,channels:format=duration",
                    "-of",
                    "csv=p=0",
                    house.url("/live/a." + format));
            EndlessMedia.play(publication, frames, probe);
            List<String> lines = programs.log()
                    .lines()
                    .map(String::strip)
                    .distinct()
                    .sorted()
                    .toList();
            assertTrue(lines.contains("h264,320,180"), programs.log());
            assertTrue(lines.contains("aac,44100,2"), programs.log());
            // Of fragments ffprobe adds up what it has read, whatever the file says.
            assertTrue(format.equals("mp4") || lines.contains("N/A"), programs.log());
        }
    }

    @ParameterizedTest
    @CsvSource({"flv,flvdemux", "ts,tsdemux", "mp4,qtdemux"})
    void gStreamerPlays(String format, String demuxer) throws Exception {
        try (Publication publication = house.publish("a")) {
            List<Frame> frames = EndlessMedia.of("h264+aac");
            LiveHouse.write(publication, frames.subList(0, 20));
            Path file = folder.resolve("pictures");
            Process player = programs.start(
                    "gst-launch-1.0",
                    "-q",
                    "souphttpsrc",
                    "location=" + house.url("/live/a." + format),
                    "!",
                    demuxer,
                    "!",
                    "h264parse",
                    "!",
                    "avdec_h264",
                    "!",
                    "identity",
                    "eos-after=45",
                    "!",
                    "filesink",
                    "location=" + file);
            EndlessMedia.play(publication, frames, player);
            assertEquals(0, player.exitValue(), programs.log());
            assertTrue(Files.size(file) >= 40L * 320 * 180 * 3 / 2, Files.size(file) + programs.log());
        }
    }

    private Process vlc(String path) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        List<String> command = NotRoot.firstCommand(folder);
        command.addAll(List.of(
                "timeout",
                Long.toString(Ffmpeg.DEADLINE_SECONDS),
                "cvlc",
                "-vv",
                "--no-audio",
                "--vout",
                "dummy",
                "--network-caching",
                Long.toString(VLC_CACHE_MILLIS),
                "--run-time",
                "5",
                house.url(path),
                "vlc://quit"));
        return programs.start(command.toArray(String[]::new));
    }

    private void assertVlcPlayed() throws IOException {
        assertTrue(programs.log().contains("Received first picture"), programs.log());
        assertTrue(programs.log().lines().noneMatch(line -> line.contains("picture is too late")), programs.log());
    }

    @ParameterizedTest
    @CsvSource({"flv", "ts", "mp4"})
    void vlcPlaysWithoutALatePicture(String format) throws Exception {
        try (Publication publication = house.publish("a")) {
            List<Frame> frames = EndlessMedia.of("h264+aac");
            // Not at the beginning of its time.
            LiveHouse.write(publication, TestMedia.shifted(frames, -EndlessMedia.ROUND_NANOS));
            Process player = vlc("/live/a." + format);
            EndlessMedia.play(publication, frames, player);
            assertVlcPlayed();
        }
    }

    @Test
    void ffmpegGetsThePacketsThatWereSentOverHls() throws Exception {
        List<Frame> frames = EndlessMedia.of("h264+aac");
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, frames);
            Path md5 = folder.resolve("md5");
            Process player = programs.start(
                    Ffmpeg.ffmpeg(),
                    "-nostdin",
                    "-v",
                    "warning",
                    "-live_start_index",
                    "0",
                    "-i",
                    house.url("/hls/a/index.m3u8"),
                    "-map",
                    "0:v",
                    "-c",
                    "copy",
                    "-t",
                    "5",
                    "-f",
                    "framemd5",
                    md5.toString());
            EndlessMedia.play(publication, frames, player);
            assertEquals(0, player.exitValue(), programs.log());
            List<String> sent = packets(frames, true);
            List<String> got = packets(Files.readString(md5), 0);
            assertTrue(got.size() >= 149, got.size() + programs.log());
            int at = sent.indexOf(got.getFirst());
            for (String packet : got) {
                assertEquals(sent.get(at++ % sent.size()), packet);
            }
        }
    }

    @Test
    void ffprobeDescribesHls() throws Exception {
        try (Publication publication = house.publish("a")) {
            List<Frame> frames = EndlessMedia.of("h264+aac");
            LiveHouse.write(publication, frames);
            Process probe = programs.start(
                    "ffprobe",
                    "-v",
                    "error",
                    "-show_entries",
                    "stream=codec_name,width,height,sample_rate,channels:format=duration",
                    "-of",
                    "csv=p=0",
                    house.url("/hls/a/index.m3u8"));
            EndlessMedia.play(publication, frames, probe);
            List<String> lines =
                    programs.log().lines().map(String::strip).distinct().toList();
            assertTrue(lines.containsAll(List.of("h264,320,180", "aac,44100,2", "N/A")), programs.log());
        }
    }

    /// In the playlist, of those that are whole.
    private long segments() {
        try {
            return house.text("GET", "/hls/a/live.m3u8")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("#EXTINF"))
                    .count();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void vlcPlaysHls() throws Exception {
        try (Publication publication = house.publish("a")) {
            List<Frame> frames = EndlessMedia.of("h264+aac");
            LiveHouse.write(publication, frames);
            // Segments are made from the first player on: VLC begins some of them behind the end.
            CompletableFuture<HttpResponse<String>> first = house.client.sendAsync(
                    HttpRequest.newBuilder(URI.create(house.url("/hls/a/index.m3u8")))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            await("a first player", () -> publication.stream().statistics().liveReaders() > 0);
            long rounds = 1;
            for (; rounds < 6; rounds++) {
                LiveHouse.write(publication, TestMedia.shifted(frames, rounds * EndlessMedia.ROUND_NANOS));
                // Faster than time, but not than what makes the segments: the one before this round is whole now.
                long whole = rounds;
                await("segment %d".formatted(whole), () -> segments() >= whole);
            }
            assertEquals(200, first.get(DEADLINE_SECONDS, TimeUnit.SECONDS).statusCode());
            Process vlc = vlc("/hls/a/index.m3u8");
            EndlessMedia.play(publication, TestMedia.shifted(frames, rounds * EndlessMedia.ROUND_NANOS), vlc);
            assertVlcPlayed();
        }
    }

    @Test
    void aPageInChromiumPlaysFragmentsThroughMediaSource() throws Exception {
        house.routes.add("GET", "/page", exchange -> exchange.respond(200, "text/html", Bytes.ofUtf8("""
                <video muted></video><script>
                const video = document.querySelector('video'), source = new MediaSource();
                video.src = URL.createObjectURL(source);
                source.addEventListener('sourceopen', async () => {
                  const answer = await fetch('/live/a.mp4');
                  const buffer = source.addSourceBuffer(answer.headers.get('Content-Type'));
                  const reader = answer.body.getReader();
                  for (;;) {
                    const {done, value} = await reader.read();
                    if (done) break;
                    buffer.appendBuffer(value);
                    await new Promise(ok => buffer.addEventListener('updateend', ok, {once: true}));
                    if (video.paused && video.buffered.length) {
                      video.currentTime = video.buffered.start(0);
                      video.play();
                    }
                  }
                  document.title = 'over';
                });
                </script>""")));
        try (Publication publication = house.publish("a");
                Chromium chromium = new Chromium()) {
            List<Frame> frames = EndlessMedia.of("vp9+opus");
            TestMedia.tracks(frames).forEach(publication::announce);
            LiveHouse.write(publication, frames);
            var page = chromium.open(house.url("/page"));
            for (int round = 1; round < 4; round++) {
                LiveHouse.write(publication, TestMedia.shifted(frames, round * EndlessMedia.ROUND_NANOS));
            }
            page.waitForFunction("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 20");
            assertEquals(320, page.evaluate("document.querySelector('video').videoWidth"));
            publication.close();
            page.waitForFunction("document.title === 'over'");
        }
    }
}
