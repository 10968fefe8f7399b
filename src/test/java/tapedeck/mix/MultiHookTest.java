package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.MultiRecorderRest;
import tapedeck.peers.TestServer;

/// From the call to its mix, as the recording page tells it: a server records two streams into one file, starts
/// the script that is shipped, which runs the tool that is shipped, which mixes them beside the file.
@Tag("peer")
@Tag("realtime")
@Timeout(240)
class MultiHookTest {
    private static final String STAMP = "\\[\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}] ";
    private static final int MIX_FPS = 30;
    private static final int SECONDS = 6;
    /// 40 ms of sound, and a picture of the source and of the mix.
    private static final double TOGETHER_SECONDS = 0.040 + 1.0 / Flasher.FPS + 1.0 / MIX_FPS;

    @TempDir
    private Path folder;

    /// The scripts and settings as they are shipped; `run` starts the classes of this test instead of building a jar.
    private Path installation() throws Exception {
        Path home = folder.resolve("home");
        for (String file :
                List.of("bin/on_multiple_record_hook.sh", "tools/offline_mixer_tool.sh", "conf/offline_mixer.json")) {
            Files.createDirectories(home.resolve(file).getParent());
            Files.copy(Path.of(file), home.resolve(file));
        }
        Path run = Files.writeString(home.resolve("run"), """
                #!/usr/bin/env bash
                cd "$(dirname "${BASH_SOURCE[0]}")"
                exec '%s/bin/java' --enable-native-access=ALL-UNNAMED -cp '%s' tapedeck.Main "$@"
                """.formatted(
                        System.getProperty("java.home"), System.getProperty("java.class.path")));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxr-xr-x"));
        return home;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void aTerminatedRecorderIsMixedByTheScript(String container) throws Exception {
        Path home = installation();
        // In the data_dir of the server, wherever the scripts are.
        Path log = folder.resolve("data/logs/multi-record.log");
        try (TestServer server = new TestServer(
                folder.resolve("data"),
                "record_flash_published_streams=false",
                "multi_record_format=" + container,
                "on_multiple_record_hook_script=" + home.resolve("bin/on_multiple_record_hook.sh"))) {
            MultiRecorderRest recorder = new MultiRecorderRest(server, "multi-recorder://room-1");
            recorder.start();
            Process anna = Flasher.of("anna", 1000).publish(server, SECONDS);
            recorder.add("anna");
            Process boris = Flasher.of("boris", 2000).publish(server, SECONDS);
            recorder.add("boris");
            assertEquals(0, anna.waitFor());
            assertEquals(0, boris.waitFor());
            recorder.terminate();
            Path file = server.awaitRecording("multi-recorder__room-1." + container);
            byte[] recorded = Files.readAllBytes(file);
            Await.await("the script is done", () -> lines(log).size() >= 2);
            String name = Pattern.quote(file.toString());
            List<String> lines = lines(log);
            assertEquals(2, lines.size(), lines.toString());
            assertTrue(lines.get(0).matches(STAMP + "Start mixing multiple recording file " + name), lines.toString());
            assertTrue(
                    lines.get(1).matches(STAMP + "Multiple recording file " + name + " is mixed successfully"),
                    lines.toString());
            judge(file, file.resolveSibling("multi-recorder__room-1_mixed.mp4"));
            assertEquals(
                    -1, java.util.Arrays.mismatch(recorded, Files.readAllBytes(file)), "the recording is as it was");
        }
    }

    private static List<String> lines(Path log) {
        try {
            return Files.exists(log) ? Files.readAllLines(log) : List.of();
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void judge(Path recording, Path mix) {
        assertEquals("", Ffmpeg.decodeErrors(mix));
        assertEquals(seconds(recording), seconds(mix), 0.1);
        Look look = Look.at(mix, MIX_FPS);
        together(look.flashes(0.25, 0.5), look.beeps(1000));
        together(look.flashes(0.75, 0.5), look.beeps(2000));
    }

    private static double seconds(Path file) {
        return Double.parseDouble(
                Ffmpeg.ffprobe("-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file.toString())
                        .text()
                        .strip());
    }

    /// Each tile flashes with its own tone.
    private static void together(List<Double> flashes, List<Double> beeps) {
        // While one is alone his tile is the whole picture: some of those flashes are seen in the other's place, too.
        List<Double> own = flashes.stream()
                .filter(flash -> beeps.stream().anyMatch(beep -> Math.abs(beep - flash) <= TOGETHER_SECONDS))
                .toList();
        assertTrue(own.size() >= SECONDS - 2, "flashes %s, beeps %s".formatted(flashes, beeps));
        assertEquals(beeps.size(), own.size(), 1, "flashes %s, beeps %s".formatted(flashes, beeps));
    }
}
