package tapedeck.transcode;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A process of our own in which native code runs, and the messages to and from it. One that died is gone: whoever
/// started it decides whether another one goes on.
public final class WorkerProcess implements AutoCloseable {
    /// Lines of a worker's standard error that are logged.
    static final int MAX_LOGGED_LINES = 20;

    /// A killed process is gone sooner.
    private static final long END_SECONDS = 5;

    private static final int BUFFER_BYTES = 1 << 16;
    private static final Logger log = LoggerFactory.getLogger(WorkerProcess.class);

    private final String name;
    private final Listener listener;
    private final Process process;
    private final Thread errors;
    private final BlockingQueue<Bytes> outbox = new LinkedBlockingQueue<>();
    private volatile String lastWords = "";
    private volatile boolean closed;

    /// Who hears of it, on a thread of the worker's.
    public interface Listener {
        /// @throws MalformedException the worker is ended for it
        void message(Bytes message);

        /// It is gone, and was not asked to go; nothing follows.
        ///
        /// @param lastWords the last line of its standard error, or empty
        void died(String lastWords);
    }

    /// Starts it.
    ///
    /// @param command of [#command(Class, int, String...)]
    public WorkerProcess(String name, List<String> command, Listener listener) throws IOException {
        this.name = name;
        this.listener = listener;
        process = new ProcessBuilder(command).start();
        thread("-out", this::pump);
        errors = thread("-err", this::listen);
        thread("-in", this::read);
    }

    /// A JVM with what a worker needs: its heap holds only messages, and its few methods are soon compiled.
    ///
    /// @param main whose `main` hands over to [WorkerLine#serve]
    /// @param options of the JVM, which count more than those here
    public static List<String> command(Class<?> main, int heapMegabytes, String... options) {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xms16m",
                "-Xmx%dm".formatted(heapMegabytes),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.awt.headless=true",
                "-Dorg.bytedeco.javacpp.nopointergc=true"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        return command;
    }

    private Thread thread(String role, Runnable task) {
        Thread thread = new Thread(task, name + role);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /// Never waits.
    public void send(Bytes message) {
        outbox.add(message);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    public long pid() {
        return process.pid();
    }

    private void pump() {
        try (OutputStream out = new BufferedOutputStream(process.getOutputStream(), BUFFER_BYTES)) {
            while (true) {
                Bytes message = outbox.take();
                if (message.isEmpty()) {
                    return;
                }
                Wire.send(out, message);
                if (outbox.isEmpty()) {
                    out.flush();
                }
            }
        } catch (IOException _) {
            // It died: the reading side knows.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(process.getInputStream(), BUFFER_BYTES))) {
            Bytes message;
            while ((message = Wire.receive(in)) != null) {
                listener.message(message);
            }
        } catch (IOException | MalformedException e) {
            log.debug("{}: {}", name, e.toString());
        } finally {
            process.destroyForcibly();
            outbox.add(Bytes.EMPTY);
            awaitLastWords();
            if (!closed) {
                listener.died(lastWords);
            }
        }
    }

    /// They come by another way than its answers, and may come later.
    private void awaitLastWords() {
        try {
            errors.join(TimeUnit.SECONDS.toMillis(END_SECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// What a worker says goes to the log, but not without end.
    private void listen() {
        int lines = 0;
        try (BufferedReader in = process.errorReader(StandardCharsets.UTF_8)) {
            String line;
            while ((line = in.readLine()) != null) {
                if (lines++ < MAX_LOGGED_LINES && !line.isBlank()) {
                    log.info("{}: {}", name, line);
                    lastWords = line.strip();
                }
            }
        } catch (IOException e) {
            log.debug("{}: {}", name, e.toString());
        }
    }

    /// Ends it as if it had crashed: the listener hears of it.
    void kill() {
        process.destroyForcibly();
    }

    /// Ends it at once, and waits until it is gone.
    @Override
    public void close() {
        closed = true;
        outbox.add(Bytes.EMPTY);
        try {
            process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
