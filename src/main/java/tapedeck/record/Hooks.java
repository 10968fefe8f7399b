package tapedeck.record;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts a script for each finished file: never through a shell, never on a media thread, a few at once, and each
/// for a limited time.
final class Hooks implements AutoCloseable {
    /// How many scripts run at once, unless the settings say otherwise; the others wait.
    static final int MAX_PARALLEL = 4;
    /// How long a script may run, unless the settings say otherwise. What takes longer belongs into a process of
    /// its own, started by the script.
    static final Duration DEADLINE = Duration.ofSeconds(10);
    /// How much of a script's output is kept; the rest is read and forgotten.
    static final int MAX_OUTPUT_BYTES = 64 << 10;

    private static final Logger log = LoggerFactory.getLogger(Hooks.class);
    private static final int LOGGED_OUTPUT_CHARACTERS = 200;
    private static final String OWN_SETTINGS = "TAPEDECK_";

    /// In the environment of a script and of all it starts, also of what leaves its process tree.
    private static final String MARK = "HOOK_RUN_ID";
    private static final int NO_STATUS = -1;

    /// How a script ended.
    ///
    /// @param exitStatus -1 if there was none
    /// @param problem what went wrong, else empty
    record Outcome(int exitStatus, String problem) {
        private static Outcome failed(String problem) {
            return new Outcome(NO_STATUS, problem);
        }
    }

    private final Optional<Path> script;
    private final Duration deadline;
    private final Semaphore turns;
    private final Phaser open = new Phaser(1);
    private volatile boolean closed;
    private volatile Map<String, String> server = Map.of();
    private final Map<String, String> told = new ConcurrentHashMap<>();

    Hooks(Optional<Path> script) {
        this(script, DEADLINE);
    }

    Hooks(Optional<Path> script, Duration deadline) {
        this(script, deadline, MAX_PARALLEL);
    }

    Hooks(Optional<Path> script, Duration deadline, int parallel) {
        this.turns = new Semaphore(parallel, true);
        this.script = script.map(Path::toAbsolutePath);
        this.deadline = deadline;
    }

    /// A claim that succeeds once: the process moves `from` to `to` and then becomes the script. Whenever the
    /// server dies, the file tells whether the script was started. The text for `sh` is fixed: names are arguments
    /// and are never read as commands.
    static List<String> once(Path from, Path to) {
        return List.of("/bin/sh", "-c", "mv -- \"$0\" \"$1\" && shift && exec \"$@\"", from.toString(), to.toString());
    }

    /// What scripts find in their environment from now on.
    void tell(String name, String value) {
        told.put(name, value);
    }

    /// How scripts reach the server from now on, in their environment.
    void reachable(URI url, Path tokenFile) {
        server = Map.of(
                "HOOK_SERVER_URL",
                url.toString(),
                "HOOK_SERVER_TOKEN_FILE",
                tokenFile.toAbsolutePath().toString());
    }

    boolean configured() {
        return script.isPresent();
    }

    /// Starts the script soon, on a thread of its own.
    ///
    /// @param claim what must succeed in the process before it becomes the script: [#once], or nothing
    /// @param started told the script's process as soon as it runs
    /// @param ended called when the script has ended or cannot be started; not if the server closes first
    void run(
            List<String> claim,
            List<String> arguments,
            Map<String, String> environment,
            LongConsumer started,
            Consumer<Outcome> ended) {
        open.register();
        Thread.ofVirtual().name("hook").start(() -> {
            try {
                turns.acquire();
                try {
                    Outcome outcome =
                            closed ? null : runNow(script.orElseThrow(), claim, arguments, environment, started);
                    if (outcome != null) {
                        ended.accept(outcome);
                    }
                } finally {
                    turns.release();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            } finally {
                open.arriveAndDeregister();
            }
        });
    }

    /// Null if no process could be had: it is tried at the next start of the server.
    private @Nullable Outcome runNow(
            Path path,
            List<String> claim,
            List<String> arguments,
            Map<String, String> environment,
            LongConsumer started)
            throws InterruptedException {
        if (!Files.isRegularFile(path) || !Files.isExecutable(path)) {
            log.warn("hook {}: cannot be started for {}: not an executable file", path, arguments);
            return Outcome.failed("not an executable file: " + path);
        }
        List<String> command = new ArrayList<>(claim);
        command.add(path.toString());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().keySet().removeIf(key -> key.startsWith(OWN_SETTINGS));
        builder.environment().putAll(told);
        builder.environment().putAll(server);
        builder.environment().putAll(environment);
        String mark = UUID.randomUUID().toString();
        builder.environment().put(MARK, mark);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            log.warn("hook {}: cannot be started for {}: {}", path, arguments, e.getMessage());
            return null;
        }
        started.accept(process.pid());
        BoundedOutput output = new BoundedOutput(process.getInputStream());
        Outcome outcome = new Outcome(0, "");
        if (!output.readUntilExit(process, deadline)) {
            log.warn("hook {}: killed after {} s for {}", path, deadline.toSeconds(), arguments);
            killTree(process, mark);
            outcome = Outcome.failed("killed after %d s".formatted(deadline.toSeconds()));
        } else if (process.exitValue() != 0) {
            log.warn("hook {}: exit code {} for {}: {}", path, process.exitValue(), arguments, output.lastLine());
            outcome = new Outcome(
                    process.exitValue(),
                    ("exit code " + process.exitValue() + ": " + output.lastLine()).replaceFirst(": $", ""));
        }
        // Frees the pipe also where a process that the script left behind still holds the other end.
        close(process.getInputStream());
        return outcome;
    }

