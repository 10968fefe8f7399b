package tapedeck;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
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

    private static final Pattern PROGRESS =
            Pattern.compile("\\r *(\\d+) % {2}\\d of 1 s, [0-9.]+ times as fast as it plays {3}");

    @TempDir
    private Path folder;

    private static int run(String... arguments) {
        return new CommandLine(new MixCommand()).execute(arguments);
    }

    private String config(String json) throws Exception {
        return Files.writeString(folder.resolve("mixer.json"), json).toString();
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
        Path good = OneSecond.in(folder, "room.mp4");
        byte[] before = Files.readAllBytes(good);
        assertEquals(67, run(good.toString(), "--config", config("{\"hasVideo\": false, \"hasAudio\": \"false\"}")));
        assertEquals(68, run(good.toString(), "--config", config("{\"minAvailableSpace\": \"900000G\"}")));
        assertArrayEquals(before, Files.readAllBytes(good));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void theShippedConfigurationMakesAFileBesideTheOther() throws Exception {
        Path file = OneSecond.in(folder, "room.mp4");
        assertEquals(0, run(file.toString(), "3724973476", "1000", "multi-recorder://room", "--config", SHIPPED));
        Path mixed = folder.resolve("room_mixed.mp4");
        assertTrue(Files.exists(mixed));
        assertEquals("", Ffmpeg.decodeErrors(mixed));
    }

    @Test
    void withoutPicturesOrWithoutSoundThereIsTheOther() throws Exception {
        Path file = OneSecond.in(folder, "room.mp4");
        Path mixed = folder.resolve("room_mixed.mp4");
        assertEquals(0, run(file.toString(), "--config", config("{\"hasVideo\": \"false\"}")));
        assertEquals("audio", kinds(mixed));
        assertEquals(0, run(file.toString(), "--config", config("{\"hasAudio\": \"false\"}")));
        assertEquals("video", kinds(mixed));
    }

    /// A line that is written over says how far it is; what is said next has a line of its own.
    @Test
    void onATerminalALineSaysHowFarItIs() throws Exception {
        Path file = OneSecond.in(folder, "room.mp4");
        String config = config("{}");
        String seen = said(List.of("script", "-qec", String.join(" ", command(file, config)), "/dev/null"));
        List<Integer> percents = PROGRESS.matcher(seen)
                .results()
                .map(shown -> Integer.valueOf(shown.group(1)))
                .toList();
        assertFalse(percents.isEmpty(), seen);
        assertEquals(percents.stream().sorted().toList(), percents);
        assertEquals(100, percents.getLast(), seen);
        Path mixed = folder.resolve("room_mixed.mp4");
        assertTrue(seen.endsWith("   \r\n" + mixed + "\r\n"), seen);
        assertEquals(mixed + "\n", said(command(file, config)), "nobody looks");
    }

    private static List<String> command(Path file, String config) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "tapedeck.Main",
                "mix",
                file.toString(),
                "--config",
                config);
    }

    private static String said(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    private static String kinds(Path file) {
        return Ffmpeg.ffprobe("-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", file.toString())
                .text()
                .strip();
    }
}
