package tapedeck.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.database.Database;
import tapedeck.record.RecordingRefusedException.Reason;
import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Publisher;
import tapedeck.stream.Renditions;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// All recordings of the server: those that grow and those that are finished.
public final class Recordings implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Recordings.class);

    /// What may wait for the disk, of all recordings together, is this part of the heap.
    private static final int BACKLOG_SHARE_OF_HEAP = 3;

    private final Settings.Recording settings;
    private final Streams streams;
    private final Hooks hooks;
    private final Finisher finisher;
    private final RecordFolder folder;
    private final Catalogue catalogue;
    private final FolderLock lock;
    private final FolderLock dataLock;
    private final Cuts cuts;
    private final Studio studio;
    private final List<DiskWriter> writers = new ArrayList<>();

    // Guarded by this. A session has one recording; those that were stopped stay in `open` until their files are done.
    private final Map<String, Recorder> current = new HashMap<>();
    private final Set<Recorder> open = new LinkedHashSet<>();
    private boolean closed;

    /// Converts no sound.
    public Recordings(Settings settings, Streams streams) throws IOException {
        this(settings, streams, Renditions.NONE);
    }

    /// Makes the folders and records, from now on, the streams that the settings or their publishers want recorded.
    ///
    /// @param renditions for sound that a file cannot have as it is
    public Recordings(Settings settings, Streams streams, Renditions renditions) throws IOException {
        this(
                settings,
                streams,
                renditions,
                guard(settings.recording()),
                new Hooks(settings.hooks().onRecord()),
                _ -> {});
    }

    Recordings(Settings settings, Streams streams, DiskGuard guard, Hooks hooks, Consumer<FinishStep> steps)
            throws IOException {
        this(settings, streams, Renditions.NONE, guard, hooks, steps);
    }

    /// @param steps told of every step of finishing, on the thread that does it
    Recordings(
            Settings settings,
            Streams streams,
            Renditions renditions,
            DiskGuard guard,
            Hooks hooks,
            Consumer<FinishStep> steps)
            throws IOException {
        this.settings = settings.recording();
        this.streams = streams;
        this.hooks = hooks;
        Files.createDirectories(this.settings.dir());
        Files.createDirectories(this.settings.tmpDir());
        this.folder = new RecordFolder(this.settings.dir(), this.settings.cutsDir());
        Path dataDir = Files.createDirectories(settings.dataDir());
        this.lock = FolderLock.of(this.settings.tmpDir());
        this.cuts = new Cuts(this.settings, guard);
        Journals journals =
                new Journals(this.settings.tmpDir(), this.settings.fsync().isPresent());
        this.dataLock = Files.isSameFile(dataDir, this.settings.tmpDir()) ? lock : FolderLock.of(dataDir);
        this.catalogue = new Catalogue(settings.dataDir(), folder, journals, this::growing);
        IndexRoom indexRoom = new IndexRoom(this.settings);
        this.finisher = new Finisher(this.settings.dir(), journals, hooks, indexRoom, this::happened, steps);
        this.studio = new Studio(
                this.settings,
                journals,
                finisher,
                guard,
                indexRoom,
                new ByteBudget(Runtime.getRuntime().maxMemory() / BACKLOG_SHARE_OF_HEAP),
                this::happened,
                renditions);
        for (int i = 0; i < this.settings.threads(); i++) {
            writers.add(new DiskWriter("disk-" + i));
        }
        streams.addListener(new Streams.Listener() {
            @Override
            public void published(Stream stream) {
                if (wanted(stream.publisher())) {
                    begin(stream, serverNaming(), serverRotation());
                }
            }

            @Override
            public void ended(Stream stream, String reason) {
                // The recorder's reader gets to know by itself, after the last frame.
            }
        });
    }

    private static DiskGuard guard(Settings.Recording settings) throws IOException {
        Files.createDirectories(settings.dir());
        Files.createDirectories(settings.tmpDir());
        return new DiskGuard(
                List.of(settings.tmpDir().toAbsolutePath(), settings.dir().toAbsolutePath()), settings.minSpaceBytes());
    }

    /// Whether no other server uses the folder of growing files, or the data folder.
    public boolean isAlone() {
        return lock.held() && dataLock.held();
    }

    /// From now on the catalogue is written to this database, which may be away at any time, and finished recordings
    /// are deleted as the settings say. To be called after [#recover].
    public void keepCatalogue(Database database) {
        catalogue.keep(
                database,
                new RetentionRules(
                        settings.retention(),
                        InstantSource.system(),
                        () -> settings.dir().toFile().getUsableSpace()));
    }

    /// The files of recordings, growing and finished, as far as `query` asks for them.
    public RecordingPage find(RecordingQuery query) throws CatalogueAwayException {
        return catalogue.find(query);
    }

    public Optional<RecordingEntry> find(String id) throws CatalogueAwayException {
        return catalogue.find(id);
    }

    /// Deletes a finished file, what was cut from it, and all that is known of it.
    ///
    /// @throws IOException if the disk refuses
    public Deletion delete(String id) throws CatalogueAwayException, IOException {
        return catalogue.delete(id);
    }

    private synchronized Map<String, Parts.Growing> growing() {
        Map<String, Parts.Growing> growing = new HashMap<>();
        for (Recorder recorder : open) {
            Parts.Growing part = recorder.growing();
            if (part != null) {
                growing.put(part.id(), part);
            }
        }
        return growing;
    }

    /// On a writer's or the finisher's thread.
    private void happened(FileEvent event) {
        catalogue.happened(event);
        switch (event) {
            case FileEvent.Placed placed -> folder.add(placed.file(), placed.summary());
            case FileEvent.Begun _, FileEvent.Ended _, FileEvent.Empty _, FileEvent.Failed _, FileEvent.Told _ -> {
                // Nothing of it is in the folder.
            }
        }
    }

    /// Finishes what a crash left open, and returns how many files that were. Hooks run afterwards, once for each
    /// file.
    public int recover() {
        if (!lock.held()) {
            log.warn("recovery: not done, a server that runs uses {}", settings.tmpDir());
            return 0;
        }
        try {
            return finisher.recover();
        } catch (IOException e) {
            log.warn("recovery: {}", e.toString());
            return 0;
        }
    }

    /// Starts a recording on demand, also where nothing is recorded by itself. One that runs for this media session
    /// is stopped.
    public ActiveRecording start(String mediaSessionId, RecordingRequest request) throws RecordingRefusedException {
        Stream stream = streams.findBySession(mediaSessionId)
                .orElseThrow(() -> refused(Reason.NO_SUCH_STREAM, "no stream has the media session " + mediaSessionId));
        if (!studio.guard().enough()) {
            log.warn("recording {}: not started. Not enough available disk space", stream.name());
            throw refused(Reason.NO_SPACE, "Not enough available disk space");
        }
        Naming server = serverNaming();
        String template = request.fileTemplate();
        Naming naming =
                template == null ? server : new Naming(template, server.encoding(), server.excludedCharacters());
        String rotation = request.rotation();
        return begin(stream, naming, rotation == null ? serverRotation() : Rotation.parse(rotation))
                .orElseThrow(() -> refused(Reason.STOPPING, "the server is stopping"))
                .snapshot();
    }

    /// Stops the recording of this media session; its file is finished in the background.
    public void terminate(String mediaSessionId) throws RecordingRefusedException {
        Recorder recorder;
        synchronized (this) {
            recorder = current.remove(mediaSessionId);
        }
        if (recorder != null) {
            recorder.stop(EndReason.STOPPED);
        } else if (streams.findBySession(mediaSessionId).isPresent()) {
            throw refused(Reason.NOT_RECORDED, "media session %s is not being recorded".formatted(mediaSessionId));
        } else {
            throw refused(Reason.NO_SUCH_STREAM, "no stream has the media session " + mediaSessionId);
        }
    }

    /// The recordings that are not yet finished files, oldest first.
    public synchronized List<ActiveRecording> active() {
        return open.stream().map(Recorder::snapshot).toList();
    }

    /// The files in the folder of recordings, newest first, at most 10,000.
    public List<FinishedRecording> finished() {
        return folder.list();
    }

    /// The finished file of this name: inside the folder, no link, nothing hidden.
    public Optional<Path> file(String fileName) {
        return folder.file(fileName);
    }

    /// Parts of finished files.
    public Cuts cuts() {
        return cuts;
    }

    public synchronized boolean isRecording(String mediaSessionId) {
        return current.containsKey(mediaSessionId);
    }

    /// @param writeCalls system calls that wrote to recordings so far
    /// @param writtenBytes what they wrote
    /// @param growing recordings that are not yet finished files
    /// @param finishedFiles that were brought to their end since the start
    /// @param failedFiles that could not be finished at the first attempt; some are later
    public record Statistics(long writeCalls, long writtenBytes, int growing, long finishedFiles, long failedFiles) {}

    public Statistics statistics() {
        long calls = 0;
        long bytes = 0;
        for (DiskWriter writer : writers) {
            calls += writer.writeCalls();
            bytes += writer.writtenBytes();
        }
        synchronized (this) {
            return new Statistics(calls, bytes, open.size(), finisher.finishedFiles(), finisher.failedFiles());
        }
    }

    /// For tests: what is on these threads is done in order.
    List<DiskWriter> writers() {
        return List.copyOf(writers);
    }

    private Naming serverNaming() {
        return new Naming(settings.nameTemplate(), settings.nameEncoding(), settings.excludedCharacters());
    }

    private Rotation serverRotation() {
        return Rotation.parse(settings.rotation());
    }

    private boolean wanted(Publisher publisher) {
        return settings.streams()
                && switch (publisher.recording()) {
                    case YES -> true;
                    case NO -> false;
                    case AS_CONFIGURED ->
                        switch (publisher.protocol()) {
                            case RTMP -> settings.rtmpStreams();
                            case RTSP -> settings.rtspStreams();
                            case WEBRTC -> settings.whipStreams();
                            // No setting turns these on: their publishers ask for it, or somebody does by REST.
                            case RTP, MPEGTS, LIVEFLV, HTTP -> false;
                        };
                };
    }

    private synchronized Optional<Recorder> begin(Stream stream, Naming naming, Rotation rotation) {
        if (closed) {
            return Optional.empty();
        }
        Recorder before = current.remove(stream.mediaSessionId());
        if (before != null) {
            before.stop(EndReason.STOPPED);
        }
        DiskWriter writer = writers.stream()
                .min(Comparator.comparingInt(candidate -> candidate.recordings().get()))
                .orElseThrow();
        Recorder recorder = new Recorder(studio, stream, naming, rotation, writer);
        current.put(stream.mediaSessionId(), recorder);
        open.add(recorder);
        var _ = recorder.ended().thenRun(() -> forget(recorder));
        var _ = recorder.done().thenRun(() -> forgetWholly(recorder));
        recorder.start();
        return Optional.of(recorder);
    }

    private synchronized void forget(Recorder recorder) {
        current.remove(recorder.stream().mediaSessionId(), recorder);
    }

    private synchronized void forgetWholly(Recorder recorder) {
        open.remove(recorder);
    }

    private static RecordingRefusedException refused(Reason reason, String message) {
        return new RecordingRefusedException(reason, message);
    }

    /// Finishes all open recordings, within `record_stop_timeout`. What is not done by then is done at the next
    /// start.
    @Override
    public void close() {
        long endNanos = System.nanoTime()
                + Duration.ofSeconds(settings.stopTimeoutSeconds()).toNanos();
        List<Recorder> rest;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            rest = List.copyOf(open);
        }
        rest.forEach(recorder -> recorder.stop(EndReason.STOPPED));
        try {
            CompletableFuture.allOf(rest.stream().map(Recorder::done).toArray(CompletableFuture<?>[]::new))
                    .get(Math.max(0, endNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            log.warn("recordings: not all could be finished in time, the rest is finished at the next start");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        for (DiskWriter writer : writers) {
            writer.close(Math.max(0, endNanos - System.nanoTime()));
        }
        finisher.close(Math.max(0, endNanos - System.nanoTime()));
        if (!hooks.close(Duration.ofNanos(Math.max(0, endNanos - System.nanoTime())))) {
            log.warn("recordings: a hook still runs");
        }
        catalogue.close();
        folder.close();
        lock.close();
        dataLock.close();
    }
}
