package tapedeck.mix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.database.Database;
import tapedeck.database.DatabaseException;
import tapedeck.mix.MixFailedException.Reason;

/// The queue of what is to be mixed: kept in the database, so that a restart loses nothing, and worked off with one mix
/// a core. What a dead worker or a dead server interrupted begins anew, but not for ever.
public final class MixJobs implements AutoCloseable {
    static final int MAX_ATTEMPTS = 3;
    /// More than that wait for nothing.
    static final int MAX_WAITING = 1000;
    /// Of those that are over, so many are remembered.
    static final int KEPT = 200;

    static final int ALL_PERCENT = 100;
    /// How long until a database that is away is asked again.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(MixJobs.class);

    private final Database database;
    private final JobTable table;
    private final Path configuration;
    private final IgnoredKeys ignored;
    private final EncoderCheck encoders;
    private final int cores;
    private final Map<String, Integer> percents = new ConcurrentHashMap<>();
    private final Thread dispatcher;
    // Guarded by this.
    private final Map<String, Thread> mixing = new HashMap<>();
    private final Set<String> cancelled = new HashSet<>();
    private int busyCores;
    private boolean asked;
    private boolean closed;

    /// @param configuration `conf/offline_mixer.json`, read for every mix; without the file, all has its default
    /// @param cores how many mixes run at once; one with `multithreading` has all of them
    public MixJobs(Database database, Path configuration, EncoderCheck encoders, int cores) {
        this.database = database;
        this.table = new JobTable(database.node());
        this.configuration = configuration;
        ignored = new IgnoredKeys(configuration);
        this.encoders = encoders;
        this.cores = cores;
        dispatcher = Thread.ofVirtual().name("mix-jobs").start(this::dispatch);
    }

    /// Puts a file into the queue.
    ///
    /// @return nothing if it waits or is being mixed already, or if too many wait
    /// @throws QueueAwayException also while the database is not open yet
    public Optional<MixJob> add(MixCallback.Recording recording) throws QueueAwayException {
        if (recording.uri().length() > JobTable.URI_CHARACTERS) {
            throw new MalformedException(
                    "the recorder's uri has more than %d characters".formatted(JobTable.URI_CHARACTERS));
        }
        MixJob job = MixJob.of(
                UUID.randomUUID().toString(),
                new MixCallback.Recording(
                        recording.file().toAbsolutePath(),
                        recording.creationTime(),
                        recording.durationMillis(),
                        recording.uri()),
                System.currentTimeMillis());
        synchronized (this) {
            List<MixJob> open = all().stream().filter(one -> !one.isOver()).toList();
            if (open.size() >= MAX_WAITING
                    || open.stream().anyMatch(one -> one.file().equals(job.file()))) {
                return Optional.empty();
            }
            try {
                database.change(handle -> table.insert(handle, job) + table.forget(handle, KEPT));
            } catch (DatabaseException e) {
                throw new QueueAwayException(e);
            }
            wake();
        }
        return Optional.of(job);
    }

    /// The youngest first.
    ///
    /// @throws QueueAwayException also while the database is not open yet
    public List<MixJob> all() throws QueueAwayException {
        try {
            return database.ask(table::all).stream()
                    .map(job -> job.state() == MixJob.State.RUNNING ? job.at(percents.getOrDefault(job.id(), 0)) : job)
                    .toList();
        } catch (DatabaseException e) {
            throw new QueueAwayException(e);
        }
    }

    /// Takes a job out of the queue, or ends it; nothing is left of its mix.
    ///
    /// @return false if there is none that waits or runs
    /// @throws QueueAwayException also while the database is not open yet
    public synchronized boolean cancel(String id) throws QueueAwayException {
        if (all().stream().noneMatch(job -> job.id().equals(id) && !job.isOver())) {
            return false;
        }
        cancelled.add(id);
        Thread thread = mixing.get(id);
        if (thread != null) {
            thread.interrupt();
            return true;
        }
        try {
            end(id, MixJob.State.CANCELLED, "", 0, "");
        } catch (DatabaseException e) {
            throw new QueueAwayException(e);
        }
        return true;
    }

    private synchronized void wake() {
        asked = true;
        notifyAll();
    }

