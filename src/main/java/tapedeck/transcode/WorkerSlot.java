package tapedeck.transcode;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
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
    /// Of a worker; it holds only messages.
    private static final int HEAP_MEGABYTES = 64;

    private static final long WATCH_NANOS = AacRendition.SLOW_NANOS / 2;
    private static final Logger log = LoggerFactory.getLogger(WorkerSlot.class);

    private final Transcodes owner;
    private final String name;
    private final List<String> command;

    // Guarded by this.
    private final Set<AacRendition> renditions = new LinkedHashSet<>();
    private final Deque<Job> asked = new ArrayDeque<>();
    private @Nullable WorkerProcess worker;
    private int generation;
    private boolean ready;
    private boolean watched;
    private boolean closed;
    private int failedStarts;
    private long lastSignNanos;

    WorkerSlot(Transcodes owner, String name, List<String> command) {
        this.owner = owner;
        this.name = name;
        this.command = List.copyOf(command);
    }

    static List<String> command() {
        return WorkerProcess.command(TranscodeWorker.class, HEAP_MEGABYTES);
    }

    /// By which it is judged how long answers take.
    long nanoTime() {
        return owner.nanoTime();
    }

    synchronized int streams() {
        return renditions.size();
    }

    synchronized OptionalLong pid() {
        return worker == null || !worker.isAlive() ? OptionalLong.empty() : OptionalLong.of(worker.pid());
    }

    synchronized AacRendition begin(int id, Track track, Settings.Aac settings, Runnable wake) {
        AacRendition rendition = new AacRendition(this, id, track, settings, wake);
        renditions.add(rendition);
        return rendition;
    }

    synchronized void forget(AacRendition rendition) {
        renditions.remove(rendition);
        WorkerProcess to = worker;
        if (to != null && ready && rendition.openedIn(generation)) {
            to.send(Wire.write(new Entry.Batch(rendition.id(), List.of())));
        }
    }

    synchronized void submit(Job job) {
        if (closed) {
            return;
        }
        asked.add(job);
        WorkerProcess to = worker;
        if (to == null) {
            start();
        } else if (ready) {
            ask(to, job);
        }
        watch();
    }

    private void ask(WorkerProcess to, Job job) {
        if (asked.peek() == job) {
            lastSignNanos = System.nanoTime();
        }
        to.send(Wire.write(job.rendition.batch(job, generation)));
    }

    private void start() {
        generation++;
        ready = false;
        lastSignNanos = System.nanoTime();
        try {
            worker = new WorkerProcess(name, command, new Ears(generation));
        } catch (IOException e) {
            failedStarts = MAX_FAILED_STARTS;
            // Not from here: whoever asks holds the lock, and perhaps others.
            owner.later(() -> giveUp(e.toString()), 0);
        }
    }

    /// What is heard of one worker.
    private final class Ears implements WorkerProcess.Listener {
        private final int born;

        Ears(int born) {
            this.born = born;
        }

        @Override
        public void message(Bytes message) {
            if (message.equals(Wire.READY)) {
                readied();
            } else {
                answered(Wire.readAnswer(message)).run();
            }
        }

        @Override
        public void died(String lastWords) {
            WorkerSlot.this.died(born, lastWords);
        }
    }

    private synchronized void readied() {
        WorkerProcess to = worker;
        if (to == null) {
            return;
        }
        ready = true;
        owner.tried();
        failedStarts = 0;
        lastSignNanos = System.nanoTime();
        asked.removeIf(job -> job.rendition.isClosed());
        for (Job job : asked) {
            ask(to, job);
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
    private void died(int born, String lastWords) {
        List<AacRendition> failed = List.of();
        synchronized (this) {
            if (worker == null || generation != born) {
                return;
            }
            worker = null;
            if (closed) {
                return;
            }
            if (ready) {
                owner.crashed();
                Job over = asked.peek();
                log.warn(
                        "{}: the worker died{}{}",
                        name,
                        over == null ? "" : ", another one goes on",
                        lastWords.isEmpty() ? "" : ": " + lastWords);
                if (over != null) {
                    over.rendition.died(over);
                }
            } else {
                failedStarts++;
            }
            ready = false;
            if (failedStarts >= MAX_FAILED_STARTS) {
                failed = failAll(lastWords);
            } else if (!asked.isEmpty()) {
                start();
            }
        }
        failed.forEach(AacRendition::wake);
    }

    private void giveUp(String why) {
        List<AacRendition> failed;
        synchronized (this) {
            failed = failAll(why);
        }
        failed.forEach(AacRendition::wake);
    }

    private List<AacRendition> failAll(String why) {
        owner.unavailable(why.isEmpty() ? "it ends at once" : why);
        failedStarts = 0;
        asked.clear();
        List<AacRendition> failed = new ArrayList<>(renditions);
        renditions.clear();
        failed.forEach(AacRendition::fail);
        return failed;
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
            WorkerProcess running = worker;
            if (closed || asked.isEmpty() || running == null) {
                return;
            }
            long now = System.nanoTime();
            if (now - lastSignNanos > (ready ? STUCK_NANOS : START_NANOS)) {
                log.warn("{}: the worker is stuck", name);
                running.kill();
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
        if (worker == null && !closed) {
            start();
        }
    }

    /// Whether workers are known to run on this machine.
    boolean isTried() {
        return owner.isTried();
    }

    void close() {
        WorkerProcess last;
        synchronized (this) {
            closed = true;
            asked.clear();
            last = worker;
        }
        if (last != null) {
            last.close();
        }
    }
}
