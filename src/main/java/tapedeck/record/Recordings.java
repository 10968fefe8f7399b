package tapedeck.record;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
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

    /// In the data folder: what is still to be told.
    private static final String WEBHOOKS = "webhooks";

    /// What may wait for the disk, of all recordings together, is this part of the heap.
    private static final int BACKLOG_SHARE_OF_HEAP = 3;

    private final Settings.Recording settings;
    private final Streams streams;
    private final Hooks hooks;
    private final Hooks multiHooks;
    private final @Nullable Webhook webhook;
    private final Finisher finisher;
    private final RecordFolder folder;
    private final Catalogue catalogue;
    private final FolderLock lock;
    private final FolderLock dataLock;
    private final Cuts cuts;
    private final Studio studio;
    private final List<DiskWriter> writers = new ArrayList<>();

    private final Roster roster;
    private final MultiRecordings multi;

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
                new Hooks(
                        settings.hooks().onRecord(),
                        Duration.ofSeconds(settings.hooks().timeoutSeconds()),
                        settings.hooks().parallel()),
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
        this.multiHooks = new Hooks(
                settings.hooks().onMultiple(),
                Duration.ofSeconds(settings.hooks().multipleTimeoutSeconds()),
                settings.hooks().parallel());
        multiHooks.tell(
                "HOOK_LOG_DIR",
                settings.dataDir().toAbsolutePath().resolve("logs").toString());
        Files.createDirectories(this.settings.dir());
        Files.createDirectories(this.settings.tmpDir());
        Files.createDirectories(this.settings.multiDir());
        this.folder = new RecordFolder(this.settings.dir(), this.settings.cutsDir(), this.settings.multiDir());
        Path dataDir = Files.createDirectories(settings.dataDir());
        this.lock = FolderLock.of(this.settings.tmpDir());
        this.cuts = new Cuts(this.settings, guard);
        if (lock.held()) {
            cuts.deleteLeftOver();
        }
        Journals journals =
                new Journals(this.settings.tmpDir(), this.settings.fsync().isPresent());
        this.dataLock = Files.isSameFile(dataDir, this.settings.tmpDir()) ? lock : FolderLock.of(dataDir);
        this.catalogue = new Catalogue(settings.dataDir(), folder, journals, this::growing);
        IndexRoom indexRoom = new IndexRoom(this.settings);
        Settings.Webhook target = settings.hooks().webhook().orElse(null);
        this.webhook = target == null
                ? null
                : new Webhook(target, dataDir.resolve(WEBHOOKS), this::folderOf, this::happened, Webhook.FIRST_RETRY);
        Finisher.Destination single = new Finisher.Destination(this.settings.dir(), hooks);
        this.finisher = new Finisher(
                journals,
                single,
                single.beside(this.settings.multiDir(), multiHooks),
                webhook,
                indexRoom,
                this::happened,
                steps);
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
        this.roster = new Roster(
                studio,
                writers,
                stream -> streams.findBySession(stream.mediaSessionId()).isPresent());
        this.multi = new MultiRecordings(studio, streams, serverNaming(), roster::freest);
        streams.keepPast(TimeUnit.SECONDS.toNanos(this.settings.prerollSeconds()));
        recordWhatIsWanted();
    }

    private void recordWhatIsWanted() {
        Streams.Listener listener = new Streams.Listener() {
            @Override
            public void published(Stream stream) {
                if (wanted(stream.publisher())) {
                    roster.begin(stream, new Plan(serverNaming(), serverRotation(), 0, Plan.Begun.BY_SETTINGS));
                }
            }

            @Override
            public void ended(Stream stream, String reason) {
                // The recorder's reader gets to know by itself, after the last frame.
            }
        };
        streams.addListener(listener);
    }

    private static DiskGuard guard(Settings.Recording settings) throws IOException {
        Files.createDirectories(settings.dir());
        Files.createDirectories(settings.tmpDir());
        Files.createDirectories(settings.multiDir());
        return new DiskGuard(
                List.of(
                        settings.tmpDir().toAbsolutePath(),
                        settings.dir().toAbsolutePath(),
                        settings.multiDir().toAbsolutePath()),
                settings.minSpaceBytes());
    }

    /// Whether no other server uses the folder of growing files, so that they can be recovered.
    public boolean mayRecover() {
        return lock.held();
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
                        () -> Files.getFileStore(settings.dir()).getUsableSpace()));
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

    private Map<String, Parts.Growing> growing() {
        Map<String, Parts.Growing> growing = roster.growing();
        growing.putAll(multi.growing());
        return growing;
    }

    private Path folderOf(Journal journal) {
        return journal.origin().ofMany() ? settings.multiDir() : settings.dir();
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

    /// Finishes what a crash left open, and returns how many files that were. Hooks run afterwards, once for each.
    public int recover() {
        if (!lock.held()) {
            log.warn("recovery: not done, a server that runs uses {}", settings.tmpDir());
            return 0;
        }
        try {
            int finished = finisher.recover();
            // Those of a server that runs are its own.
            if (webhook != null && dataLock.held()) {
                webhook.recover();
            }
            return finished;
        } catch (IOException e) {
            log.warn("recovery: {}", e.toString());
            return 0;
        }
    }

    /// Tells hook scripts where this server is, from the next one on.
    ///
    /// @param tokenFile of the admin token
    public void reachable(URI server, Path tokenFile) {
        hooks.reachable(server, tokenFile);
        multiHooks.reachable(server, tokenFile);
    }

    /// Waits for the hooks of files that are finished.
    public void awaitHooks() {
        hooks.awaitAll();
        multiHooks.awaitAll();
    }

    /// Starts a recording on demand, also where nothing is recorded by itself. The one that runs for this media
    /// session is stopped, unless the new one is to run beside it.
    public ActiveRecording start(String mediaSessionId, RecordingRequest request) throws RecordingRefusedException {
        Stream stream = streams.findBySession(mediaSessionId)
                .orElseThrow(() -> refused(Reason.NO_SUCH_STREAM, "no stream has the media session " + mediaSessionId));
        String refusal = studio.guard().refusal();
        if (!refusal.isEmpty()) {
            log.warn("recording {}: not started. {}", stream.name(), refusal);
            throw refused(Reason.NO_SPACE, refusal);
        }
        Naming server = serverNaming();
        String template = request.fileTemplate();
        Naming naming =
                template == null ? server : new Naming(template, server.encoding(), server.excludedCharacters());
        String rotation = request.rotation();
        Integer preroll = request.prerollSeconds();
        Plan plan = new Plan(
                naming,
                rotation == null ? serverRotation() : Rotation.parse(rotation),
                TimeUnit.SECONDS.toNanos(preroll == null ? settings.prerollSeconds() : preroll),
                request.parallel() ? Plan.Begun.BESIDE : Plan.Begun.ON_DEMAND);
        return roster.begin(stream, plan)
                .orElseThrow(() -> refused(Reason.STOPPING, "the server is stopping"))
                .snapshot();
    }

    /// Stops all recordings of this media session; their files are finished in the background.
    public void terminate(String mediaSessionId) throws RecordingRefusedException {
        terminate(mediaSessionId, null);
    }

    /// Stops one recording of this media session.
    ///
    /// @param one its id, or the name of its file as [#active()] tells it; null stops all
    public void terminate(String mediaSessionId, @Nullable String one) throws RecordingRefusedException {
        if (roster.stop(mediaSessionId, one)) {
            return;
        }
        if (streams.findBySession(mediaSessionId).isPresent()) {
            throw refused(Reason.NOT_RECORDED, "media session %s is not being recorded".formatted(mediaSessionId));
        } else {
            throw refused(Reason.NO_SUCH_STREAM, "no stream has the media session " + mediaSessionId);
        }
    }

    /// The recordings that are not yet finished files, oldest first.
    public List<ActiveRecording> active() {
        return roster.active();
    }

    /// The files in the folder of recordings, newest first, at most 10,000.
    public List<FinishedRecording> finished() {
        return folder.list();
    }

    /// The finished file of this name: inside the folder, no link, nothing hidden.
    public Optional<Path> file(String fileName) {
        return folder.file(fileName);
    }

    /// What comes behind the name of a recording in that of its messages.
    public static final String MESSAGES_SUFFIX = MessageLog.SUFFIX;

    /// What comes behind the name of a recording of many streams in that of what happened in it.
    public static final String TIMELINE_SUFFIX = CallTimeline.SUFFIX;

    /// The messages of a finished file, by its name and [#MESSAGES_SUFFIX], or what happened in it, by its name and
    /// [#TIMELINE_SUFFIX]; empty if there is no such thing.
    public Optional<Path> messages(String fileName) {
        return folder.beside(fileName);
    }

    /// The file of this name while it is written.
    public Optional<GrowingRecording> growing(String fileName) {
        return roster.growing().values().stream()
                .map(Parts.Growing::file)
                .filter(file -> file.fileName().equals(fileName))
                .findAny();
    }

    /// What of this media session is being written, the first if it is recorded more than once.
    public Optional<GrowingRecording> growingOf(String mediaSessionId) {
        return roster.growingOf(mediaSessionId).stream().findFirst();
    }

    /// Whether the file of this name is brought to its end now.
    public boolean isFinishing(String fileName) {
        return active().stream().anyMatch(file -> file.fileName().equals(fileName));
    }

    /// Recorders of many streams.
    public MultiRecordings multi() {
        return multi;
    }

    /// Parts of finished files.
    public Cuts cuts() {
        return cuts;
    }

    public boolean isRecording(String mediaSessionId) {
        return roster.isRecording(mediaSessionId);
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
        return new Statistics(
                calls, bytes, roster.size() + multi.size(), finisher.finishedFiles(), finisher.failedFiles());
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
                            case RTP -> settings.others().contains(Settings.Way.RTP);
                            case MPEGTS -> settings.others().contains(Settings.Way.MPEGTS);
                            case LIVEFLV -> settings.others().contains(Settings.Way.LIVEFLV);
                            case HTTP -> settings.others().contains(Settings.Way.HTTP);
                            case MIXER -> settings.others().contains(Settings.Way.MIXER);
                        };
                };
    }

    private static RecordingRefusedException refused(Reason reason, String message) {
        return new RecordingRefusedException(reason, message);
    }

    /// Finishes all open recordings, within `record_stop_timeout`. What is not done by then is done at
    /// the next start.
    @Override
    public void close() {
        long endNanos = System.nanoTime()
                + Duration.ofSeconds(settings.stopTimeoutSeconds()).toNanos();
        Optional<List<Recorder>> rest = roster.close();
        if (rest.isEmpty()) {
            return;
        }
        List<CompletableFuture<Void>> open = new ArrayList<>(multi.close());
        rest.get().forEach(recorder -> open.add(recorder.done()));
        try {
            CompletableFuture.allOf(open.toArray(CompletableFuture<?>[]::new))
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
        if (!multiHooks.close(Duration.ofNanos(Math.max(0, endNanos - System.nanoTime())))) {
            log.warn("recordings: a hook of a recording of many streams still runs");
        }
        if (!hooks.close(Duration.ofNanos(Math.max(0, endNanos - System.nanoTime())))) {
            log.warn("recordings: a hook still runs");
        }
        catalogue.close();
        if (webhook != null) {
            webhook.close();
        }
        folder.close();
        lock.close();
        dataLock.close();
    }
}
