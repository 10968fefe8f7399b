package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.database.Database;
import tapedeck.database.DatabaseException;
import tapedeck.record.ChangeQueue.Change;
import tapedeck.record.Parts.Growing;
import tapedeck.record.RecordFolder.Facts;
import tapedeck.record.RecordingEntry.State;

/// What is known of every recording, in the database. Files and journals are the truth: whoever records tells
/// [#happened] and goes on, and what the database missed is added when it is there again.
final class Catalogue implements AutoCloseable {
    /// How often the folder and the limits of retention are looked at.
    static final Duration PERIOD = Duration.ofSeconds(10);
    /// How often a database that is away is tried.
    static final Duration RETRY = Duration.ofSeconds(2);
    /// How long somebody who asks waits for files that were put into the folder.
    static final Duration SCAN_PATIENCE = Duration.ofSeconds(1);
    /// Rows of one transaction.
    static final int BATCH = 500;

    private static final Logger log = LoggerFactory.getLogger(Catalogue.class);
    static final String PENDING = "catalogue.pending";

    private final ChangeQueue queue;
    private final RecordFolder folder;
    private final Journals journals;
    private final Supplier<Map<String, Growing>> growing;
    // Files that grow or are finished: what was said of them last.
    private final Map<String, RecordingEntry> open = new ConcurrentHashMap<>();

    /// All that belongs to a database that is kept.
    record Kept(Database database, EntryTable table, FolderScan scan, Retention retention) {}

    private volatile @Nullable Kept kept;
    private volatile @Nullable Thread thread;
    private volatile boolean answers;
    // One at a time writes to the database.
    private final ReentrantLock writing = new ReentrantLock();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition scanned = lock.newCondition();
    // Guarded by lock.
    private boolean dirty;
    private boolean scanWanted = true;
    private long scans;
    private boolean closed;

    /// @param dataDir where entries wait while the database is away
    /// @param growing the files that grow now, by id
    Catalogue(Path dataDir, RecordFolder folder, Journals journals, Supplier<Map<String, Growing>> growing) {
        this.queue = new ChangeQueue(dataDir.toAbsolutePath().resolve(PENDING), ChangeQueue.MAX_WAITING);
        this.folder = folder;
        this.journals = journals;
        this.growing = growing;
    }

    /// From now on everything is written to this database, on a thread of its own. Without it, it waits.
    void keep(Database database, RetentionRules rules) {
        EntryTable table = new EntryTable(database.node());
        kept = new Kept(database, table, new FolderScan(folder, journals, table, this), new Retention(rules, this));
        thread = Thread.ofVirtual().name("catalogue").start(this::run);
    }

    /// Never waits for the database, and never fails.
    void happened(FileEvent event) {
        switch (event) {
            case FileEvent.Begun begun -> {
                RecordingEntry entry = RecordingEntry.begun(begun);
                open.put(entry.id(), entry);
                queue.put(entry);
            }
            case FileEvent.Ended ended -> {
                RecordingEntry entry = last(ended).ended(ended.journal());
                open.put(entry.id(), entry);
                queue.put(entry);
            }
            case FileEvent.Placed placed -> placed(placed);
            case FileEvent.Empty empty -> {
                queue.remove(empty.journal().id());
                open.remove(empty.journal().id());
            }
            case FileEvent.Failed failed -> {
                RecordingEntry entry = last(failed).ended(failed.journal());
                queue.put(entry.with(State.FAILED, failed.reason(), System.currentTimeMillis()));
                open.remove(entry.id());
            }
            case FileEvent.Told told ->
                queue.tell(
                        told.journal().id(),
                        told.listener(),
                        new RecordingEntry.Outcome(
                                told.state().name().toLowerCase(Locale.ROOT), told.exitStatus(), told.message()));
        }
        wake();
    }

    private RecordingEntry last(FileEvent event) {
        RecordingEntry last = open.get(event.journal().id());
        // Of an earlier process: nobody has said here that it began.
        return last == null ? RecordingEntry.begun(new FileEvent.Begun(event.journal(), List.of())) : last;
    }

