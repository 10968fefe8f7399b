package tapedeck.transcode;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Track;
import tapedeck.settings.Settings;

/// The place of one worker process, which is filled again when it dies: what was not answered is asked again, and the
/// batch over which it died only once more. Nobody who asks ever waits.
final class WorkerSlot {
    /// A worker that answers nothing for so long is stuck.
    static final long STUCK_NANOS = Duration.ofSeconds(5).toNanos();
    /// A worker that is not ready by then never is.
    static final long START_NANOS = Duration.ofSeconds(30).toNanos();
    /// Workers that died before they were ready, one after the other.
    static final int MAX_FAILED_STARTS = 2;
    /// Lines of a worker's standard error that are logged.
    static final int MAX_LOGGED_LINES = 20;

    private static final long WATCH_NANOS = AacRendition.SLOW_NANOS / 2;
    private static final int BUFFER_BYTES = 1 << 16;
    private static final Logger log = LoggerFactory.getLogger(WorkerSlot.class);

    private final Transcodes owner;
    private final String name;
    private final List<String> command;

    // Guarded by this.
    private final Set<AacRendition> renditions = new LinkedHashSet<>();
    private final Deque<Job> asked = new ArrayDeque<>();
    private @Nullable Process process;
    private BlockingQueue<Bytes> outbox = new LinkedBlockingQueue<>();
    private int generation;
    private boolean ready;
    private boolean watched;
    private boolean closed;
    private int failedStarts;
    private String lastWords = "";
    private long lastSignNanos;

    WorkerSlot(Transcodes owner, String name, List<String> command) {
        this.owner = owner;
        this.name = name;
        this.command = List.copyOf(command);
    }

    /// A JVM with what a worker needs: its heap holds only messages, and its few methods are soon compiled.
    static List<String> command() {
        return List.of(
                java(),
                "-Xms16m",
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.nopointergc=true",
                "-cp",
                System.getProperty("java.class.path"),
                TranscodeWorker.class.getName());
    }

    private static String java() {
        return System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
    }

    /// By which it is judged how long answers take.
    long nanoTime() {
        return owner.nanoTime();
    }

    synchronized int streams() {
        return renditions.size();
    }

    synchronized OptionalLong pid() {
        return process == null || !process.isAlive() ? OptionalLong.empty() : OptionalLong.of(process.pid());
    }

    synchronized AacRendition begin(int id, Track track, Settings.Aac settings, Runnable wake) {
        AacRendition rendition = new AacRendition(this, id, track, settings, wake);
        renditions.add(rendition);
        return rendition;
    }

    synchronized void forget(AacRendition rendition) {
        renditions.remove(rendition);
        if (ready && rendition.openedIn(generation)) {
            outbox.add(Wire.write(new Entry.Batch(rendition.id(), List.of())));
        }
    }

    synchronized void submit(Job job) {
        if (closed) {
            return;
        }
        asked.add(job);
        if (process == null) {
            start();
        } else if (ready) {
            ask(job);
        }
        watch();
    }

    private void ask(Job job) {
        if (asked.peek() == job) {
            lastSignNanos = System.nanoTime();
        }
        outbox.add(Wire.write(job.rendition.batch(job, generation)));
    }

    private void start() {
        generation++;
        ready = false;
        lastWords = "";
        lastSignNanos = System.nanoTime();
        outbox = new LinkedBlockingQueue<>();
        try {
            Process started = new ProcessBuilder(command).start();
            process = started;
            BlockingQueue<Bytes> queue = outbox;
            thread("-out", () -> pump(started, queue));
            int born = generation;
            thread("-in", () -> read(started, born));
            thread("-err", () -> listen(started, born));
        } catch (IOException e) {
            lastWords = e.toString();
            failedStarts = MAX_FAILED_STARTS;
            // Not from here: whoever asks holds the lock, and perhaps others.
            owner.later(this::giveUp, 0);
        }
    }

    private void thread(String role, Runnable task) {
        Thread thread = new Thread(task, name + role);
        thread.setDaemon(true);
        thread.start();
    }

    private static void pump(Process to, BlockingQueue<Bytes> queue) {
        try (OutputStream out = new BufferedOutputStream(to.getOutputStream(), BUFFER_BYTES)) {
            while (to.isAlive()) {
                Bytes message = queue.take();
                if (message.isEmpty()) {
                    return;
                }
                Wire.send(out, message);
                if (queue.isEmpty()) {
                    out.flush();
                }
            }
        } catch (IOException _) {
            // It died: the reading side knows.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void read(Process from, int born) {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(from.getInputStream(), BUFFER_BYTES))) {
            Bytes message;
            while ((message = Wire.receive(in)) != null) {
                if (message.equals(Wire.READY)) {
                    readied();
                } else {
                    Runnable wake = answered(Wire.readAnswer(message));
                    wake.run();
                }
            }
        } catch (IOException | MalformedException e) {
            log.debug("{}: {}", name, e.toString());
        } finally {
            from.destroyForcibly();
            died(born);
        }
    }

