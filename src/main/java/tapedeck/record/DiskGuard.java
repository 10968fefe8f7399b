package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/// Says whether there is room for recordings. Asks the file system at most twice a second, however many ask.
final class DiskGuard {
    static final long ASK_EVERY_NANOS = 500_000_000L;

    private static final String PROBE = ".tapedeck.probe";
    private static final int PROBE_BYTES = 4 << 10;

    private final List<Path> folders;
    private final long minSpaceBytes;
    private final ToLongFunction<Path> usableSpace;
    private final LongSupplier nanoClock;
    private final AtomicLong askedNanos;
    private volatile boolean enough;
    private volatile boolean doubted;

    DiskGuard(List<Path> folders, long minSpaceBytes) {
        this(folders, minSpaceBytes, DiskGuard::usableSpace, System::nanoTime);
    }

    DiskGuard(List<Path> folders, long minSpaceBytes, ToLongFunction<Path> usableSpace, LongSupplier nanoClock) {
        this.folders = folders.stream().distinct().toList();
        this.minSpaceBytes = minSpaceBytes;
        this.usableSpace = usableSpace;
        this.nanoClock = nanoClock;
        this.askedNanos = new AtomicLong(nanoClock.getAsLong());
        this.enough = ask();
    }

    /// A folder that is gone, on a disk that became read-only, or that we may not write into has no space.
    private static long usableSpace(Path folder) {
        return Files.isWritable(folder) ? folder.toFile().getUsableSpace() : 0;
    }

    boolean enough() {
        long now = nanoClock.getAsLong();
        long last = askedNanos.get();
        if (now - last >= ASK_EVERY_NANOS && askedNanos.compareAndSet(last, now)) {
            enough = ask();
        }
        return enough;
    }

    /// A write was refused. A disk that failed can still count its free space, so until a file can be written there is
    /// none.
    void doubt() {
        doubted = true;
        askedNanos.set(nanoClock.getAsLong() - ASK_EVERY_NANOS);
    }

    private boolean ask() {
        if (!folders.stream().allMatch(folder -> usableSpace.applyAsLong(folder) >= Math.max(minSpaceBytes, 1))) {
            return false;
        }
        if (doubted && !folders.stream().allMatch(DiskGuard::takesFiles)) {
            return false;
        }
        doubted = false;
        return true;
    }

    private static boolean takesFiles(Path folder) {
        Path probe = folder.resolve(PROBE);
        try {
            Files.write(probe, new byte[PROBE_BYTES]);
            Files.delete(probe);
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