    private static void killTree(Process process, String mark) throws InterruptedException {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        killMarked(mark);
        process.waitFor();
    }

    /// Kills what has left the tree: a daemon is nobody's descendant, but it keeps its environment. Twice, for a
    /// process may have been in the middle of a fork.
    private static void killMarked(String mark) {
        byte[] wanted = (MARK + "=" + mark).getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 2; round++) {
            ProcessHandle.allProcesses()
                    .filter(handle -> contains(environment(handle.pid()), wanted))
                    .forEach(ProcessHandle::destroyForcibly);
        }
    }

    /// proc(5); empty for a process of somebody else, or where there is no such folder.
    private static byte[] environment(long pid) {
        try {
            return Files.readAllBytes(Path.of("/proc", Long.toString(pid), "environ"));
        } catch (IOException _) {
            return new byte[0];
        }
    }

    private static boolean contains(byte[] bytes, byte[] wanted) {
        return new String(bytes, StandardCharsets.ISO_8859_1).contains(new String(wanted, StandardCharsets.ISO_8859_1));
    }

    private static void close(InputStream stream) {
        try {
            stream.close();
        } catch (IOException e) {
            log.debug("hook output", e);
        }
    }

    /// Waits until every script that was to run has ended; each has its deadline.
    void awaitAll() {
        open.awaitAdvance(open.arrive());
    }

    /// Starts no further script and waits for those that run.
    boolean close(Duration patience) {
        closed = true;
        int phase = open.arrive();
        try {
            open.awaitAdvanceInterruptibly(phase, patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        close(deadline);
    }

    /// What a script says, read without ever waiting in a read: a process that the script leaves behind can hold the
    /// pipe open for ever.
    private static final class BoundedOutput {
        private static final long POLL_MILLIS = 20;

        private final InputStream in;
        private final byte[] kept = new byte[MAX_OUTPUT_BYTES];
        private final byte[] chunk = new byte[MAX_OUTPUT_BYTES];
        private int length;

        BoundedOutput(InputStream in) {
            this.in = in;
        }

        /// False if the process still runs at the deadline.
        boolean readUntilExit(Process process, Duration deadline) throws InterruptedException {
            long endNanos = System.nanoTime() + deadline.toNanos();
            boolean exited = false;
            while (!exited) {
                if (System.nanoTime() - endNanos > 0) {
                    return false;
                }
                if (!read()) {
                    exited = process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
                }
            }
            read();
            return true;
        }

        /// False if there is nothing to read now.
        private boolean read() {
            try {
                int count = Math.min(in.available(), chunk.length);
                if (count == 0 || in.readNBytes(chunk, 0, count) == 0) {
                    return false;
                }
                int taken = Math.min(count, kept.length - length);
                System.arraycopy(chunk, 0, kept, length, taken);
                length += taken;
                return true;
            } catch (IOException e) {
                log.debug("hook output", e);
                return false;
            }
        }

        String lastLine() {
            String text = new String(kept, 0, length, StandardCharsets.UTF_8).strip();
            String line = text.substring(text.lastIndexOf('\n') + 1);
            return line.substring(0, Math.min(line.length(), LOGGED_OUTPUT_CHARACTERS));
        }
    }
}
