package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.settings.SettingsException;

/// The scripts of the recording page as they are shipped: what the hook logs, and what the tool exits with.
@Timeout(60)
class MultiHookScriptTest {
    private static final Path HOOK = Path.of("bin/on_multiple_record_hook.sh");
    private static final Path TOOL = Path.of("tools/offline_mixer_tool.sh");
    private static final String STAMP = "\\[\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}] ";

    @TempDir
    Path dir;

    private int run(Path script, List<String> environment, String... arguments) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of("env"));
        command.addAll(environment);
        command.add("bash");
        command.add(script.toString());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve("out").toFile())
                .start();
        if (!process.waitFor(50, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(script + " hangs");
        }
        return process.exitValue();
    }

    /// A mixer that notes its arguments and exits with this.
    private Path mixer(int exitCode) throws IOException {
        return Files.writeString(
                dir.resolve("mixer-" + exitCode),
                "printf '%s\\n' \"$@\" > " + dir.resolve("arguments") + "\necho loud\nexit " + exitCode + "\n");
    }

    private List<String> hook(int exitCode, String... environment) throws Exception {
        Path log = dir.resolve("logs").resolve("multi-record.log");
        Files.deleteIfExists(log);
        List<String> all = new java.util.ArrayList<>(List.of(environment));
        all.add("MULTI_RECORD_LOG=" + log);
        all.add("MIXER_TOOL=" + mixer(exitCode));
        assertEquals(
                exitCode == 71 ? 0 : exitCode,
                run(HOOK, all, "/records/a b.mp4", "3724973476", "44061", "multi-recorder://room-bacelf"));
        assertEquals(
                List.of("/records/a b.mp4", "3724973476", "44061", "multi-recorder://room-bacelf"),
                Files.readAllLines(dir.resolve("arguments")));
        return Files.readAllLines(log);
    }

    private static void assertLines(List<String> lines, String... patterns) {
        assertEquals(patterns.length, lines.size(), lines.toString());
        for (int i = 0; i < patterns.length; i++) {
            assertTrue(lines.get(i).matches(patterns[i]), lines.get(i));
        }
    }

    @Test
    void theHookLogsAsThePageSays() throws Exception {
        String start = STAMP + "Start mixing multiple recording file /records/a b\\.mp4";
        String done = STAMP + "Multiple recording file /records/a b\\.mp4 is mixed successfully";
        assertLines(hook(0), start, done);
        assertLines(hook(0, "LOGGER_ENABLED=true"), start, "loud", done);
        assertLines(hook(64), start, "ERROR: File to mix not found");
        assertLines(hook(65), start, "ERROR: Offline mixer config not found");
        assertLines(hook(71), start, STAMP + "Multiple recording file /records/a b\\.mp4 is being mixed already");
        assertLines(hook(3), start, "ERROR: Offline mixer tool error code: 3");
    }

    @Test
    void withoutAFileTheToolSaysHowItIsUsed() throws Exception {
        assertEquals(64, run(TOOL, List.of()));
        assertTrue(Files.readString(dir.resolve("out")).contains("--show-tracks-info FILE"));
        assertEquals(0, run(TOOL, List.of(), "--help"));
        assertTrue(Files.readString(dir.resolve("out")).contains("Exit codes: 64"));
    }

    @Test
    void theToolExitsWith64And65() throws Exception {
        Path recording = Files.createFile(dir.resolve("recording.mp4"));
        assertEquals(64, run(TOOL, List.of(), dir.resolve("none.mp4").toString()));
        assertEquals(
                64,
                run(
                        TOOL,
                        List.of(),
                        "--show-tracks-info",
                        dir.resolve("none.mp4").toString()));
        // Where nobody has put a configuration.
        Path tools = Files.createDirectories(dir.resolve("elsewhere").resolve("tools"));
        Path copy = Files.copy(TOOL, tools.resolve("offline_mixer_tool.sh"));
        assertEquals(65, run(copy, List.of(), recording.toString()));
    }

    /// `on_multiple_record_hook_script=on_multiple_record_hook.sh`, and by default.
    @Test
    void aScriptIsFoundByTheNameThatThePageGivesIt() throws Exception {
        Path hook = HOOK.toAbsolutePath();
        String key = "on_multiple_record_hook_script";
        assertEquals(
                Optional.of(hook),
                TestStudio.settings(dir, key + "=" + HOOK.getFileName()).hooks().onMultiple());
        assertEquals(
                Optional.of(hook),
                TestStudio.settings(dir, key + "=" + HOOK).hooks().onMultiple());
        assertThrows(SettingsException.class, () -> TestStudio.settings(dir, key + "=nobody.sh"));
    }
}
