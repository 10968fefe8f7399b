package tapedeck.record;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.stream.Stream;

/// Which recordings run. A media session has one, and on demand others beside it; those that were stopped are here
/// until their files are done.
final class Roster {
    /// How often a disk that was full is looked at.
    static final long LOOK_AGAIN_MILLIS = 1_000;
    /// How long a stream waits whose disk refused although there seemed to be space.
    static final long SURPRISED_WAIT_NANOS = 30_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(Roster.class);

    private final Studio studio;
    private final List<DiskWriter> writers;
    private final Predicate<Stream> live;
    private final ScheduledThreadPoolExecutor clock;

    // Guarded by this.
    private final Map<String, List<Recorder>> running = new HashMap<>();
    private final Set<Recorder> open = new LinkedHashSet<>();
    private final Map<String, Starved> starved = new LinkedHashMap<>();
    private boolean closed;

    /// A stream whose recording ended because nothing could be written.
    private record Starved(Stream stream, Plan plan, long notBeforeNanos) {}

    /// @param live whether a stream has not ended
    Roster(Studio studio, List<DiskWriter> writers, Predicate<Stream> live) {
        this.studio = studio;
        this.writers = writers;
        this.live = live;
        this.clock = new ScheduledThreadPoolExecutor(1, task -> {
            Thread created = new Thread(task, "recordings");
            created.setDaemon(true);
            return created;
        });
        clock.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    }

    /// Starts a recording; the one of this media session ends, unless the new one is to run beside it. Empty if the
    /// server is stopping.
    Optional<Recorder> begin(Stream stream, Plan plan) {
        Recorder recorder = new Recorder(studio, stream, plan, freest());
        List<Recorder> replaced = enter(recorder);
        if (replaced == null) {
            return Optional.empty();
        }
        replaced.forEach(other -> other.stop(EndReason.STOPPED));
        start(recorder);
        return Optional.of(recorder);
    }

    /// Nothing here waits for anything: hundreds of callers can stand before this lock, and the writer threads too.
    ///
    /// @return those that it replaces; null if the server is stopping
    private synchronized @Nullable List<Recorder> enter(Recorder recorder) {
        if (closed) {
            return null;
        }
        String mediaSessionId = recorder.stream().mediaSessionId();
        List<Recorder> all = running.computeIfAbsent(mediaSessionId, _ -> new ArrayList<>());
        List<Recorder> replaced = List.of();
        if (!recorder.isBeside()) {
            starved.remove(mediaSessionId);
            replaced = all.stream().filter(other -> !other.isBeside()).toList();
            all.removeAll(replaced);
        }
        all.add(recorder);
        open.add(recorder);
        return replaced;
    }

    /// One that was stopped since it entered starts too, and ends at once.
    private void start(Recorder recorder) {
        var _ = recorder.ended().thenRun(() -> ended(recorder));
        var _ = recorder.done().thenRun(() -> forget(recorder));
        recorder.start();
    }

    /// The writer thread with the fewest recordings.
    DiskWriter freest() {
        return writers.stream()
                .min(Comparator.comparingInt(candidate -> candidate.recordings().get()))
                .orElseThrow();
    }

    /// Stops the recordings of a media session, or the one that has this id or file name; false if there is none.
    boolean stop(String mediaSessionId, @Nullable String one) {
        List<Recorder> stopped;
        boolean waited;
        synchronized (this) {
            List<Recorder> all = running.getOrDefault(mediaSessionId, List.of());
            stopped = all.stream()
                    .filter(recorder -> one == null || recorder.isCalled(one))
                    .toList();
            stopped.forEach(this::leave);
            waited = one == null && starved.remove(mediaSessionId) != null;
        }
        stopped.forEach(recorder -> recorder.stop(EndReason.STOPPED));
        return waited || !stopped.isEmpty();
    }

    synchronized boolean isRecording(String mediaSessionId) {
        return running.containsKey(mediaSessionId);
    }

    /// Those that are not yet finished files, oldest first.
    List<ActiveRecording> active() {
        return open().stream().map(Recorder::snapshot).toList();
    }

    private synchronized List<Recorder> open() {
        return List.copyOf(open);
    }

    /// The files that grow, by id.
    Map<String, Parts.Growing> growing() {
        Map<String, Parts.Growing> growing = new HashMap<>();
        for (Recorder recorder : open()) {
            Parts.Growing part = recorder.growing();
            if (part != null) {
                growing.put(part.id(), part);
            }
        }
        return growing;
    }

    /// The files that grow of one media session.
    List<GrowingRecording> growingOf(String mediaSessionId) {
        return open().stream()
                .filter(recorder -> recorder.stream().mediaSessionId().equals(mediaSessionId))
                .map(Recorder::growing)
                .filter(Objects::nonNull)
                .map(Parts.Growing::file)
                .toList();
    }

    synchronized int size() {
        return open.size();
    }

    private synchronized void ended(Recorder recorder) {
        // One that somebody stopped or replaced has left before, whatever its disk said then.
        boolean left = leave(recorder);
        if (left && recorder.beginsAgain() && !closed) {
            long waitNanos = recorder.wasSurprised() ? SURPRISED_WAIT_NANOS : 0;
            Stream stream = recorder.stream();
            boolean first = starved.isEmpty();
            starved.put(stream.mediaSessionId(), new Starved(stream, recorder.plan(), System.nanoTime() + waitNanos));
            if (first) {
                lookAgainLater();
            }
        }
    }

    private void lookAgainLater() {
        var _ = clock.schedule(this::lookAgain, LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    /// Begins the recordings again that ended because nothing could be written, if it can now.
    private void lookAgain() {
        boolean room = studio.guard().enoughAgain();
        List<Recorder> again = new ArrayList<>();
        synchronized (this) {
            starved.values().removeIf(one -> !live.test(one.stream()));
            if (room) {
                long now = System.nanoTime();
                for (Starved one : List.copyOf(starved.values())) {
                    if (now - one.notBeforeNanos() >= 0) {
                        Recorder recorder = new Recorder(studio, one.stream(), one.plan(), freest());
                        if (enter(recorder) != null) {
                            again.add(recorder);
                        }
                    }
                }
            }
            if (!starved.isEmpty()) {
                lookAgainLater();
            }
        }
        for (Recorder recorder : again) {
            log.info(
                    "recording {}: goes on, there is space again",
                    recorder.stream().name());
            start(recorder);
        }
    }

    /// False if it was not there any more.
    private boolean leave(Recorder recorder) {
        String mediaSessionId = recorder.stream().mediaSessionId();
        List<Recorder> all = running.get(mediaSessionId);
        if (all == null || !all.remove(recorder)) {
            return false;
        }
        if (all.isEmpty()) {
            running.remove(mediaSessionId);
        }
        return true;
    }

    private synchronized void forget(Recorder recorder) {
        open.remove(recorder);
    }

    /// Starts nothing any more, and stops what runs.
    ///
    /// @return those whose files are not done; empty if it was closed before
    Optional<List<Recorder>> close() {
        List<Recorder> rest;
        synchronized (this) {
            if (closed) {
                return Optional.empty();
            }
            closed = true;
            starved.clear();
            rest = List.copyOf(open);
        }
        clock.shutdownNow();
        rest.forEach(recorder -> recorder.stop(EndReason.STOPPED));
        return Optional.of(rest);
    }
}
