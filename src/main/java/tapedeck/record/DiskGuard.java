package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/// Says whether recordings can be written: the folders are there and there is room. Asks the file system at most
/// twice a second, however many ask.
final class DiskGuard {
    static final long ASK_EVERY_NANOS = 500_000_000L;

    private static final String PROBE = ".tapedeck.probe";
    private static final int PROBE_BYTES = 4 << 10;

    private final List<Path> folders;
    private final long minSpaceBytes;
    private final ToLongFunction<Path> usableSpace;
    private final LongSupplier nanoClock;
    private final AtomicLong askedNanos;
    private volatile Room room;
    private volatile boolean doubted;

    enum Room {
        ENOUGH,
        /// Less than `file_recorder_min_space`.
        FULL,
        /// A folder is gone, read-only or refuses writes.
        UNWRITABLE
    }

    DiskGuard(List<Path> folders, long minSpaceBytes) {
        this(folders, minSpaceBytes, folder -> folder.toFile().getUsableSpace(), System::nanoTime);
    }

    DiskGuard(List<Path> folders, long minSpaceBytes, ToLongFunction<Path> usableSpace, LongSupplier nanoClock) {
        this.folders = folders.stream().distinct().toList();
        this.minSpaceBytes = minSpaceBytes;
        this.usableSpace = usableSpace;
        this.nanoClock = nanoClock;
        this.askedNanos = new AtomicLong(nanoClock.getAsLong());
        this.room = ask(minSpaceBytes);
    }

    boolean enough() {
        return room() == Room.ENOUGH;
    }

    /// Whether recordings that were stopped can begin again: there is a sixteenth more space than needed, or they
    /// would stop again at once.
    boolean enoughAgain() {
        // What begins now asks at once, and must not hear the answer of a moment ago.
        return look(minSpaceBytes + minSpaceBytes / 16) == Room.ENOUGH;
    }

    Room room() {
        long now = nanoClock.getAsLong();
        long last = askedNanos.get();
        if (now - last >= ASK_EVERY_NANOS && askedNanos.compareAndSet(last, now)) {
            look(minSpaceBytes);
        }
        return room;
    }

    /// Why nothing can be recorded now, for people; else empty.
    String refusal() {
        return switch (room()) {
            case ENOUGH -> "";
            case FULL -> "Not enough available disk space";
            case UNWRITABLE -> "The folder of recordings is gone or cannot be written";
        };
    }

    /// A write was refused. A disk that failed can still count its free space, so until a file can be written there
    /// is none.
    void doubt() {
        doubted = true;
        askedNanos.set(nanoClock.getAsLong() - ASK_EVERY_NANOS);
    }

    /// Asks, and keeps what is good for everybody: of two that ask at once the later one's answer stays.
    ///
    /// @return with at least so much space
    private synchronized Room look(long leastBytes) {
        Room found = ask(leastBytes);
        if (found == Room.ENOUGH || leastBytes == minSpaceBytes) {
            room = found;
        }
        return found;
    }

    private Room ask(long leastBytes) {
        for (Path folder : folders) {
            // access(2) knows of a file system that became read-only, also for root.
            if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
                return Room.UNWRITABLE;
            }
            if (usableSpace.applyAsLong(folder) < Math.max(leastBytes, 1)) {
                return Room.FULL;
            }
        }
        if (doubted && !folders.stream().allMatch(DiskGuard::takesFiles)) {
            return Room.UNWRITABLE;
        }
        doubted = false;
        return Room.ENOUGH;
    }

    private static boolean takesFiles(Path folder) {
        Path probe = folder.resolve(PROBE);
        try {
            Files.write(probe, new byte[PROBE_BYTES]);
            Files.deleteIfExists(probe);
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
