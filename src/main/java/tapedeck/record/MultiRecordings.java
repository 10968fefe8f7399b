package tapedeck.record;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.record.RecordingRefusedException.Reason;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// The recorders that put many streams into one file, each under a URI of its caller's choice.
public final class MultiRecordings {
    /// The longest URI.
    public static final int MAX_URI_LENGTH = 255;
    /// How many run at once.
    static final int MAX_RECORDERS = 1_000;

    private static final Pattern EXTENSION = Pattern.compile("\\.(mp4|mkv)$", Pattern.CASE_INSENSITIVE);
    private static final Logger log = LoggerFactory.getLogger(MultiRecordings.class);

    private final Studio studio;
    private final Streams streams;
    private final Naming naming;
    private final Supplier<DiskWriter> freest;
    // Guarded by this.
    private final Map<String, MultiRecorder> running = new LinkedHashMap<>();
    private final Set<MultiRecorder> open = new LinkedHashSet<>();
    private boolean closed;

    /// @param freest the writer thread that has the least to do
    MultiRecordings(Studio studio, Streams streams, Naming naming, Supplier<DiskWriter> freest) {
        this.studio = studio;
        this.streams = streams;
        this.naming = naming;
        this.freest = freest;
    }

    /// Starts a recorder without streams. Its file begins with the first frame of the first one.
    public void start(String uri) throws RecordingRefusedException {
        start(uri, null);
    }

    /// @param fileName of this one, instead of the server's template; the template's elements and the container's
    /// extension may be in it
    public void start(String uri, @Nullable String fileName) throws RecordingRefusedException {
        refuseWithoutSpace(uri);
        Naming named = fileName == null
                ? naming
                : new Naming(
                        EXTENSION.matcher(fileName).replaceFirst(""), naming.encoding(), naming.excludedCharacters());
        MultiRecorder recorder;
        synchronized (this) {
            if (closed) {
                throw refused(Reason.STOPPING, "the server is stopping");
            }
            if (running.containsKey(uri)) {
                throw refused(Reason.TAKEN, "there is a recorder %s already".formatted(uri));
            }
            if (open.size() >= MAX_RECORDERS) {
                throw refused(Reason.TAKEN, "there are %d recorders already".formatted(open.size()));
            }
            recorder = new MultiRecorder(studio, named, uri, freest.get());
            running.put(uri, recorder);
            open.add(recorder);
        }
        log.info("recording {}: started", uri);
        var _ = recorder.ended().thenRun(() -> ended(recorder));
        var _ = recorder.done().thenRun(() -> forget(recorder));
    }

    private void refuseWithoutSpace(String uri) throws RecordingRefusedException {
        String refusal = studio.guard().refusal();
        if (!refusal.isEmpty()) {
            log.warn("recording {}: not started. {}", uri, refusal);
            throw refused(Reason.NO_SPACE, refusal);
        }
    }

    /// Records this stream too, from now on.
    public void add(String uri, String mediaSessionId) throws RecordingRefusedException {
        MultiRecorder recorder = find(uri);
        Stream stream = streams.findBySession(mediaSessionId)
                .orElseThrow(() -> refused(Reason.NO_SUCH_STREAM, "no stream has the media session " + mediaSessionId));
        refuseWithoutSpace(uri);
        if (!recorder.add(stream)) {
            throw refused(Reason.TAKEN, "media session %s is in %s already".formatted(mediaSessionId, uri));
        }
    }

    /// Records this stream no longer. One that comes back gets tracks of its own.
    public void remove(String uri, String mediaSessionId) throws RecordingRefusedException {
        if (!find(uri).remove(mediaSessionId)) {
            throw refused(Reason.NOT_RECORDED, "media session %s is not in %s".formatted(mediaSessionId, uri));
        }
    }

    /// Ends the recorder; its file is finished in the background.
    public void terminate(String uri) throws RecordingRefusedException {
        MultiRecorder recorder = find(uri);
        ended(recorder);
        recorder.stop(EndReason.STOPPED);
    }

    private synchronized MultiRecorder find(String uri) throws RecordingRefusedException {
        MultiRecorder recorder = running.get(uri);
        if (recorder == null) {
            throw refused(Reason.NO_SUCH_RECORDER, "there is no recorder " + uri);
        }
        return recorder;
    }

    /// Those that run, oldest first.
    public List<MultiRecording> all() {
        return recorders().stream().map(MultiRecorder::snapshot).toList();
    }

    private synchronized List<MultiRecorder> recorders() {
        return List.copyOf(running.values());
    }

    private synchronized List<MultiRecorder> open() {
        return List.copyOf(open);
    }

    /// How many are not yet finished files.
    synchronized int size() {
        return open.size();
    }

    /// The files that grow, by id.
    Map<String, Parts.Growing> growing() {
        Map<String, Parts.Growing> growing = new HashMap<>();
        for (MultiRecorder recorder : open()) {
            Parts.Growing file = recorder.growing();
            if (file != null) {
                growing.put(file.id(), file);
            }
        }
        return growing;
    }

    private synchronized void ended(MultiRecorder recorder) {
        running.remove(recorder.uri(), recorder);
    }

    private synchronized void forget(MultiRecorder recorder) {
        open.remove(recorder);
    }

    private static RecordingRefusedException refused(Reason reason, String message) {
        return new RecordingRefusedException(reason, message);
    }

    /// Starts nothing any more, and stops what runs.
    ///
    /// @return one for each whose file is not done
    List<CompletableFuture<Void>> close() {
        synchronized (this) {
            closed = true;
        }
        List<CompletableFuture<Void>> rest = new ArrayList<>();
        for (MultiRecorder recorder : open()) {
            recorder.stop(EndReason.STOPPED);
            rest.add(recorder.done());
        }
        return rest;
    }
}
