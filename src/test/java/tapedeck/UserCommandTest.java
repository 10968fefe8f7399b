package tapedeck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `./run user` as a process of its own.
@Timeout(180)
class UserCommandTest {
    @TempDir
    private Path folder;

    private record Ended(int status, String said) {}

    private Ended run(String input, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "tapedeck.Main",
                "--config",
                "/dev/null",
                "--set",
                "auth_users=" + folder.resolve("users.properties"),
                "user"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return new Ended(process.exitValue(), said);
    }

    @Test
    void aUserIsWrittenWithAHashAndTakenOut() throws Exception {
        Path file = folder.resolve("users.properties");
        Ended written = run("wonderland\nmore\n", "alice");
        assertEquals(new Ended(0, "alice is in %s%n".formatted(file)), written);
        String line = Files.readString(file);
        assertTrue(line.startsWith("alice=pbkdf2-sha256$600000$"), line);
        assertFalse(line.contains("wonderland"));
        assertEquals(Main.EXIT_USAGE, run("short\n", "bob").status());
        assertEquals(Main.EXIT_USAGE, run("long enough\n", "b=b").status());
        assertEquals(line, Files.readString(file));
        assertEquals(0, run("", "alice", "--remove").status());
        assertEquals(Main.EXIT_FAILED, run("", "alice", "--remove").status());
        assertEquals("", Files.readString(file));
    }
}
