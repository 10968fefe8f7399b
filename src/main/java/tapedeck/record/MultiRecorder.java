package tapedeck.record;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.MuxerOptions;
import tapedeck.container.SizeChange;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.settings.Settings;
import tapedeck.stream.Item;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;

/// Many streams on their way into one file. All of them are drained together on one writer thread, about once per
/// fragment, and each drain leaves in one write: so many streams cost no more than as many recordings.
///
/// Streams come and go; the file goes on until it is stopped. It goes on in another file only if the disk refuses a
/// write, or when it has no room for another track.
final class MultiRecorder {
    /// Streams that were added within this time of the first one begin with it, with the pictures since their last
    /// keyframe; those that come later are shown from when they came.
    static final long TOGETHER_NANOS = 1_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(MultiRecorder.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_MINUTE = 60_000_000_000L;
    private static final String NO_SPACE_LEFT = "No space left";
    /// A login for the names of files, where no user is meant.
    private static final String NOBODY = "mockLogin";

    private static final String NO_CODEC = "none";

    private final Studio studio;
    private final Naming naming;
    private final String uri;
    private final DiskWriter writer;
    private final String recordingId = UUID.randomUUID().toString();
    private final long startedAtMillis = System.currentTimeMillis();
    private final List<MultiSource> sources = new CopyOnWriteArrayList<>();
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final ErrorBudget errors;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // On the writer thread alone.
    private final List<CompletableFuture<Boolean>> finishing = new ArrayList<>();
    private @Nullable MultiFile file;
    private int parts;
    private long firstJoinedNanos;
    private long framesMissing;
    private boolean looksAgain;

    // For everybody; written on the writer thread.
    private volatile @Nullable EndReason stopReason;
    private volatile boolean over;
    private volatile String fileName;
    private volatile Parts.@Nullable Growing growing;

    MultiRecorder(Studio studio, Naming naming, String uri, DiskWriter writer) {
        this.studio = studio;
        this.naming = naming;
        this.uri = uri;
        this.writer = writer;
        errors = new ErrorBudget(
                studio.settings().maxErrorsPerInterval(), studio.settings().errorIntervalMinutes() * NANOS_PER_MINUTE);
        fileName = journal("", startedAtMillis, List.of()).expectedName();
        writer.recordings().incrementAndGet();
    }

    String uri() {
        return uri;
    }

    /// Completed when nothing is recorded any more.
    CompletableFuture<Void> ended() {
        return ended;
    }

    /// Completed when the last file is in place or given up.
    CompletableFuture<Void> done() {
        return done;
    }

    MultiRecording snapshot() {
        Parts.Growing now = growing;
        return new MultiRecording(
                uri,
                fileName,
                sources.stream().map(source -> source.stream().mediaSessionId()).toList(),
                now == null ? 0 : now.durationNanos(),
                now == null ? 0 : now.sizeBytes());
    }

    Parts.@Nullable Growing growing() {
        return growing;
    }

    /// False if it is there already.
    boolean add(Stream stream) {
        MultiSource source = new MultiSource(stream);
        synchronized (sources) {
            if (find(stream.mediaSessionId()) != null) {
                return false;
            }
            sources.add(source);
        }
        streams.incrementAndGet();
        log.info("recording {}: {} is added", uri, stream.name());
        long fragmentNanos = studio.settings().fragmentMillis() * NANOS_PER_MILLI;
        long wakeNanos = Math.max(fragmentNanos - Recorder.MARGIN_NANOS, fragmentNanos / 2);
        source.subscribe(new ReaderOptions(
                "multi recorder",
                false,
                true,
                wakeNanos + Recorder.MAX_BACKLOG_NANOS,
                Recorder.MAX_BACKLOG_BYTES,
                studio.backlog(),
                wakeNanos,
                this::wake));
        if (over) {
            source.close();
        }
        // The stream may have called before there was a reader to drain.
        wake();
        return true;
    }

    /// False if it is not there.
    boolean remove(String mediaSessionId) {
        synchronized (sources) {
            MultiSource source = find(mediaSessionId);
            if (source == null) {
                return false;
            }
            source.leave();
        }
        wake();
        return true;
    }

    private @Nullable MultiSource find(String mediaSessionId) {
        for (MultiSource source : sources) {
            if (source.isHere() && source.stream().mediaSessionId().equals(mediaSessionId)) {
                return source;
            }
        }
        return null;
    }

    /// Ends with what is there now; again without effect.
    void stop(EndReason reason) {
        if (stopReason == null) {
            stopReason = reason;
        }
        wake();
    }

    private void wake() {
        if (woken.compareAndSet(false, true)) {
            writer.execute(this::record);
        }
    }

    private void record() {
        woken.set(false);
        if (over) {
            return;
        }
        boolean last = stopReason != null;
        if (last) {
            sources.forEach(MultiSource::end);
        }
        try {
            sources.forEach(MultiSource::read);
            for (MultiSource source : sources) {
                write(source);
            }
            flush();
            lookAgain();
        } catch (IOException e) {
            failed(e);
        } catch (RuntimeException e) {
            // What a frame does to a muxer costs its file, not the thread.
            log.error("recording {}: a bug", uri, e);
            countError();
            abandon();
        } finally {
            leave();
        }
        if (last || stopReason != null && stopReason != EndReason.STOPPED) {
            end();
        }
    }

    /// Nobody wakes it for a picture that does not come.
    private void lookAgain() {
        if (!looksAgain && sources.stream().anyMatch(MultiSource::holds)) {
            looksAgain = true;
            CompletableFuture.delayedExecutor(FirstShown.LONGEST_NANOS, TimeUnit.NANOSECONDS, writer::execute)
                    .execute(() -> {
                        looksAgain = false;
                        record();
                    });
        }
    }

    private void write(MultiSource source) throws IOException {
        for (Item item = source.next(); item != null; item = source.next()) {
            switch (item) {
                case Item.Media media -> write(source, media);
                case Item.Gap gap -> source.gap(gap.frames());
                case Item.Message message -> {
                    // Before the first frame there is no time that it could belong to.
                    if (file != null) {
                        source.say(file, message);
                    }
                }
                case Item.End _ -> {}
            }
        }
        MultiFile open = file;
        if (open != null) {
            source.releaseDue(open);
            if (stopReason == null || source.wasRemoved()) {
                source.tell(open);
            }
        }
        framesMissing += source.takeMissed();
    }

    private void write(MultiSource source, Item.Media media) throws IOException {
        MultiFile open = file;
        if (open == null) {
            open = begin(source, media);
        }
        if (open == null) {
            source.gap(1);
            return;
        }
        try {
            if (!source.write(open, media, shownFromNanos(open, source))) {
                next();
                write(source, media);
            }
        } catch (MalformedException e) {
            // A frame that does not fit the format: nothing was written of it, nor is of those that need it.
            source.refused(e);
        }
    }

    private long shownFromNanos(MultiFile open, MultiSource source) {
        boolean first = parts > 1 || source.joinedNanos() - firstJoinedNanos <= TOGETHER_NANOS;
        return first ? 0 : Math.max(0, source.joinedNanos() - open.zeroNanos());
    }

    /// Opens a file that begins with this source, whose first frame is its time 0. Null if nothing can be written.
    private @Nullable MultiFile begin(MultiSource source, Item.Media media) throws IOException {
        if (stopReason != null && stopReason != EndReason.STOPPED || !roomLeft()) {
            return null;
        }
        Stream stream = source.stream();
        long first = Math.min(source.firstNanos(), source.nanos(media));
        Instant timeZero = stream.startedAt().plusNanos(first - source.zeroNanos());
        if (parts == 0) {
            firstJoinedNanos = source.joinedNanos();
        }
        parts++;
        List<Track> tracks = stream.tracks();
        Journal journal = studio.begun(journal(studio.journals().newId(), timeZero.toEpochMilli(), tracks));
        MuxerOptions options =
                new MuxerOptions(timeZero, MultiFile.RESERVE_BYTES, uri, MuxerOptions.Clusters.UNLIMITED, sizeChange());
        MultiFile begun = new MultiFile(journal, studio.growing(journal, writer), options, first);
        file = begun;
        fileName = journal.expectedName();
        tell(begun);
        studio.events().accept(new FileEvent.Begun(journal, tracks));
        return begun;
    }

    private SizeChange sizeChange() {
        return studio.settings().sizeChange() == Settings.SizeChange.NEW_PART
                ? SizeChange.ENDS_FILE
                : SizeChange.GOES_ON;
    }

    private Journal journal(String id, long startTimeMillis, List<Track> tracks) {
        return Journal.begun(
                id,
                container(),
                naming,
                parts > 1 ? parts : 0,
                new Journal.Origin(
                        uri,
                        recordingId,
                        recordingId,
                        NOBODY,
                        codecName(tracks, Codec.Audio.class),
                        codecName(tracks, Codec.Video.class),
                        startTimeMillis,
                        parts > 1 ? System.currentTimeMillis() : startedAtMillis,
                        recordingId,
                        "",
                        Math.max(1, parts),
                        uri));
    }

    private Container container() {
        return switch (studio.settings().multiFormat()) {
            case MP4 -> Container.MP4;
            case MKV -> Container.MKV;
        };
    }

    private static String codecName(List<Track> tracks, Class<? extends Codec> kind) {
        return tracks.stream()
                .map(Track::codec)
                .filter(kind::isInstance)
                .map(Layout::shortName)
                .findFirst()
                .orElse(NO_CODEC);
    }

    private void tell(MultiFile open) {
        growing = new Parts.Growing(
                open.journal().id(),
                new GrowingRecording(
                        open.journal().expectedName(), studio.journals().media(open.journal())),
                open.durationNanos(),
                open.sizeBytes(),
                quality());
    }

    private Quality quality() {
        return new Quality(framesMissing, 0, null, null);
    }

    private void flush() throws IOException {
        MultiFile open = file;
        if (open != null) {
            open.flush();
            tell(open);
            roomLeft();
        }
    }

    /// The file is full: all streams go on in another one.
    private void next() throws IOException {
        log.info("recording {}: goes on in another file, this one has no room for another track", uri);
        MultiFile full = file;
        if (full != null) {
            for (MultiSource source : sources) {
                source.release(full);
            }
        }
        startOver();
        close(EndReason.ROTATED);
    }

    /// What is missing is missing from the file that was.
    private void startOver() {
        for (MultiSource source : sources) {
            source.startOver();
            framesMissing += source.takeMissed();
        }
    }

    private void close(EndReason reason) throws IOException {
        MultiFile closed = file;
        if (closed != null) {
            try {
                closed.close();
            } finally {
                handOver(closed, reason);
            }
        }
    }

    private void handOver(MultiFile closed, EndReason reason) {
        file = null;
        growing = null;
        finishing.add(studio.ended(closed.journal(), reason, quality()));
        framesMissing = 0;
    }

    private void abandon() {
        startOver();
        MultiFile broken = file;
        if (broken != null) {
            framesMissing += broken.gatheredFrames();
            try {
                broken.abandon();
            } catch (IOException e) {
                log.debug("closing after an error", e);
            }
            EndReason reason = stopReason;
            handOver(broken, reason == null || reason == EndReason.STOPPED ? EndReason.ERROR : reason);
        }
    }

    /// The disk refused. What is on it stays; it goes on in another file, unless that happens too often.
    private void failed(IOException cause) {
        log.warn("recording {}: {}", uri, cause.toString());
        studio.guard().doubt();
        if (String.valueOf(cause.getMessage()).contains(NO_SPACE_LEFT)) {
            log.warn("recording {}: stopped. Not enough available disk space", uri);
            stopReason = EndReason.NO_SPACE;
        } else if (roomLeft()) {
            countError();
        }
        abandon();
    }

    private void countError() {
        if (errors.spent(System.nanoTime())) {
            log.warn("recording {}: stopped after too many errors", uri);
            stopReason = EndReason.ERROR;
        }
    }

    private boolean roomLeft() {
        return switch (studio.guard().room()) {
            case ENOUGH -> true;
            case FULL -> {
                log.warn("recording {}: stopped. Not enough available disk space", uri);
                stopReason = EndReason.NO_SPACE;
                yield false;
            }
            case UNWRITABLE -> {
                log.warn("recording {}: stopped. Its folder is gone or cannot be written", uri);
                stopReason = EndReason.ERROR;
                yield false;
            }
        };
    }

    /// Lets go of the streams that have ended or were removed.
    private void leave() {
        List<MultiSource> gone = sources.stream().filter(MultiSource::isOver).toList();
        for (MultiSource source : gone) {
            source.close();
            log.info("recording {}: {} is no longer in it", uri, source.stream().name());
        }
        sources.removeAll(gone);
    }

    private void end() {
        over = true;
        sources.forEach(MultiSource::close);
        sources.clear();
        EndReason reason = stopReason;
        try {
            close(reason == null ? EndReason.STOPPED : reason);
        } catch (IOException | RuntimeException e) {
            log.warn("recording {}: its end is not on disk: {}", uri, e.toString());
        }
        sayEnd(reason);
        writer.recordings().decrementAndGet();
        ended.complete(null);
        var _ = CompletableFuture.allOf(finishing.toArray(CompletableFuture<?>[]::new))
                .whenComplete((_, _) -> done.complete(null));
    }

    private void sayEnd(@Nullable EndReason reason) {
        if (streams.get() == 0) {
            log.warn("recording {}: ended without ever having had a stream: there is no file", uri);
        } else if (parts == 0) {
            log.warn(
                    "recording {}: ended ({}): no frame came of its streams ({}), there is no file",
                    uri,
                    reason,
                    streams);
        } else {
            log.info("recording {}: ended ({}); streams: {}, files: {}", uri, reason, streams, parts);
        }
    }
}
