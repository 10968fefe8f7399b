package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The main job: what an encoder sends by RTMP is in the MP4, packet for packet and to the millisecond.
@Tag("peer")
class RtmpToFileTest {
    @TempDir
    private Path folder;

    private TestServer server;

    @BeforeEach
    void open() throws Exception {
        // The very packets that were sent have to be in the file.
        server = new TestServer(folder.resolve("data"), "record_mp4_audio=copy");
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    @Test
    void whatFfmpegPublishesInRealTimeIsInTheFile() throws Exception {
        recordWithFfmpeg(clip("plain.flv", 8, 0), "-re");
    }

    @Test
    void bFramesKeepTheirOrderAndTimes() throws Exception {
        recordWithFfmpeg(clip("b.flv", 6, 3));
    }

    @Test
    void filesOfOthersArriveWhole() throws Exception {
        for (Path file : SharedMedia.files("flv", "flv")) {
            recordWithFfmpeg(file, "-re");
        }
    }

    @Test
    void pictureWithoutSound() throws Exception {
        record("video", tags(clip("v.flv", 4, 2), tag -> !tag.audio()), 0);
    }

    @Test
    void soundWithoutPicture() throws Exception {
        record("audio", tags(clip("a.flv", 4, 0), tag -> !tag.video()), 0);
    }

    /// 10 s; 2^24 ms, where RTMP's timestamps become extended; 2^31 and 2^32 ms, where they wrap.
    @ParameterizedTest
    @ValueSource(longs = {10_000, (1L << 24) - 2_000, (1L << 31) - 2_000, (1L << 32) - 2_000})
    void timestampsThatStartLateOrWrapAreTheSame(long startMillis) throws Exception {
        record("late", tags(clip("late.flv", 4, 2), _ -> true), startMillis);
    }

    private void recordWithFfmpeg(Path source, String... inputOptions) throws Exception {
        String name = source.getFileName().toString().replace(".flv", "");
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(List.of(inputOptions));
        arguments.addAll(
                List.of("-i", source.toString(), "-map", "0", "-c", "copy", "-f", "flv", server.rtmpUrl(name)));
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        judge(source, server.awaitRecording(name + ".mp4"));
    }

    private void record(String name, List<FlvFile.Tag> tags, long startMillis) throws Exception {
        try (RtmpClient client = RtmpClient.connected(server.port("RTMP"))) {
            client.publish(name);
            client.send(tags.stream()
                    .map(tag -> tag.at((int) (tag.timestampMillis() + startMillis)))
                    .toList());
            client.unpublish();
        }
        Path source = folder.resolve(name + ".flv");
        Files.write(source, new FlvFile(tags).toBytes().toByteArray());
        judge(source, server.awaitRecording(name + ".mp4"));
    }

    private static void judge(Path source, Path recording) {
        List<String> expected = Packets.of(source);
        assertTrue(expected.size() > 30, source + " has packets");
        assertEquals(String.join("\n", expected), String.join("\n", Packets.of(recording)));
        assertEquals("", Ffmpeg.decodeErrors(recording));
        Ffmpeg.Result second = Ffmpeg.run(List.of("mkvmerge", "-J", recording.toString()));
        assertEquals(0, second.exitCode(), second.text());
    }

    private static List<FlvFile.Tag> tags(Path file, Predicate<FlvFile.Tag> wanted) {
        return FlvFile.read(file).tags().stream().filter(wanted).toList();
    }

    private Path clip(String name, int seconds, int bFrames) {
        Path file = folder.resolve(name);
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=640x360:r=30",
                "-f",
                "lavfi",
                "-i",
                "sine=f=440:r=44100",
                "-t",
                Integer.toString(seconds),
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-g",
                "30",
                "-bf",
                Integer.toString(bFrames),
                "-c:a",
                "aac",
                "-f",
                "flv",
                file.toString());
        return file;
    }
}
