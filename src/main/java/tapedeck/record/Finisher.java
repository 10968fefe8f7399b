package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.Summary;
import tapedeck.record.FileEvent.Told;
import tapedeck.record.Journal.Ending;
import tapedeck.record.Journal.Placement;

/// Brings a growing file to its end: an ordinary file, its name, its folder, the hook. What runs when a recording
/// stops and what runs after a crash is the same; every step may be done again.
final class Finisher implements AutoCloseable {
    /// Few: finishing is short, and recordings that go on need the disk too.
    static final int THREADS = 2;
    /// When a full or broken disk is tried again.
    static final Duration RETRY_AFTER = Duration.ofSeconds(30);

    private static final Logger log = LoggerFactory.getLogger(Finisher.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long SECONDS_1904_TO_1970 = 2_082_844_800L;

    private final Journals journals;
    private final Destination single;
    private final Destination many;
    private final @Nullable Webhook webhook;
    private final IndexRoom indexRoom;
    private final Consumer<FileEvent> events;
    private final Consumer<FinishStep> steps;
    private final ScheduledThreadPoolExecutor threads;
    private final AtomicLong finishedFiles = new AtomicLong();
    private final AtomicLong failedFiles = new AtomicLong();
    /// One file on its way.
    private static final class Job {
        private Journal journal;
        private boolean refused;
        private boolean told;

        Job(Journal journal) {
            this.journal = journal;
        }
    }

    /// Where finished files go, and who is told there.
    ///
    /// @param folder absolute
    record Destination(Path folder, Hooks hooks, FileNames names) {
        Destination(Path folder, Hooks hooks) {
            this(folder.toAbsolutePath(), hooks, new FileNames(folder.toAbsolutePath()));
        }

        /// For files of many streams, perhaps in the same folder.
        Destination beside(Path other, Hooks itsHooks) {
            Path absolute = other.toAbsolutePath();
            return new Destination(
                    absolute,
                    itsHooks,
                    absolute.normalize().equals(folder.normalize()) ? names : new FileNames(absolute));
        }
    }

    /// @param single for the recording of one stream
    /// @param many for the recording of many
    /// @param events told what becomes of every file
    /// @param steps told of every step, on the thread that does it
    Finisher(
            Journals journals,
            Destination single,
            Destination many,
            @Nullable Webhook webhook,
            IndexRoom indexRoom,
            Consumer<FileEvent> events,
            Consumer<FinishStep> steps) {
        this.journals = journals;
        this.single = single;
        this.many = many;
        this.webhook = webhook;
        this.indexRoom = indexRoom;
        this.events = events;
        this.steps = steps;
        this.threads = new ScheduledThreadPoolExecutor(THREADS, task -> {
            Thread created = new Thread(task, "finisher");
            created.setDaemon(true);
            return created;
        });
        threads.setRejectedExecutionHandler((_, _) -> log.info("the rest is finished at the next start"));
    }

    private Destination destination(Journal journal) {
        return journal.origin().ofMany() ? many : single;
    }

    private FileNames names(Journal journal) {
        return destination(journal).names();
    }

    private Path folder(Journal journal) {
        return destination(journal).folder();
    }

    /// Holds the name that a file which begins will have, where nothing of it is known only at the end.
    Journal reserveName(Journal journal) {
        if (!journal.naming().isComplete(journal.nameValues())) {
            return journal;
        }
        return journal.reserved(names(journal)
                .take(
                        journal.id(),
                        journal.naming().base(journal.nameValues()),
                        journal.index(),
                        journal.container().extension()));
    }

    /// It did not begin after all.
    void releaseName(Journal journal) {
        names(journal).release(journal.id());
    }

    /// Brings the file to its end on another thread. The answer says whether it is in place after the first
    /// attempt; a disk that refuses is tried again later.
    CompletableFuture<Boolean> finish(Journal journal) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Job job = new Job(journal);
        threads.execute(() -> done.complete(run(job)));
        return done;
    }

    /// Files that were brought to their end since the start.
    long finishedFiles() {
        return finishedFiles.get();
    }

    /// Files that could not be finished at the first attempt; some are later.
    long failedFiles() {
        return failedFiles.get();
    }

    private boolean run(Job job) {
        try {
            return attempt(job);
        } catch (IOException e) {
            if (!job.refused) {
                job.refused = true;
                failedFiles.incrementAndGet();
                log.warn(
                        "{}: cannot be finished now, will be tried again: {}",
                        journals.media(job.journal),
                        e.toString());
            }
            var _ = threads.schedule(() -> run(job), RETRY_AFTER.toNanos(), TimeUnit.NANOSECONDS);
            return false;
        } catch (RuntimeException e) {
            failedFiles.incrementAndGet();
            log.error("{}: finishing failed, will be tried at the next start", journals.media(job.journal), e);
            return false;
        }
    }

