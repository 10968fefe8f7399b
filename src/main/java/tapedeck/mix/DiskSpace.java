package tapedeck.mix;

import java.nio.file.Path;
import java.util.function.ToLongFunction;

/// Whether there is room on the disk, asked at most twice a second.
final class DiskSpace {
    static final long ASK_EVERY_NANOS = 500_000_000L;

    private final ToLongFunction<Path> usableSpace;
    private final long everyNanos;
    private final Path folder;
    private final long leastBytes;
    private boolean enough = true;
    private boolean asked;
    private long askedNanos;

    DiskSpace(Path folder, long leastBytes) {
        this(folder, leastBytes, asked -> asked.toFile().getUsableSpace(), ASK_EVERY_NANOS);
    }

    DiskSpace(Path folder, long leastBytes, ToLongFunction<Path> usableSpace, long everyNanos) {
        this.usableSpace = usableSpace;
        this.everyNanos = everyNanos;
        this.folder = folder;
        this.leastBytes = leastBytes;
    }

    synchronized boolean isEnough() {
        long now = System.nanoTime();
        if (!asked || now - askedNanos >= everyNanos) {
            asked = true;
            askedNanos = now;
            enough = usableSpace.applyAsLong(folder) >= leastBytes;
        }
        return enough;
    }

    String complaint() {
        return "less than minAvailableSpace=%d bytes are free on its disk".formatted(leastBytes);
    }
}