    private void dispatch() {
        try {
            while (!isClosed() && !revived()) {
                pause();
            }
            while (true) {
                synchronized (this) {
                    while (!closed && !(asked && busyCores < cores)) {
                        wait();
                    }
                    asked = false;
                }
                while (!isClosed() && beginNext()) {
                    // one after the other
                }
                if (isClosed()) {
                    return;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void pause() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (long left = PATIENCE.toMillis(); !closed && left > 0; ) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
    }

    private boolean revived() {
        try {
            database.open();
            database.change(table::revive);
            wake();
            return true;
        } catch (DatabaseException e) {
            log.debug("mixes wait: {}", e.getMessage());
            return false;
        }
    }

    /// @return whether another one may be begun at once
    private boolean beginNext() throws InterruptedException {
        try {
            Optional<MixJob> next = database.ask(table::next);
            if (next.isEmpty()) {
                return false;
            }
            MixJob job = next.get();
            MixSettings settings = settings(job);
            if (settings == null) {
                return true;
            }
            int needed = settings.multithreading() ? cores : 1;
            synchronized (this) {
                while (!closed && busyCores + needed > cores) {
                    wait();
                }
                if (closed || cancelled.contains(job.id())) {
                    return !closed;
                }
                database.change(handle -> table.begin(handle, job.id()));
                busyCores += needed;
                Thread.ofVirtual().name("mix-" + job.id()).start(() -> run(job, settings, needed));
            }
            return true;
        } catch (DatabaseException e) {
            log.warn("mixes wait: {}", e.getMessage());
            pause();
            return true;
        }
    }

    /// Null if it cannot be mixed like this, which is then said.
    private @Nullable MixSettings settings(MixJob job) throws DatabaseException {
        try {
            if (!Files.exists(configuration)) {
                return MixSettings.defaults();
            }
            MixSettings settings = MixSettings.read(configuration);
            encoders.require(settings);
            ignored.name(settings);
            return settings;
        } catch (IOException e) {
            refuse(job, configuration.getFileName() + ": " + FileTrouble.of(e));
        } catch (MixFailedException e) {
            refuse(job, String.valueOf(e.getMessage()));
        }
        return null;
    }

    private void refuse(MixJob job, String why) throws DatabaseException {
        log.warn("mix of {}: {}", job.file(), why);
        end(job.id(), MixJob.State.FAILED, "", Reason.SETTINGS.exitCode(), why);
    }

    private void run(MixJob job, MixSettings settings, int needed) {
        try {
            outcome(job, settings);
        } catch (DatabaseException e) {
            // It is still running there: it is mixed again after the next start.
            log.warn("mix of {}: its end is not written down: {}", job.file(), e.getMessage());
        } finally {
            synchronized (this) {
                busyCores -= needed;
                percents.remove(job.id());
                cancelled.remove(job.id());
                wake();
            }
        }
    }

    private void outcome(MixJob job, MixSettings settings) throws DatabaseException {
        try {
            interruptibly(job, settings);
        } catch (MixFailedException e) {
            boolean again = e.reason() == Reason.BROKEN && job.attempts() + 1 < MAX_ATTEMPTS;
            log.warn("mix of {}: {}{}", job.file(), e.getMessage(), again ? ", it is tried again" : "");
            end(
                    job.id(),
                    again ? MixJob.State.WAITING : MixJob.State.FAILED,
                    "",
                    again ? 0 : e.reason().exitCode(),
                    String.valueOf(e.getMessage()));
        } catch (InterruptedException _) {
            // By whoever does not want it any more, or by the end of the server: it begins anew after the next start.
            if (isUnwanted(job)) {
                end(job.id(), MixJob.State.CANCELLED, "", 0, "");
            }
        } catch (RuntimeException e) {
            log.error("mix of {}", job.file(), e);
            end(job.id(), MixJob.State.FAILED, "", Reason.BROKEN.exitCode(), "a bug: the server's log has it");
        }
    }

    private synchronized boolean isUnwanted(MixJob job) {
        return cancelled.contains(job.id());
    }

    /// Interrupts come only here: in the middle of a question to it, one would close an embedded database.
    private void interruptibly(MixJob job, MixSettings settings)
            throws DatabaseException, MixFailedException, InterruptedException {
        synchronized (this) {
            if (closed || cancelled.contains(job.id())) {
                throw new InterruptedException("not wanted any more");
            }
            mixing.put(job.id(), Thread.currentThread());
        }
        Mixed mixed;
        int exitCode = 0;
        String remark = "";
        try {
            mixed = OfflineMixer.mix(
                    job.recording().file(),
                    settings,
                    (written, duration) -> percents.put(job.id(), (int) (written * ALL_PERCENT / duration)));
            if (!mixed.whole()) {
                exitCode = Reason.NO_SPACE.exitCode();
                remark = "it ends early, because the disk is full";
            } else if (!settings.callbackUrl().isEmpty()
                    && !new MixCallback().tell(settings.callbackUrl(), job.recording(), mixed)) {
                exitCode = Reason.NOT_TOLD.exitCode();
                remark = "callbackUrl did not take it";
            }
        } finally {
            synchronized (this) {
                mixing.remove(job.id());
                boolean _ = Thread.interrupted();
            }
        }
        end(job.id(), MixJob.State.DONE, mixed.file().toString(), exitCode, remark);
        log.info("{} is mixed", job.file());
    }

    private void end(String id, MixJob.State state, String mixedFile, int exitCode, String message)
            throws DatabaseException {
        long now = System.currentTimeMillis();
        database.change(handle -> table.end(handle, id, state, now, mixedFile, exitCode, message));
    }

    /// Ends what runs; it begins anew with the next start.
    @Override
    public void close() {
        try {
            synchronized (this) {
                closed = true;
                mixing.values().forEach(Thread::interrupt);
                notifyAll();
                while (busyCores > 0) {
                    wait();
                }
            }
            dispatcher.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
