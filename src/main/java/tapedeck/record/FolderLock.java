package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says that a server works in a folder of growing files: whoever else looks into it must not take them for what a
/// crash left. The system lets go of it when the process dies, however it dies.
final class FolderLock implements AutoCloseable {
    static final String NAME = ".tapedeck.lock";

    private static final Logger log = LoggerFactory.getLogger(FolderLock.class);

    private final @Nullable FileChannel file;

    private FolderLock(@Nullable FileChannel file) {
        this.file = file;
    }

    /// Takes the lock, unless somebody has it.
    static FolderLock of(Path folder) throws IOException {
        FileChannel file = FileChannel.open(folder.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = file.tryLock();
            if (lock != null) {
                return new FolderLock(file);
            }
        } catch (OverlappingFileLockException _) {
            log.debug("{} is used in this very process", folder);
        }
        file.close();
        return new FolderLock(null);
    }

    boolean held() {
        return file != null;
    }

    @Override
    public void close() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                log.debug("lock", e);
            }
        }
    }
}
