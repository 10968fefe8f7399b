package tapedeck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tapedeck.peers.Ffmpeg;

/// `./run mix`: the exit codes of the recording page, and that it works as it is shipped.
@Tag("peer")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MixCommandTest {
    private static final String SHIPPED =
            Path.of("conf", "offline_mixer.json").toAbsolutePath().toString();

    @TempDir
    private Path folder;

    private static int run(String... arguments) {
        return new CommandLine(new MixCommand()).execute(arguments);
    }

    private String config(String json) throws Exception {
        return Files.writeString(folder.resolve("mixer.json"), json).toString();
    }

    private Path recording() {
        Path file = folder.resolve("room.mp4");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=320x180:r=30:d=1",
                "-f",
                "lavfi",
                "-i",
                "sine=d=1",
                "-c:v",
                "libx264",
                "-c:a",
                "aac",
                file.toString());
        return file;
    }

    @Test
    void aFileThatIsNotThereIs64() {
        assertEquals(64, run(folder.resolve("none.mp4").toString(), "--config", SHIPPED));
    }

    @Test
    void aConfigurationThatIsNotThereIs65() throws Exception {
        Path file = Files.write(folder.resolve("room.mp4"), new byte[10]);
        assertEquals(
                65, run(file.toString(), "--config", folder.resolve("none.json").toString()));
    }

    @Test
    void eachOtherReasonHasItsOwnCodeAndLeavesNothing() throws Exception {
        Path file = Files.write(folder.resolve("room.mp4"), new byte[1000]);
        assertEquals(66, run(file.toString(), "--config", config("{\"fps\": 1000}")));
        assertEquals(66, run(file.toString(), "--config", config("{\"layout\": ")));
        assertEquals(67, run(file.toString(), "--config", config("{}")));
        Path good = recording();
        byte[] before = Files.readAllBytes(good);
        assertEquals(67, run(good.toString(), "--config", config("{\"hasVideo\": false, \"hasAudio\": \"false\"}")));
        assertEquals(68, run(good.toString(), "--config", config("{\"minAvailableSpace\": \"900000G\"}")));
        assertArrayEquals(before, Files.readAllBytes(good));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void theShippedConfigurationMakesAFileBesideTheOther() {
        Path file = recording();
        assertEquals(0, run(file.toString(), "3724973476", "1000", "multi-recorder://room", "--config", SHIPPED));
        Path mixed = folder.resolve("room_mixed.mp4");
        assertTrue(Files.exists(mixed));
        assertEquals("", Ffmpeg.decodeErrors(mixed));
    }

    @Test
    void withoutPicturesOrWithoutSoundThereIsTheOther() throws Exception {
        Path file = recording();
        Path mixed = folder.resolve("room_mixed.mp4");
        assertEquals(0, run(file.toString(), "--config", config("{\"hasVideo\": \"false\"}")));
        assertEquals("audio", kinds(mixed));
        assertEquals(0, run(file.toString(), "--config", config("{\"hasAudio\": \"false\"}")));
        assertEquals("video", kinds(mixed));
    }

    private static String kinds(Path file) {
        return Ffmpeg.ffprobe("-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", file.toString())
                .text()
                .strip();
    }
}