    private void placed(FileEvent.Placed event) {
        long sizeBytes = 0;
        // Never 0: that would say that there was no file.
        long modifiedAtMillis = 1;
        try {
            sizeBytes = Files.size(event.file());
            modifiedAtMillis = Files.getLastModifiedTime(event.file()).toMillis();
        } catch (IOException e) {
            // Taken away already; the next look at the folder finds that out.
            log.debug("{}", event.file(), e);
        }
        queue.put(last(event).placed(event, sizeBytes, modifiedAtMillis));
        open.remove(event.journal().id());
    }

    private void wake() {
        lock.lock();
        try {
            dirty = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        int known = 0;
        boolean complained = false;
        while (await(complained ? RETRY : PERIOD, complained)) {
            Kept there = there();
            try {
                int opened = there.database().open();
                if (opened != known) {
                    known = opened;
                    wantScan();
                }
                flush(there);
                answers = true;
                if (complained) {
                    complained = false;
                    log.info("database: it answers again, the catalogue is being brought up to date");
                    wantScan();
                }
                tend(there);
            } catch (DatabaseException e) {
                answers = false;
                if (!complained) {
                    log.warn("database: {}. Recording goes on; the catalogue waits", e.getMessage());
                }
                complained = true;
            } catch (RuntimeException e) {
                answers = false;
                complained = true;
                log.error("catalogue: a bug; it is tried again", e);
            }
        }
    }

    /// What is due beside the changes.
    private void tend(Kept there) throws DatabaseException {
        boolean wanted;
        lock.lock();
        try {
            wanted = scanWanted;
            scanWanted = false;
        } finally {
            lock.unlock();
        }
        if (there.scan().due(wanted)) {
            queue.look();
            there.scan().run(there.database());
        }
        lock.lock();
        try {
            scans++;
            scanned.signalAll();
        } finally {
            lock.unlock();
        }
        if (!there.scan().isStrange()) {
            there.retention().run();
        }
    }

    /// Waits until something happened or a period is over; false at the end.
    private boolean await(Duration period, boolean whole) {
        lock.lock();
        try {
            long left = period.toNanos();
            while (!closed && left > 0 && (whole || !dirty && !scanWanted)) {
                left = work.awaitNanos(left);
            }
            dirty = false;
            return !closed;
        } catch (InterruptedException _) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void wantScan() {
        lock.lock();
        try {
            scanWanted = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private Kept there() {
        Kept there = kept;
        if (there == null) {
            throw new IllegalStateException("no database is kept");
        }
        return there;
    }

    /// Writes what waits.
    void flush(Kept there) throws DatabaseException {
        writing.lock();
        try {
            for (List<Change> batch = queue.next(BATCH); !batch.isEmpty(); batch = queue.next(BATCH)) {
                List<Change> some = batch;
                try {
                    there.database().change(handle -> {
                        some.forEach(change -> apply(there.table(), handle, change));
                        return true;
                    });
                    queue.done(batch);
                } catch (DatabaseException e) {
                    one(there, batch, e);
                }
            }
        } finally {
            writing.unlock();
        }
    }

    /// One row that the database refuses must not keep the others out.
    private void one(Kept there, List<Change> batch, DatabaseException cause) throws DatabaseException {
        for (Change change : batch) {
            try {
                there.database().change(handle -> {
                    apply(there.table(), handle, change);
                    return true;
                });
            } catch (DatabaseException e) {
                // Is it the database, or this row?
                boolean alive = there.database()
                        .ask(handle -> handle.createQuery("SELECT 1")
                                .mapTo(Integer.class)
                                .one()
                                .equals(1));
                if (!alive) {
                    throw cause;
                }
                log.error("catalogue: {} is left out: {}", change.id(), e.getMessage());
            }
            queue.done(List.of(change));
        }
    }

    private static void apply(EntryTable table, Handle handle, Change change) {
        switch (change) {
            case Change.Put put -> table.put(handle, put.entry());
            case Change.Remove remove -> table.remove(handle, remove.id());
            case Change.Tell tell -> table.tell(handle, tell.id(), tell.listener(), tell.outcome());
        }
    }

    /// Whether the row is of a file that this process works on, or that waits to be written.
    boolean isOpen(String id) {
        return open.containsKey(id) || queue.entry(id) != null;
    }

    RecordingPage find(RecordingQuery query) throws CatalogueAwayException {
        waitForFolder();
        return asked(there -> {
            Map<String, Growing> now = growing.get();
            RecordingPage page = there.database().ask(handle -> there.table().find(handle, query));
            Set<String> grown = now.isEmpty()
                    ? Set.of()
                    : there.database().ask(handle -> there.table().growing(handle, query));
            long grownBytes = now.values().stream()
                    .filter(file -> grown.contains(file.id()))
                    .mapToLong(Growing::sizeBytes)
                    .sum();
            List<RecordingEntry> entries = new ArrayList<>();
            for (RecordingEntry entry : page.entries()) {
                entries.add(current(entry, now));
            }
            return new RecordingPage(page.total(), page.totalBytes() + grownBytes, entries);
        });
    }

    Optional<RecordingEntry> find(String id) throws CatalogueAwayException {
        return asked(there -> there.database()
                .ask(handle -> there.table().find(handle, id))
                .map(entry -> current(entry, growing.get())));
    }

    /// How far a file that grows has come is only in memory.
    private static RecordingEntry current(RecordingEntry entry, Map<String, Growing> now) {
        Growing grown = now.get(entry.id());
        if (grown == null || entry.state() != State.RECORDING) {
            return entry;
        }
        return entry.of(entry.fileName(), grown.sizeBytes(), 0)
                .containing(TimeUnit.NANOSECONDS.toMillis(grown.durationNanos()), entry.tracks())
                .measured(grown.quality());
    }

    private interface Question<T> {
        T to(Kept there) throws DatabaseException;
    }

    private <T> T asked(Question<T> question) throws CatalogueAwayException {
        Kept there = kept;
        try {
            if (there == null || !answers) {
                throw new CatalogueAwayException("the catalogue's database does not answer");
            }
            flush(there);
            return question.to(there);
        } catch (DatabaseException e) {
            wantScan();
            throw new CatalogueAwayException("the catalogue's database does not answer: " + e.getMessage(), e);
        }
    }

    /// Somebody who put a file into the folder a moment ago wants to see it.
    private void waitForFolder() {
        Kept there = kept;
        if (there == null || !answers || !there.scan().changed()) {
            return;
        }
        lock.lock();
        try {
            long before = scans;
            scanWanted = true;
            work.signal();
            long left = SCAN_PATIENCE.toNanos();
            while (!closed && left > 0 && scans == before) {
                left = scanned.awaitNanos(left);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// Deletes the file, what was cut from it, and its row.
    Deletion delete(String id) throws CatalogueAwayException, IOException {
        writing.lock();
        try {
            Optional<RecordingEntry> found = find(id);
            if (found.isEmpty()) {
                return Deletion.UNKNOWN;
            }
            RecordingEntry entry = found.get();
            if (entry.state().isOpen() || open.containsKey(id) || journals.isPending(id)) {
                return Deletion.BUSY;
            }
            if (entry.modifiedAtMillis() > 0) {
                Optional<Facts> file = folder.facts(entry.fileName());
                Facts own = new Facts(entry.sizeBytes(), entry.modifiedAtMillis());
                if (file.isEmpty() || file.get().equals(own)) {
                    folder.delete(entry.fileName());
                } else if (!asked(
                        there -> there.database().ask(h -> there.table().hasNamesake(h, entry)))) {
                    // The next look at the folder says which.
                    wantScan();
                    return Deletion.CHANGED;
                }
            }
            journals.deleteBroken(id);
            return asked(there -> {
                there.database().change(handle -> {
                    there.table().remove(handle, id);
                    return true;
                });
                return Deletion.DELETED;
            });
        } finally {
            writing.unlock();
        }
    }

    List<RecordingEntry> oldest(long afterMillis, String afterId, int count) throws CatalogueAwayException {
        return asked(
                there -> there.database().ask(handle -> there.table().oldest(handle, afterMillis, afterId, count)));
    }

    long finishedBytes() throws CatalogueAwayException {
        return asked(there -> there.database().ask(there.table()::finishedBytes));
    }

    /// How often it was looked whether files have to go.
    long retentionRuns() {
        Kept there = kept;
        return there == null ? 0 : there.retention().runs();
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            work.signalAll();
            scanned.signalAll();
        } finally {
            lock.unlock();
        }
        Thread running = thread;
        Kept there = kept;
        if (running == null || there == null) {
            return;
        }
        try {
            if (!running.join(RETRY)) {
                running.interrupt();
            }
            if (answers) {
                flush(there);
            }
        } catch (DatabaseException e) {
            log.debug("the last entries are written at the next start", e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
