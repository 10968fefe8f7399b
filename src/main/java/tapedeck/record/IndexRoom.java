package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.container.Container;
import tapedeck.container.FinishOptions;
import tapedeck.container.FrontedCopy;
import tapedeck.container.IndexPlace;
import tapedeck.settings.Settings;

/// Where the index of an MP4 goes, and how much room is kept for it while the file grows.
///
/// | `mp4_container_moov_first` | `…_reserve_space` | |
/// |---|---|---|
/// | `true` | `false` | a small reserve, which finishing makes as large as the index |
/// | `true` | `true` | the reserve of the settings, which stays in the file, and grows if the index is larger |
/// | `false` | | the index at the end |
///
/// Where the file system cannot make a reserve larger, the file is copied once. A move to another file system is a copy
/// anyway, and does it by the way.
final class IndexRoom {
    /// Holds the index of a minute. A shorter file has as much unused as is left of it.
    static final int OWN_RESERVE_BYTES = 32 << 10;

    private static final Logger log = LoggerFactory.getLogger(IndexRoom.class);
    private static final String COPY = ".fronted";

    private final Settings.Mp4 mp4;
    private final long minSpaceBytes;

    IndexRoom(Settings.Recording settings) {
        mp4 = settings.mp4();
        minSpaceBytes = settings.minSpaceBytes();
    }

    int reserveBytes(Container container) {
        if (container != Container.MP4 || mp4.moovFirst() && mp4.keepsReserve()) {
            return mp4.reserveKib() << 10;
        }
        return mp4.moovFirst() ? OWN_RESERVE_BYTES : 0;
    }

    FinishOptions finishing(Path file) {
        return new FinishOptions(mp4.moovFirst() ? IndexPlace.FRONT : IndexPlace.END, new HoleInFile(file));
    }

    /// Brings the index of a finished file to the front if it is not there, as long as there is space for a copy;
    /// a file that goes to another file system waits for that.
    ///
    /// @return the size that the file will have in `folder`
    long bringToFront(Container container, Path media, Path folder) throws IOException {
        Path copy = media.resolveSibling(media.getFileName() + COPY);
        try (FileChannel file = FileChannel.open(media, StandardOpenOption.READ)) {
            Optional<FrontedCopy> fronted = fronted(container, file);
            if (fronted.isEmpty()) {
                return file.size();
            }
            if (!Files.getFileStore(media).equals(Files.getFileStore(folder))) {
                return fronted.get().sizeBytes();
            }
            if (Files.getFileStore(media).getUsableSpace() - file.size() < minSpaceBytes) {
                log.info("{}: no space for a copy with its index in front", media);
                return file.size();
            }
            write(fronted.get(), copy);
            Files.move(copy, media, StandardCopyOption.ATOMIC_MOVE);
            return Files.size(media);
        } catch (IOException e) {
            log.warn("{}: its index stays at the end: {}", media, e.toString());
            return Files.size(media);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    /// Copies a finished file to another file system.
    void copy(Container container, Path media, Path copy) throws IOException {
        try (FileChannel file = FileChannel.open(media, StandardOpenOption.READ)) {
            Optional<FrontedCopy> fronted = fronted(container, file);
            if (fronted.isPresent()) {
                write(fronted.get(), copy);
                return;
            }
        }
        Files.copy(media, copy, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel file = FileChannel.open(copy, StandardOpenOption.WRITE)) {
            file.force(true);
        }
    }

    private Optional<FrontedCopy> fronted(Container container, FileChannel file) throws IOException {
        return mp4.moovFirst() ? container.fronted(file) : Optional.empty();
    }

    private static void write(FrontedCopy fronted, Path copy) throws IOException {
        try (FileChannel target = FileChannel.open(
                copy, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            fronted.writeTo(target);
            target.force(true);
        }
    }
}
