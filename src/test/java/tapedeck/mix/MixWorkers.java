package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The processes that mix for this one, and what is done to them and to others from outside.
final class MixWorkers {
    private MixWorkers() {}

    static List<ProcessHandle> all() {
        return ProcessHandle.current()
                .descendants()
                .filter(MixWorkers::isWorker)
                .toList();
    }

    /// The class path makes their command line longer than [ProcessHandle.Info] shows.
    private static boolean isWorker(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", "" + process.pid(), "cmdline"))
                    .contains(MixWorker.class.getName());
        } catch (IOException _) {
            return false;
        }
    }

    static void signal(long pid, String signal) throws Exception {
        assertEquals(
                0, new ProcessBuilder("kill", "-" + signal, "" + pid).start().waitFor());
    }
}
