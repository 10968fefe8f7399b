package tapedeck.mix;

import java.nio.file.Path;

/// Whether there is room on the disk, asked at most twice a second.
final class DiskSpace {
    private static final long ASK_EVERY_NANOS = 500_000_000L;

    private final Path folder;
    private final long leastBytes;
    private boolean enough = true;
    private boolean asked;
    private long askedNanos;

    DiskSpace(Path folder, long leastBytes) {
        this.folder = folder;
        this.leastBytes = leastBytes;
    }

    synchronized boolean isEnough() {
        long now = System.nanoTime();
        if (!asked || now - askedNanos >= ASK_EVERY_NANOS) {
            asked = true;
            askedNanos = now;
            enough = folder.toFile().getUsableSpace() >= leastBytes;
        }
        return enough;
    }

    String complaint() {
        return "less than minAvailableSpace=%d bytes are free in %s".formatted(leastBytes, folder);
    }
}