    /// Finishes what a crash left open, and returns how many files are in place now.
    int recover() throws IOException {
        for (Path hooked : journals.deleteHooked()) {
            log.warn("hook: was running when the server died, and is not started again: {}", hooked.getFileName());
        }
        // Before the first is finished: what is under way would look like one.
        List<Path> orphans = journals.orphans();
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (String id : journals.ids()) {
            if (journals.isOwn(id)) {
                continue;
            }
            try {
                all.add(finish(journals.read(id)));
            } catch (NoSuchFileException _) {
                // The hook's process, whose server died, has just taken it.
                log.info("hook: started by a server that died: {}", id);
            } catch (MalformedException e) {
                log.warn("set aside with what belongs to it: {}", e.getMessage());
                journals.setAside(id);
            }
        }
        for (Path orphan : orphans) {
            log.warn("set aside, for it has no journal: {}", orphan);
            try {
                Files.move(orphan, orphan.resolveSibling(orphan.getFileName() + Journals.BROKEN));
            } catch (NoSuchFileException _) {
                // Somebody else cleans up too.
                log.debug("{} is gone", orphan);
            }
        }
        int count = 0;
        for (CompletableFuture<Boolean> one : all) {
            count += one.join() ? 1 : 0;
        }
        return count;
    }

    private boolean attempt(Job job) throws IOException {
        try {
            if (job.journal.placement() == null && !finishFile(job)) {
                return false;
            }
            if (!move(job)) {
                return false;
            }
            MessageLog.place(
                    journals.messages(job.journal),
                    folder(job.journal).resolve(placement(job.journal).fileName()));
            if (job.journal.origin().ofMany()) {
                CallTimeline.place(
                        folder(job.journal).resolve(placement(job.journal).fileName()), job.journal);
            }
            tellPlaced(job);
            steps.accept(FinishStep.MOVED);
            Webhook post = webhook;
            if (post != null) {
                // Before the hook, whose start takes the journal away.
                post.tell(job.journal);
            }
            hook(job);
            return true;
        } catch (MalformedException e) {
            failedFiles.incrementAndGet();
            log.warn("{}: nothing to recover, set aside: {}", journals.media(job.journal), e.getMessage());
            journals.setAside(job.journal.id());
            names(job.journal).release(job.journal.id());
            events.accept(new FileEvent.Failed(job.journal, "nothing to recover: " + e.getMessage()));
            return false;
        }
    }