    private synchronized void readied() {
        ready = true;
        owner.tried();
        failedStarts = 0;
        lastSignNanos = System.nanoTime();
        asked.removeIf(job -> job.rendition.isClosed());
        for (Job job : asked) {
            ask(job);
        }
    }

    private synchronized Runnable answered(Entry.Answer answer) {
        Job job = asked.poll();
        if (job == null || job.rendition.id() != answer.stream()) {
            throw new MalformedException(
                    "transcode: an answer for stream %d that nobody waits for".formatted(answer.stream()));
        }
        lastSignNanos = System.nanoTime();
        owner.damaged(answer.damaged());
        if (job.rendition.isClosed()) {
            return () -> {};
        }
        job.rendition.answered(job, answer);
        return job.rendition::wake;
    }

    /// A worker is gone: another one goes on, if there is something to do.
    private void died(int born) {
        List<AacRendition> failed = List.of();
        synchronized (this) {
            if (process == null || generation != born) {
                return;
            }
            outbox.add(Bytes.EMPTY);
            process = null;
            if (closed) {
                return;
            }
            if (ready) {
                owner.crashed();
                Job over = asked.peek();
                log.warn("{}: the worker died{}{}", name, over == null ? "" : ", another one goes on", words());
                if (over != null) {
                    over.rendition.died(over);
                }
            } else {
                failedStarts++;
            }
            ready = false;
            if (failedStarts >= MAX_FAILED_STARTS) {
                failed = failAll();
            } else if (!asked.isEmpty()) {
                start();
            }
        }
        failed.forEach(AacRendition::wake);
    }

    private String words() {
        return lastWords.isEmpty() ? "" : ": " + lastWords;
    }

    private void giveUp() {
        List<AacRendition> failed;
        synchronized (this) {
            failed = failAll();
        }
        failed.forEach(AacRendition::wake);
    }

    private List<AacRendition> failAll() {
        owner.unavailable(lastWords.isEmpty() ? "it ends at once" : lastWords);
        failedStarts = 0;
        asked.clear();
        List<AacRendition> failed = new ArrayList<>(renditions);
        renditions.clear();
        failed.forEach(AacRendition::fail);
        return failed;
    }

    /// What a worker says goes to the log, but not without end.
    private void listen(Process from, int born) {
        int lines = 0;
        try (BufferedReader in = from.errorReader(StandardCharsets.UTF_8)) {
            String line;
            while ((line = in.readLine()) != null) {
                if (lines++ < MAX_LOGGED_LINES) {
                    log.info("{}: {}", name, line);
                    note(born, line);
                }
            }
        } catch (IOException e) {
            log.debug("{}: {}", name, e.toString());
        }
    }

    private synchronized void note(int born, String line) {
        if (generation == born && !line.isBlank()) {
            lastWords = line.strip();
        }
    }

    private void watch() {
        if (!watched) {
            watched = true;
            owner.later(this::check, WATCH_NANOS);
        }
    }

    private void check() {
        Set<AacRendition> slow = new LinkedHashSet<>();
        synchronized (this) {
            watched = false;
            Process running = process;
            if (closed || asked.isEmpty() || running == null) {
                return;
            }
            long now = System.nanoTime();
            if (now - lastSignNanos > (ready ? STUCK_NANOS : START_NANOS)) {
                log.warn("{}: the worker is stuck", name);
                running.destroyForcibly();
            }
            for (Job job : asked) {
                if (!job.rendition.isClosed() && job.rendition.slow(nanoTime())) {
                    slow.add(job.rendition);
                }
            }
            watch();
        }
        slow.forEach(AacRendition::wake);
    }

    /// Starts its worker before it is needed.
    synchronized void warmUp() {
        if (process == null && !closed) {
            start();
        }
    }

    /// Whether workers are known to run on this machine.
    boolean isTried() {
        return owner.isTried();
    }

    synchronized void close() {
        closed = true;
        asked.clear();
        if (process != null) {
            // Its standard input ends, and so does it.
            outbox.add(Bytes.EMPTY);
            process.destroy();
        }
    }
}
