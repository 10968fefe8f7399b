package tapedeck.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// The folder of growing files, and the journal of each: `.tapedeck-ID.mp4` and `.tapedeck-ID.json`, hidden, so that
/// the folder can be the one where finished recordings are.
final class Journals {
    static final String PREFIX = ".tapedeck-";
    static final String BROKEN = ".broken";
    /// A journal is far smaller; a larger file is none.
    static final int MAX_JOURNAL_BYTES = 64 << 10;

    private static final Logger log = LoggerFactory.getLogger(Journals.class);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    private static final String SUFFIX = ".json";
    private static final String NEW = ".new";
    /// What a journal becomes in the moment in which its hook starts.
    private static final String HOOKED = ".hooked";

    private final Path folder;
    private final boolean synced;
    private final Set<String> own = ConcurrentHashMap.newKeySet();
    private final ObjectMapper json = JsonMapper.builder().build();

    Journals(Path folder) {
        this(folder, false);
    }

    /// @param synced whether a journal outlives a power cut: without it the file beside it has no name any more,
    /// however much of it was synced
    Journals(Path folder, boolean synced) {
        this.folder = folder.toAbsolutePath();
        this.synced = synced;
        // The mapper learns the type now, and not on the thread that writes the first recording.
        json.readerFor(Journal.class);
        json.writerFor(Journal.class);
    }

    /// An id for a new file of this process; recovery leaves it alone.
    String newId() {
        String id = UUID.randomUUID().toString();
        own.add(id);
        return id;
    }

    boolean isOwn(String id) {
        return own.contains(id);
    }

    Path folder() {
        return folder;
    }

    /// The growing file.
    Path media(Journal journal) {
        return media(journal.id(), journal.container());
    }

    private Path media(String id, Container container) {
        return folder.resolve(PREFIX + id + "." + container.extension());
    }

    /// Where the messages that belong to the growing file are gathered.
    Path messages(Journal journal) {
        return folder.resolve(PREFIX + journal.id() + MessageLog.SUFFIX);
    }

    Path path(Journal journal) {
        return path(journal.id());
    }

    /// Where the hook's process moves the journal before it becomes the hook: whoever succeeds starts it, be it
    /// the child of a server that died or that of the next one, and nobody else.
    Path hooked(Journal journal) {
        return folder.resolve(PREFIX + journal.id() + HOOKED);
    }

