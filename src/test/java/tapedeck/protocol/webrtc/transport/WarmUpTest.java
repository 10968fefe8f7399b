package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `webrtc_pre_init`: what the first session of a process would have to load is there already.
@Timeout(120)
class WarmUpTest {
    private static final int DEADLINE_SECONDS = 60;

    @TempDir
    Path folder;

    /// DTLS and SRTP: what is loaded of them from the first session on.
    private record Loaded(List<String> byFirst, List<String> bySecond) {}

    private Loaded trial(String how) throws Exception {
        Path log = folder.resolve(how + ".log");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Xlog:class+load:file=" + log + ":none",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WarmTrial.class.getName(),
                        how)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(how + ".out").toFile())
                .start();
        try {
            assertTrue(child.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), how + " ended");
            assertEquals(0, child.exitValue(), Files.readString(folder.resolve(how + ".out")));
        } finally {
            child.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(log);
        int begins = position(lines, "FirstBegins");
        int first = position(lines, "FirstIsDone");
        return new Loaded(
                ours(lines.subList(begins, first)), ours(lines.subList(first, position(lines, "SecondIsDone"))));
    }

    private static int position(List<String> lines, String marker) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains("WarmTrial$" + marker)) {
                return i;
            }
        }
        throw new AssertionError(marker + " was not loaded");
    }

    private static List<String> ours(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("org.bouncycastle.")
                        || line.startsWith("tapedeck.rtp.srtp.")
                        || line.startsWith("com.sun.crypto."))
                .map(line -> line.split(" ", 2)[0])
                .toList();
    }

    @Test
    void theFirstSessionLoadsNoMoreThanTheSecond() throws Exception {
        Loaded cold = trial("cold");
        Loaded warm = trial("warm");
        assertTrue(cold.byFirst().size() > 100, "the trial sees what is loaded: " + cold);
        assertEquals(warm.bySecond(), warm.byFirst());
    }
}