    private boolean finishFile(Job job) throws IOException {
        steps.accept(FinishStep.ENDED);
        Journal journal = job.journal;
        Path media = journals.media(journal);
        if (!Files.isDirectory(journals.folder())) {
            throw new NoSuchFileException(journals.folder().toString());
        }
        if (journals.mediaSize(journal) <= 0) {
            // It ended before its first byte.
            names(journal).release(journal.id());
            Files.deleteIfExists(media);
            Files.deleteIfExists(journals.messages(journal));
            journals.delete(journal);
            events.accept(new FileEvent.Empty(journal));
            return false;
        }
        Ending ending = journal.ending();
        if (ending == null) {
            ending = new Ending(
                    EndReason.RECOVERED, Files.getLastModifiedTime(media).toMillis());
        }
        Summary summary;
        try (FileChannel file = FileChannel.open(media, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            summary = journal.container().finish(file, indexRoom.finishing(media));
        }
        long sizeBytes = indexRoom.bringToFront(journal.container(), media, folder(journal));
        steps.accept(FinishStep.FINISHED);
        String base = journal.finalBase(summary.durationNanos(), ending.endedAtMillis());
        name(job, journal.ended(ending), base, sizeBytes, summary.durationNanos());
        return true;
    }

    private void name(Job job, Journal journal, String base, long sizeBytes, long durationNanos) throws IOException {
        String reserved = journal.reservedName();
        FileNames names = names(journal);
        String name = reserved != null && names.take(journal.id(), reserved)
                ? reserved
                : names.take(
                        journal.id(), base, journal.index(), journal.container().extension());
        Journal placed = journal.placed(new Placement(name, sizeBytes, durationNanos));
        // First on disk: a retry after a failed write begins here again.
        journals.write(placed);
        job.journal = placed;
        steps.accept(FinishStep.NAMED);
    }

    /// False if the file is gone.
    private boolean move(Job job) throws IOException {
        Placement placement = placement(job.journal);
        Path media = journals.media(job.journal);
        Path folder = folder(job.journal);
        Path target = folder.resolve(placement.fileName());
        if (Files.exists(media)) {
            boolean ours = Files.exists(target) && isCopy(job.journal.container(), media, target, folder);
            if (Files.exists(target) && !ours) {
                // Somebody put a file of this name there while the server was down.
                String base = job.journal.finalBase(placement.durationNanos(), endedAtMillis(job.journal));
                name(job, job.journal, base, placement.sizeBytes(), placement.durationNanos());
                target = folder.resolve(placement(job.journal).fileName());
            }
            if (ours) {
                // A crash came between copying and deleting.
                Files.delete(media);
            } else {
                moveTo(job.journal.container(), media, target);
            }
        } else if (!Files.exists(target)) {
            log.warn("{}: gone", target);
            names(job.journal).release(job.journal.id());
            journals.delete(job.journal);
            events.accept(new FileEvent.Failed(job.journal, "the file is gone"));
            return false;
        }
        names(job.journal).release(job.journal.id());
        return true;
    }

    /// When all that belongs to it is in place.
    private void tellPlaced(Job job) {
        Placement placement = placement(job.journal);
        Path target = folder(job.journal).resolve(placement.fileName());
        log.info(
                "recorded {}: {} ms, {} bytes, {}",
                target,
                placement.durationNanos() / NANOS_PER_MILLI,
                placement.sizeBytes(),
                ending(job.journal).reason().hookValue());
        if (!job.told) {
            job.told = true;
            finishedFiles.incrementAndGet();
            events.accept(new FileEvent.Placed(job.journal, target, summary(job.journal, target)));
        }
    }

    /// Whether `target` is what [#moveTo] makes of `media`, to the last byte: the same name and the same size could
    /// be anybody's.
    private boolean isCopy(Container container, Path media, Path target, Path folder) throws IOException {
        if (Files.isDirectory(target)) {
            return false;
        }
        if (Files.mismatch(media, target) == -1) {
            return true;
        }
        if (Files.getFileStore(media).equals(Files.getFileStore(folder))) {
            return false;
        }
        Path copy = target.resolveSibling(media.getFileName());
        try {
            Files.deleteIfExists(copy);
            indexRoom.copy(container, media, copy);
            return Files.mismatch(copy, target) == -1;
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    /// Renames, or, from another file system, copies beside the target first, so that no half of a file is ever seen
    /// under its name.
    private void moveTo(Container container, Path media, Path target) throws IOException {
        try {
            Files.move(media, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException _) {
            Path copy = target.resolveSibling(media.getFileName());
            indexRoom.copy(container, media, copy);
            Files.move(copy, target, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(media);
        }
    }

    /// What the file says of itself; one that is in place is in place, also if it cannot be read now.
    private static Summary summary(Journal journal, Path target) {
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.READ)) {
            return journal.container().probe(file);
        } catch (IOException | MalformedException e) {
            log.warn("{}: cannot be looked into: {}", target, e.toString());
            return new Summary(placement(journal).durationNanos(), List.of());
        }
    }

    private void hook(Job job) throws IOException {
        Journal journal = job.journal;
        Hooks hooks = destination(journal).hooks();
        if (!hooks.configured()) {
            journals.delete(journal);
            return;
        }
        Placement placement = placement(journal);
        String path = folder(journal).resolve(placement.fileName()).toString();
        String durationMillis = Long.toString(placement.durationNanos() / NANOS_PER_MILLI);
        Map<String, String> environment = Map.of(
                "STREAM_NAME", journal.origin().streamName(),
                "FILE", path,
                "DURATION_MS", durationMillis,
                "SIZE", Long.toString(placement.sizeBytes()),
                "MEDIA_SESSION_ID", journal.origin().mediaSessionId(),
                "START_TIME_MILLIS", Long.toString(journal.origin().startedAtMillis()),
                "REASON", ending(journal).reason().hookValue());
        tellHook(journal, Told.State.WAITING, new Hooks.Outcome(-1, ""));
        hooks.run(
                Hooks.once(journals.path(journal), journals.hooked(journal)),
                journal.origin().ofMany()
                        ? List.of(
                                path,
                                createdSince1904(journal),
                                durationMillis,
                                journal.origin().recorderUri())
                        : List.of(journal.origin().streamName(), path),
                environment,
                _ -> {
                    steps.accept(FinishStep.HOOK_STARTED);
                    tellHook(journal, Told.State.RUNNING, new Hooks.Outcome(-1, ""));
                },
                outcome -> {
                    steps.accept(FinishStep.HOOK_ENDED);
                    hookEnded(journal);
                    tellHook(journal, outcome.problem().isEmpty() ? Told.State.DONE : Told.State.FAILED, outcome);
                });
    }

    /// As the file itself says it, ISO/IEC 14496-12 8.2.2.
    private static String createdSince1904(Journal journal) {
        long seconds = Math.floorDiv(journal.origin().startTimeMillis(), 1000L);
        return Long.toString(seconds + SECONDS_1904_TO_1970);
    }

    private void tellHook(Journal journal, Told.State state, Hooks.Outcome outcome) {
        events.accept(new Told(journal, Told.Listener.HOOK, state, outcome.exitStatus(), outcome.problem()));
    }

    private void hookEnded(Journal journal) {
        try {
            journals.delete(journal);
        } catch (IOException e) {
            log.warn("hook: a journal of {} is left over: {}", journal.origin().streamName(), e.toString());
        }
    }

    private static Placement placement(Journal journal) {
        Placement placement = journal.placement();
        if (placement == null) {
            throw new IllegalStateException("no name yet");
        }
        return placement;
    }

    private static Ending ending(Journal journal) {
        Ending ending = journal.ending();
        return ending == null ? new Ending(EndReason.RECOVERED, 0) : ending;
    }

    private static long endedAtMillis(Journal journal) {
        return ending(journal).endedAtMillis();
    }

    /// Takes no more work and waits for what there is.
    boolean close(long patienceNanos) {
        threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        threads.shutdown();
        try {
            return threads.awaitTermination(patienceNanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        close(0);
    }
}