    /// Removes the journals whose hooks were started by a server that is gone, and gives their paths.
    List<Path> deleteHooked() throws IOException {
        List<Path> deleted = new ArrayList<>();
        try (var files = Files.newDirectoryStream(folder, PREFIX + "*" + HOOKED)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
                deleted.add(file);
            }
        }
        return deleted;
    }

    private Path path(String id) {
        return folder.resolve(PREFIX + id + SUFFIX);
    }

    /// Replaces the journal in one step: a crash leaves the old one or the new one.
    void write(Journal journal) throws IOException {
        Path target = path(journal.id());
        Path fresh = target.resolveSibling(target.getFileName() + NEW);
        ByteBuffer text = ByteBuffer.wrap(json.writeValueAsBytes(journal));
        try (FileChannel file = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (text.hasRemaining()) {
                file.write(text);
            }
            if (synced) {
                file.force(true);
            }
        }
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Whether something is still to be done for this file, or its hook runs.
    boolean isPending(String id) {
        return Files.exists(path(id)) || Files.exists(folder.resolve(PREFIX + id + HOOKED));
    }

    /// Removes what was set aside of a file that nobody could finish.
    void deleteBroken(String id) throws IOException {
        List<Path> files = new ArrayList<>();
        try (var found = Files.newDirectoryStream(folder, file -> {
            String name = file.getFileName().toString();
            return name.startsWith(PREFIX + id + ".") && name.endsWith(BROKEN);
        })) {
            found.forEach(files::add);
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }

    void delete(Journal journal) throws IOException {
        Files.deleteIfExists(path(journal.id()));
        Files.deleteIfExists(hooked(journal));
        own.remove(journal.id());
    }

    /// The ids of all journals in the folder.
    List<String> ids() throws IOException {
        List<String> ids = new ArrayList<>();
        try (var files = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                String id = name.substring(PREFIX.length(), name.length() - SUFFIX.length());
                if (ID.matcher(id).matches()) {
                    ids.add(id);
                } else {
                    log.warn("not a journal of ours, left alone: {}", file);
                }
            }
        }
        ids.sort(null);
        return ids;
    }

    /// @throws MalformedException if the file is no journal
    Journal read(String id) throws IOException {
        Path path = path(id);
        long size = Files.size(path);
        if (size > MAX_JOURNAL_BYTES) {
            throw new MalformedException("%s: %d bytes".formatted(path, size));
        }
        try {
            Journal journal = json.readValue(Files.readAllBytes(path), Journal.class);
            if (!id.equals(journal.id()) || !complete(journal)) {
                throw new MalformedException("%s: not a journal of this file".formatted(path));
            }
            return journal;
        } catch (JacksonException e) {
            throw new MalformedException("%s: %s".formatted(path, e.getOriginalMessage()), e);
        }
    }

    // A file that somebody edited can lack anything, whatever the record's types say.
    private static boolean complete(Journal journal) {
        return (journal.placement() == null || isPlain(journal.placement().fileName()))
                && (journal.reservedName() == null || isPlain(journal.reservedName()))
                && Objects.nonNull(journal.container())
                && Objects.nonNull(journal.naming())
                && Objects.nonNull(journal.naming().template())
                && Objects.nonNull(journal.naming().encoding())
                && Objects.nonNull(journal.naming().excludedCharacters())
                && Objects.nonNull(journal.origin())
                && Objects.nonNull(journal.origin().streamName())
                && Objects.nonNull(journal.origin().mediaSessionId())
                && Objects.nonNull(journal.origin().sessionId())
                && Objects.nonNull(journal.origin().login())
                && Objects.nonNull(journal.origin().audioCodec())
                && Objects.nonNull(journal.origin().videoCodec());
    }

    /// One visible name in one folder: whoever can write into the folder of growing files must not choose another.
    private static boolean isPlain(@Nullable String fileName) {
        return fileName != null
                && !fileName.isEmpty()
                && !fileName.startsWith(".")
                && fileName.chars().noneMatch(c -> c == '/' || c == 0);
    }

    /// Puts what cannot be used out of the way, without losing a byte of it: [#BROKEN] is added to the names.
    void setAside(String id) throws IOException {
        List<Path> files = new ArrayList<>();
        try (var found = Files.newDirectoryStream(folder, PREFIX + id + ".*")) {
            found.forEach(files::add);
        }
        for (Path file : files) {
            if (!file.toString().endsWith(BROKEN)) {
                Files.move(file, file.resolveSibling(file.getFileName() + BROKEN));
            }
        }
    }

    /// Growing files without a journal, which only somebody else's hand can leave, and halves of journals that a crash
    /// left.
    List<Path> orphans() throws IOException {
        List<Path> orphans = new ArrayList<>();
        try (var files = Files.newDirectoryStream(folder, PREFIX + "*")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                int end = name.indexOf('.', PREFIX.length());
                String id = end < 0 ? name.substring(PREFIX.length()) : name.substring(PREFIX.length(), end);
                if (!name.endsWith(BROKEN) && !name.endsWith(HOOKED) && !isOwn(id) && !Files.exists(path(id))) {
                    orphans.add(file);
                }
            }
        }
        return orphans;
    }

    /// Size of the growing file, -1 if there is none.
    long mediaSize(Journal journal) throws IOException {
        try {
            return Files.size(media(journal));
        } catch (NoSuchFileException _) {
            return -1;
        }
    }
}
