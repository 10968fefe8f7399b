package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrontedCopy;
import tapedeck.container.mp4.Mp4Cutter;
import tapedeck.record.CutRefusedException.Reason;
import tapedeck.settings.Settings;

/// Parts of recordings as files of their own: `NAME-s11-e60.mp4`. A part is made when it is first asked for, sent again
/// from its file afterwards, and made anew when the recording has changed. A label inside each file says which part of
/// which recording it is; that makes it no recording, whatever its name.
public final class Cuts {
    /// Each has the index of its recording in memory: 4 MB for two hours.
    static final int MAX_AT_ONCE = 2;

    private static final Logger log = LoggerFactory.getLogger(Cuts.class);
    private static final String EXTENSION = ".mp4";
    private static final String GROWING_PREFIX = ".cut-";
    private static final int MAX_NAME_BYTES = 255;
    /// How many files of other people may have the name before a part is refused.
    private static final int MAX_NAMES = 10;
    /// What all our names look like; only such files are looked into.
    private static final Pattern NAME =
            Pattern.compile(".*-[se]\\d+(\\.\\d+)?(-e\\d+(\\.\\d+)?)?(~\\d+)?\\.mp4", Pattern.DOTALL);

    private final Path dir;
    private final long minSpaceBytes;
    private final DiskGuard guard;
    private final ConcurrentHashMap<String, CompletableFuture<Path>> running = new ConcurrentHashMap<>();
    private final Semaphore places = new Semaphore(MAX_AT_ONCE, true);
    private final AtomicLong made = new AtomicLong();

    Cuts(Settings.Recording settings, DiskGuard guard) {
        dir = settings.cutsDir().toAbsolutePath();
        minSpaceBytes = settings.minSpaceBytes();
        this.guard = guard;
    }

    /// Removes halves that a crash left. Only for a server that has its folders to itself.
    void deleteLeftOver() {
        if (!Files.isDirectory(dir)) {
            return;
        }
        try (var files = Files.newDirectoryStream(dir, GROWING_PREFIX + "*" + EXTENSION)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.warn("{}: {}", dir, e.toString());
        }
    }

    /// Whether a file is a part of a recording and not one itself.
    public static boolean isCut(Path file) {
        return origin(file) != null;
    }

    /// Whether a file is a part of the recording of this name.
    static boolean isCutOf(String fileName, Path file) {
        return originHex(fileName).equals(origin(file));
    }

    /// Whether it is worth looking into a file of this name.
    static boolean mayBeCut(String fileName) {
        return NAME.matcher(fileName).matches();
    }

    private static @Nullable String origin(Path file) {
        try {
            boolean look =
                    mayBeCut(file.getFileName().toString()) && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
            String label = look ? label(file) : null;
            return label == null ? null : label.substring(0, Math.max(0, label.indexOf(' ')));
        } catch (IOException | MalformedException _) {
            return null;
        }
    }

    /// Whether parts can be cut out of files of this name; others are sent whole.
    public static boolean canCut(String fileName) {
        return fileName.endsWith(EXTENSION);
    }

    /// The folder of all parts.
    public Path dir() {
        return dir;
    }

    /// Parts that were cut since the start; those that were there already do not count.
    long made() {
        return made.get();
    }

    /// The file with this part of the recording, made now if it is not there. Waits for its turn; whoever asks for the
    /// same part meanwhile gets the same file.
    public Path cut(Path recording, CutRange range) throws IOException, CutRefusedException {
        String key = recording.getFileName() + range.suffix();
        CompletableFuture<Path> mine = new CompletableFuture<>();
        CompletableFuture<Path> other = running.putIfAbsent(key, mine);
        if (other != null) {
            return join(other);
        }
        try {
            mine.complete(find(recording, range));
        } catch (IOException | CutRefusedException | RuntimeException e) {
            mine.completeExceptionally(e);
        } finally {
            running.remove(key, mine);
        }
        return join(mine);
    }

