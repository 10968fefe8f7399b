package tapedeck.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The programs of one test: what they say is in one log, and none of them outlives the test.
public final class Programs implements AutoCloseable {
    private final Path log;
    private final List<Process> started = new ArrayList<>();

    /// @param folder of the log
    public Programs(Path folder) {
        log = folder.resolve("log");
    }

    public Process start(String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        started.add(process);
        return process;
    }

    /// What they have said so far.
    public String log() throws IOException {
        return Files.readString(log);
    }

    @Override
    public void close() {
        started.forEach(Programs::end);
    }

    /// With what it started: one that runs as somebody else, or under `timeout`, is a child of who made it so.
    public static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
    }
}
