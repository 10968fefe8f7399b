package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.Summary;
import tapedeck.media.Track;

/// The finished files. The folder itself is the list; what is inside a file is read once, on a thread of its own.
final class RecordFolder implements AutoCloseable {
    /// Says that this is the folder which the catalogue knows, and not the empty place where its disk is not mounted.
    static final String MARKER = ".tapedeck.folder";
    /// The longest list.
    static final int MAX_LISTED = 10_000;
    /// How long a list waits for files that nobody has looked into yet.
    static final Duration PROBE_PATIENCE = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(RecordFolder.class);

    /// The first is that of the catalogue's disk; of two files of one name its own counts.
    private final List<Path> folders;

    private final Path cuts;
    // By file name. A file that changed is another one.
    private final Map<String, Looked> looked = new ConcurrentHashMap<>();
    private final Map<String, KnownCut> knownCuts = new ConcurrentHashMap<>();
    private final Set<Key> waiting = ConcurrentHashMap.newKeySet();
    private final ExecutorService thread =
            new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                Thread created = new Thread(task, "record-folder");
                created.setDaemon(true);
                return created;
            });

    private record Key(String fileName, long sizeBytes, Instant modifiedAt) {}

    private record Looked(Key key, @Nullable Summary summary) {}

    private record Listed(Key key, Container container) {}

    private record KnownCut(Key key, boolean cut) {}

    /// Of a file, as far as the folder shows it.
    record Facts(long sizeBytes, long modifiedAtMillis) {}

    /// @param cuts where cuts are; may be the same folder
    RecordFolder(Path folder, Path cuts) {
        this(folder, cuts, folder);
    }

    /// @param multi where recordings of many streams are; may be the same folder
    RecordFolder(Path folder, Path cuts, Path multi) {
        this.folders = Stream.of(folder, multi)
                .map(path -> path.toAbsolutePath().normalize())
                .distinct()
                .toList();
        this.cuts = cuts.toAbsolutePath();
    }

    /// When a name was last added, removed or changed; empty if a folder cannot be read.
    Optional<FileTime> changedAt() {
        try {
            FileTime last = Files.getLastModifiedTime(folders.getFirst());
            for (Path folder : folders) {
                FileTime changed = Files.getLastModifiedTime(folder);
                last = changed.compareTo(last) > 0 ? changed : last;
            }
            return Optional.of(last);
        } catch (IOException e) {
            log.debug("{}", folders, e);
            return Optional.empty();
        }
    }

    boolean isMarked() {
        return folders.stream().allMatch(RecordFolder::isMarked);
    }

    private static boolean isMarked(Path folder) {
        return Files.exists(folder.resolve(MARKER));
    }

    /// A folder that cannot be written stays as it is.
    void mark() {
        for (Path folder : folders) {
            try {
                Files.createFile(folder.resolve(MARKER));
            } catch (IOException e) {
                log.debug("{}", folder, e);
            }
        }
    }

    /// As before [#mark].
    void unmark() throws IOException {
        for (Path folder : folders) {
            Files.deleteIfExists(folder.resolve(MARKER));
        }
    }

    /// The one that is not marked, if there is one.
    Path path() {
        return folders.stream().filter(folder -> !isMarked(folder)).findFirst().orElse(folders.getFirst());
    }

    /// The recordings by name, however many there are.
    Map<String, Facts> files() throws IOException {
        Map<String, Facts> files = new HashMap<>();
        for (Listed listed : read()) {
            Key key = listed.key();
            files.put(
                    key.fileName(), new Facts(key.sizeBytes(), key.modifiedAt().toEpochMilli()));
        }
        return files;
    }

    /// Of one recording, as it is now; empty if no such file is there.
    Optional<Facts> facts(String fileName) throws IOException {
        Optional<Path> file = file(fileName);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try {
            BasicFileAttributes attributes = attributes(file.get());
            return Optional.of(
                    new Facts(attributes.size(), attributes.lastModifiedTime().toMillis()));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    /// What is in a file; null if it is none of ours.
    @Nullable
    Summary look(String fileName, Facts facts) {
        Looked known = looked.get(fileName);
        if (known != null
                && known.key().sizeBytes() == facts.sizeBytes()
                && known.key().modifiedAt().toEpochMilli() == facts.modifiedAtMillis()) {
            return known.summary();
        }
        Container container = container(fileName);
        return container == null ? null : summary(fileName, container);
    }

    /// Removes a recording with its messages and what was cut from it. A name that is no recording is left alone.
    void delete(String fileName) throws IOException {
        Optional<Path> file = file(fileName);
        if (file.isPresent()) {
            Files.deleteIfExists(file.get());
            Files.deleteIfExists(MessageLog.beside(file.get()));
            Files.deleteIfExists(CallTimeline.beside(file.get()));
        }
        try (var found = Files.newDirectoryStream(cuts)) {
            for (Path cut : found) {
                if (Cuts.isCutOf(fileName, cut)) {
                    Files.deleteIfExists(cut);
                }
            }
        } catch (NoSuchFileException _) {
            // Nothing was ever cut.
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        looked.remove(fileName);
    }

    /// What is known of a file anyway.
    void add(Path file, Summary summary) {
        try {
            BasicFileAttributes attributes = attributes(file);
            Key key = key(file, attributes);
            if (looked.size() >= MAX_LISTED) {
                looked.clear();
            }
            looked.put(key.fileName(), new Looked(key, summary));
        } catch (IOException e) {
            // A hook may have taken it away already.
            log.debug("{}", file, e);
        }
    }

    /// Newest first.
    List<FinishedRecording> list() {
        List<Listed> files = scan();
        files.sort(Comparator.comparing((Listed listed) -> listed.key().modifiedAt())
                .reversed()
                .thenComparing(listed -> listed.key().fileName()));
        if (files.size() > MAX_LISTED) {
            files.subList(MAX_LISTED, files.size()).clear();
        }
        look(files);
        List<FinishedRecording> list = new ArrayList<>();
        for (Listed listed : files) {
            list.add(recording(listed));
        }
        return list;
    }

    /// The file of this name: a visible recording in these very folders, not a link to elsewhere.
    Optional<Path> file(String fileName) {
        if (fileName.startsWith(".") || container(fileName) == null) {
            return Optional.empty();
        }
        return folders.stream()
                .map(folder -> file(folder, fileName))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<Path> file(Path folder, String fileName) {
        try {
            Path name = Path.of(fileName);
            Path file = folder.resolve(name);
            boolean inside = name.getNameCount() == 1 && !name.isAbsolute() && folder.equals(file.getParent());
            return inside && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    ? Optional.of(file)
                    : Optional.empty();
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }

    /// What was said or happened during a recording: `FILE.messages.jsonl`, `FILE.timeline.json`, as [#file] for the
    /// recording itself.
    Optional<Path> beside(String fileName) {
        String suffix = fileName.endsWith(CallTimeline.SUFFIX) ? CallTimeline.SUFFIX : MessageLog.SUFFIX;
        if (!fileName.endsWith(suffix)) {
            return Optional.empty();
        }
        return file(fileName.substring(0, fileName.length() - suffix.length()))
                .map(recording -> MessageLog.beside(recording, suffix))
                .filter(log -> Files.isRegularFile(log, LinkOption.NOFOLLOW_LINKS));
    }

    private List<Listed> scan() {
        try {
            List<Listed> files = read();
            Set<String> names = new HashSet<>();
            files.forEach(file -> names.add(file.key().fileName()));
            looked.keySet().retainAll(names);
            return files;
        } catch (IOException e) {
            log.warn("{}: cannot be listed: {}", folders, e.toString());
            return new ArrayList<>();
        }
    }

    /// Only files whose names could be those of cuts are looked into, and only once.
    private boolean isCut(Key key) {
        if (!Cuts.mayBeCut(key.fileName())) {
            return false;
        }
        KnownCut known = knownCuts.get(key.fileName());
        if (known == null || !known.key().equals(key)) {
            known = new KnownCut(key, Cuts.isCut(located(key.fileName())));
            knownCuts.put(key.fileName(), known);
        }
        return known.cut();
    }

    private List<Listed> read() throws IOException {
        List<Listed> files = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Path folder : folders) {
            read(folder, files, names);
        }
        files.removeIf(file -> isCut(file.key()));
        knownCuts.keySet().retainAll(names);
        return files;
    }

    private static void read(Path folder, List<Listed> files, Set<String> names) throws IOException {
        try (var entries = Files.newDirectoryStream(folder)) {
            for (Path file : entries) {
                String name = file.getFileName().toString();
                Container container = name.startsWith(".") ? null : container(name);
                if (container == null) {
                    continue;
                }
                try {
                    BasicFileAttributes attributes = attributes(file);
                    if (attributes.isRegularFile() && names.add(name)) {
                        files.add(new Listed(key(file, attributes), container));
                    }
                } catch (NoSuchFileException _) {
                    // Moved away while we look.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private Path located(String fileName) {
        return file(fileName).orElse(folders.getFirst().resolve(fileName));
    }

    /// Looks into files that are new here, and waits a little for that.
    private void look(List<Listed> files) {
        Map<Key, Container> unknown = new HashMap<>();
        for (Listed listed : files) {
            Looked known = looked.get(listed.key().fileName());
            if (known == null || !known.key().equals(listed.key())) {
                unknown.put(listed.key(), listed.container());
            }
        }
        if (unknown.isEmpty()) {
            return;
        }
        unknown.forEach((key, container) -> {
            if (waiting.add(key)) {
                thread.execute(() -> probe(key, container));
            }
        });
        long endNanos = System.nanoTime() + PROBE_PATIENCE.toNanos();
        synchronized (waiting) {
            for (long left = PROBE_PATIENCE.toNanos(); left > 0; left = endNanos - System.nanoTime()) {
                if (unknown.keySet().stream().noneMatch(waiting::contains)) {
                    return;
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(waiting, left);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }

    private void probe(Key key, Container container) {
        Summary summary = null;
        try {
            summary = summary(key.fileName(), container);
        } finally {
            looked.put(key.fileName(), new Looked(key, summary));
            synchronized (waiting) {
                waiting.remove(key);
                waiting.notifyAll();
            }
        }
    }

    private @Nullable Summary summary(String fileName, Container container) {
        try (FileChannel file = FileChannel.open(located(fileName), StandardOpenOption.READ)) {
            return container.probe(file);
        } catch (IOException | MalformedException e) {
            log.debug("{}: not one of our recordings", fileName, e);
        } catch (RuntimeException e) {
            log.error("{}: cannot be looked into", fileName, e);
        }
        return null;
    }

    private FinishedRecording recording(Listed listed) {
        Key key = listed.key();
        Looked known = looked.get(key.fileName());
        Summary summary = known != null && known.key().equals(key) ? known.summary() : null;
        List<Track> tracks = summary == null ? List.of() : summary.tracks();
        boolean video = tracks.isEmpty() || tracks.stream().anyMatch(Track::isVideo);
        return new FinishedRecording(
                key.fileName(),
                listed.container().mediaType(video),
                key.sizeBytes(),
                summary == null ? FinishedRecording.UNKNOWN : summary.durationNanos(),
                tracks,
                key.modifiedAt());
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static Key key(Path file, BasicFileAttributes attributes) {
        return new Key(
                file.getFileName().toString(),
                attributes.size(),
                attributes.lastModifiedTime().toInstant());
    }

    static @Nullable Container container(String fileName) {
        int dot = fileName.lastIndexOf('.');
        String extension = fileName.substring(dot + 1);
        for (Container container : Container.values()) {
            if (dot > 0 && container.extension().equals(extension)) {
                return container;
            }
        }
        return null;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