    private static Path join(CompletableFuture<Path> future) throws IOException, CutRefusedException {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof CutRefusedException refused) {
                throw refused;
            }
            if (e.getCause() instanceof IOException broken) {
                throw broken;
            }
            throw e;
        }
    }

    private Path find(Path recording, CutRange range) throws IOException, CutRefusedException {
        String label = "%s %d %d"
                .formatted(originHex(recording.getFileName().toString()), range.startMillis(), range.endMillis());
        String version = " %d %d"
                .formatted(
                        Files.size(recording),
                        Files.getLastModifiedTime(recording).toInstant().toEpochMilli());
        for (int i = 1; i <= MAX_NAMES; i++) {
            Path file = dir.resolve(name(recording, range, i));
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                try {
                    return make(recording, range, label + version, file, false);
                } catch (FileAlreadyExistsException _) {
                    // A recording got this name while the part was cut.
                    continue;
                }
            }
            String found = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? label(file) : null;
            if (found != null && found.equals(label + version)) {
                return file;
            }
            if (found != null && found.startsWith(label + " ")) {
                return make(recording, range, label + version, file, true);
            }
            // It is a recording that is called like that, or a part of another one with a name as long.
        }
        throw new CutRefusedException(Reason.CANNOT_BE_CUT, "other files have all the names that this part could have");
    }

    /// A file name can hold blanks, the label's fields cannot.
    private static String originHex(String fileName) {
        return Bytes.ofUtf8(fileName).toHex();
    }

    private static @Nullable String label(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            Bytes label = Mp4Cutter.label(channel);
            return label == null ? null : label.toUtf8();
        }
    }

    /// The recording's name and the times, in at most 255 bytes.
    static String name(Path recording, CutRange range, int number) {
        String fileName = recording.getFileName().toString();
        String base = fileName.substring(0, fileName.length() - EXTENSION.length());
        String end = range.suffix() + (number == 1 ? "" : "~" + number) + EXTENSION;
        while ((base + end).getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            base = base.substring(0, base.offsetByCodePoints(base.length(), -1));
        }
        return base + end;
    }

    /// @param replaces whether the name is that of an older form of this part
    private Path make(Path recording, CutRange range, String label, Path file, boolean replaces)
            throws IOException, CutRefusedException {
        Files.createDirectories(dir);
        places.acquireUninterruptibly();
        Path growing = dir.resolve(GROWING_PREFIX + UUID.randomUUID() + EXTENSION);
        try (FileChannel source = FileChannel.open(recording, StandardOpenOption.READ)) {
            Optional<FrontedCopy> cut =
                    Mp4Cutter.cut(source, range.startNanos(), range.endNanos(), Bytes.ofUtf8(label));
            if (cut.isEmpty()) {
                throw new CutRefusedException(Reason.NOTHING_THERE, "the recording has nothing between these times");
            }
            long left = dir.toFile().getUsableSpace() - cut.get().sizeBytes();
            if (!guard.enough() || left < minSpaceBytes) {
                log.warn("{}: no part is cut out. Not enough available disk space", recording);
                throw new CutRefusedException(Reason.NO_SPACE, "Not enough available disk space");
            }
            try (FileChannel target =
                    FileChannel.open(growing, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                cut.get().writeTo(target);
            }
            publish(growing, file, replaces);
            if (!Files.exists(recording, LinkOption.NOFOLLOW_LINKS)) {
                Files.deleteIfExists(file);
                throw new CutRefusedException(Reason.NOTHING_THERE, "the recording was deleted");
            }
            made.incrementAndGet();
            return file;
        } catch (MalformedException e) {
            throw new CutRefusedException(Reason.CANNOT_BE_CUT, String.valueOf(e.getMessage()));
        } finally {
            places.release();
            Files.deleteIfExists(growing);
        }
    }

    /// A rename would replace whatever has the name by now, be it a recording; a link does not.
    private static void publish(Path growing, Path file, boolean replaces) throws IOException {
        if (!replaces) {
            try {
                Files.createLink(file, growing);
                return;
            } catch (FileAlreadyExistsException e) {
                throw e;
            } catch (UnsupportedOperationException | FileSystemException _) {
                // No links here.
            }
        }
        Files.move(growing, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
