package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.record.RecordingEntry.Outcome;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// What the database does not know yet. The last word on a file is also kept on disk until the database has it: its
/// journal is gone by then, and the file alone does not say whose stream it was.
///
/// The last word comes on the finisher's threads and is on disk when they go on. What the threads say that write
/// recordings stays in memory, and never waits for the disk: this folder can be on another one, which stands still.
final class ChangeQueue {
    /// Entries in memory while the database is away; the last words on further files wait on disk.
    static final int MAX_WAITING = 10_000;
    /// A file of this queue is far smaller.
    static final int MAX_FILE_BYTES = 1 << 20;

    private static final Logger log = LoggerFactory.getLogger(ChangeQueue.class);
    private static final String SUFFIX = ".json";

    /// What is to be done with one row.
    sealed interface Change {
        String id();

        record Put(RecordingEntry entry) implements Change {
            @Override
            public String id() {
                return entry.id();
            }
        }

        record Remove(String id) implements Change {}

        /// The row is in the database already.
        record Tell(String id, FileEvent.Told.Listener listener, Outcome outcome) implements Change {}
    }

    private final Path folder;
    private final int maxWaiting;
    private final ObjectMapper json = JsonMapper.builder().build();

    // Held while the folder is read or written, so that a file and what is in memory are of one mind; taken before the
    // lock of this object, and never while that is held.
    private final ReentrantLock disk = new ReentrantLock();
    // Guarded by this: by row, and by row and listener.
    private final Map<String, Change> waiting = new LinkedHashMap<>();
    private boolean spilled = true;

    /// @param folder made when it is needed
    ChangeQueue(Path folder, int maxWaiting) {
        this.folder = folder;
        this.maxWaiting = maxWaiting;
        json.readerFor(RecordingEntry.class);
        json.writerFor(RecordingEntry.class);
    }

    void put(RecordingEntry entry) {
        if (entry.state().isOpen()) {
            // If it does not fit, the last word on this file comes later, or the look at the folder finds it.
            var _ = fits(entry);
            return;
        }
        disk.lock();
        try {
            boolean kept = keep(entry);
            if (!fits(entry) && kept) {
                look();
            }
        } finally {
            disk.unlock();
        }
    }

    private synchronized boolean fits(RecordingEntry entry) {
        boolean fits = waiting.size() < maxWaiting || waiting.containsKey(entry.id());
        if (fits) {
            waiting.put(entry.id(), new Change.Put(entry));
        }
        return fits;
    }

    synchronized void remove(String id) {
        // One that does not fit leaves an open row without a journal, and the look at the folder gives such rows up.
        if (waiting.size() < maxWaiting || waiting.containsKey(id)) {
            waiting.put(id, new Change.Remove(id));
        }
    }

    /// The entry as it will be, null if nothing waits for this row.
    @Nullable
    RecordingEntry entry(String id) {
        synchronized (this) {
            if (waiting.get(id) instanceof Change.Put put) {
                return put.entry();
            }
            if (!spilled || waiting.containsKey(id)) {
                return null;
            }
        }
        disk.lock();
        try {
            return read(file(id));
        } finally {
            disk.unlock();
        }
    }

    void tell(String id, FileEvent.Told.Listener listener, Outcome outcome) {
        disk.lock();
        try {
            RecordingEntry entry = entry(id);
            if (entry != null) {
                put(entry.told(listener, outcome));
            } else {
                tellRow(new Change.Tell(id, listener, outcome));
            }
        } finally {
            disk.unlock();
        }
    }

    private synchronized void tellRow(Change.Tell tell) {
        if (waiting.size() < maxWaiting) {
            waiting.put(tell.id() + tell.listener(), tell);
        }
    }

    /// The changes that came first.
    List<Change> next(int most) {
        synchronized (this) {
            if (!waiting.isEmpty() || !spilled) {
                return first(most);
            }
        }
        disk.lock();
        try {
            load();
        } finally {
            disk.unlock();
        }
        return first(most);
    }

    private synchronized List<Change> first(int most) {
        return waiting.values().stream().limit(most).toList();
    }

    /// The database has these.
    void done(List<Change> changes) {
        disk.lock();
        try {
            for (Change change : changes) {
                if (over(change)) {
                    forget(change);
                }
            }
        } finally {
            disk.unlock();
        }
    }

    /// False if there is a newer one by now.
    private synchronized boolean over(Change change) {
        String key = change instanceof Change.Tell tell ? tell.id() + tell.listener() : change.id();
        return waiting.remove(key, change);
    }

    /// Entries that other processes left: `./run recover` writes no database.
    synchronized void look() {
        spilled = true;
    }

    private void forget(Change change) {
        boolean onDisk = switch (change) {
            case Change.Put put -> !put.entry().state().isOpen();
            case Change.Remove _ -> true;
            case Change.Tell _ -> false;
        };
        if (!onDisk) {
            return;
        }
        try {
            Files.deleteIfExists(file(change.id()));
        } catch (IOException e) {
            log.debug("{}", folder, e);
        }
    }

    private void load() {
        synchronized (this) {
            spilled = false;
        }
        for (Path file : files()) {
            RecordingEntry entry = read(file);
            if (entry != null && !found(entry)) {
                look();
                return;
            }
        }
    }

    /// False if it does not fit any more.
    private synchronized boolean found(RecordingEntry entry) {
        if (waiting.containsKey(entry.id())) {
            return true;
        }
        return fits(entry);
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>();
        try (var found = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path file : found) {
                files.add(file);
                if (files.size() > maxWaiting) {
                    break;
                }
            }
        } catch (NoSuchFileException _) {
            // Nothing ever waited here.
        } catch (IOException e) {
            log.warn("{}: cannot be read: {}", folder, e.toString());
        }
        return files;
    }

    private @Nullable RecordingEntry read(Path file) {
        try {
            if (!Files.exists(file)) {
                return null;
            }
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new IOException("%d bytes".formatted(Files.size(file)));
            }
            RecordingEntry entry = json.readValue(Files.readAllBytes(file), RecordingEntry.class);
            if (file(entry.id()).equals(file)) {
                return entry;
            }
            throw new IOException("it is of another file");
        } catch (IOException | JacksonException | NullPointerException e) {
            log.warn("{}: is no entry of the catalogue, deleted: {}", file, e.getMessage());
            try {
                Files.deleteIfExists(file);
            } catch (IOException _) {
                log.debug("{}: stays", file);
            }
            return null;
        }
    }

    private Path file(String id) {
        return folder.resolve(id + SUFFIX);
    }

    private boolean keep(RecordingEntry entry) {
        Path file = file(entry.id());
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.createDirectories(folder);
            Files.write(beside, json.writeValueAsBytes(entry));
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (IOException e) {
            log.warn("{}: what is known of a recording is in memory only: {}", folder, e.toString());
            return false;
        }
    }
}
