package tapedeck.record;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;

/// The recording of one stream. Its reader is drained on one writer thread, about once per fragment, and each drain
/// leaves in one write.
///
/// A recording is one file or more, its parts: a codec that changes so that the file cannot take it, a track that comes
/// late, a write error, or rotation begin the next part, at a video keyframe if there is video.
final class Recorder {
    /// A fragment has to be on disk this long before it could cost more than promised: the tick in which a connection
    /// is read, and the write.
    static final long MARGIN_NANOS = 250_000_000L;
    /// The longest backlog of media when the disk is slow, beyond a fragment.
    static final long MAX_BACKLOG_NANOS = 8_000_000_000L;
    /// The largest backlog.
    static final long MAX_BACKLOG_BYTES = 16 << 20;
    /// How long a new audio track waits for the video keyframe at which the next part can begin.
    static final long MAX_KEYFRAME_WAIT_NANOS = 10_000_000_000L;
    /// A stream that was silent for longer goes on in a new part.
    static final long MAX_PAUSE_NANOS = 10_000_000_000L;
    /// So many parts in a minute because of changing codecs are nonsense.
    static final int MAX_CHANGES_PER_MINUTE = 10;

    private static final Logger log = LoggerFactory.getLogger(Recorder.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_MINUTE = 60_000_000_000L;
    private static final String NO_CODEC = "none";

    private final Studio studio;
    private final Stream stream;
    private final Naming naming;
    private final Rotation rotation;
    private final DiskWriter writer;
    private final Instant startedAt = Instant.now();
    private final ErrorBudget errors;
    private final ErrorBudget changes = new ErrorBudget(MAX_CHANGES_PER_MINUTE, NANOS_PER_MINUTE);
    private final CompletableFuture<Void> endedSignal = new CompletableFuture<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // On the writer thread alone.
    private final List<Item> items = new ArrayList<>();
    private final Beginning beginning;
    private final List<CompletableFuture<Boolean>> finishing = new ArrayList<>();
    private @Nullable Part part;
    private int parts;
    private boolean skipToEntryPoint;
    private boolean afterGap;
    private long nextPartWantedDts = Long.MIN_VALUE;
    private boolean ended;
    private long pastDurationNanos;
    private long pastSizeBytes;

    private volatile @Nullable Reader reader;
    // For everybody; written on the writer thread.
    private volatile @Nullable EndReason stopReason;
    private volatile ActiveRecording.State state = ActiveRecording.State.WAITING;
    private volatile String fileName;
    private volatile long durationNanos;
    private volatile long sizeBytes;
    private volatile long gapFrames;

    Recorder(Studio studio, Stream stream, Naming naming, Rotation rotation, DiskWriter writer) {
        this.studio = studio;
        this.stream = stream;
        this.beginning = new Beginning(stream);
        this.naming = naming;
        this.rotation = rotation;
        this.writer = writer;
        this.errors = new ErrorBudget(
                studio.settings().maxErrorsPerInterval(), studio.settings().errorIntervalMinutes() * NANOS_PER_MINUTE);
        this.fileName = Naming.file(
                naming.base(journal("", Layout.NONE, startedAt.toEpochMilli()).nameValues()),
                0,
                1,
                Layout.NONE.container().extension());
        writer.recordings().incrementAndGet();
    }

    /// Joins the stream, from its last entry point on.
    void start() {
        long fragmentNanos = studio.settings().fragmentMillis() * NANOS_PER_MILLI;
        long wakeNanos = Math.max(fragmentNanos - MARGIN_NANOS, fragmentNanos / 2);
        reader = stream.subscribe(new ReaderOptions(
                "recorder",
                false,
                true,
                wakeNanos + MAX_BACKLOG_NANOS,
                MAX_BACKLOG_BYTES,
                studio.backlog(),
                wakeNanos,
                this::wake));
        // The stream may have called before there was a reader to drain.
        wake();
    }

    Stream stream() {
        return stream;
    }

    /// Completed when nothing is recorded any more.
    CompletableFuture<Void> ended() {
        return endedSignal;
    }

    /// Completed when the last part is in place or given up.
    CompletableFuture<Void> done() {
        return done;
    }

    /// Ends the recording with what is there now; again without effect.
    void stop(EndReason reason) {
        if (stopReason == null) {
            stopReason = reason;
        }
        wake();
    }

    ActiveRecording snapshot() {
        return new ActiveRecording(
                fileName,
                stream.mediaSessionId(),
                stream.name(),
                startedAt,
                durationNanos,
                sizeBytes,
                gapFrames,
                state);
    }

    private void wake() {
        writer.execute(this::drain);
    }

    private void drain() {
        Reader source = reader;
        if (ended || source == null) {
            return;
        }
        boolean streamEnded = false;
        try {
            source.drainTo(items);
            for (Item item : items) {
                switch (item) {
                    case Item.Media media -> take(media);
                    case Item.Gap gap -> gap(gap.frames());
                    case Item.End _ -> streamEnded = true;
                }
            }
            openIfReady(streamEnded || stopReason != null);
            flush();
        } catch (IOException e) {
            streamEnded |= items.stream().anyMatch(Item.End.class::isInstance);
            failed(e);
        } catch (RuntimeException e) {
            // A frame that a muxer refuses ends this recording, not its thread.
            log.error("recording {}: stopped by a bug", stream.name(), e);
            stopReason = EndReason.ERROR;
        } finally {
            items.clear();
        }
        if (streamEnded || stopReason != null) {
            end(source);
        }
    }

    private void flush() throws IOException {
        Part open = part;
        if (open == null) {
            return;
        }
        open.flush();
        durationNanos = pastDurationNanos + open.durationNanos();
        sizeBytes = pastSizeBytes + open.sizeBytes();
        if (!studio.guard().enough()) {
            log.warn("recording {}: stopped. Not enough available disk space", stream.name());
            stopReason = EndReason.NO_SPACE;
        }
    }

    private void take(Item.Media media) throws IOException {
        Frame frame = media.frame();
        Track track = frame.track();
        beginning.seen(track);
        if (skipToEntryPoint && !media.entryPoint()) {
            missed(1);
            return;
        }
        skipToEntryPoint = false;
        Part open = part;
        if (open == null) {
            beginning.add(media);
            return;
        }
        if (open.leavesOut(track)) {
            return;
        }
        if (media.entryPoint() && nextPartDue(open, frame)) {
            next(media);
        } else if (open.carries(track)) {
            write(open, media);
        } else {
            change(open, media);
        }
    }

    private void write(Part open, Item.Media media) throws IOException {
        if (paused(open, media.frame())) {
            // Not an entry point, or the next part had begun.
            skipToEntryPoint = true;
            wantNextPart(media.frame());
            missed(1);
            return;
        }
        afterGap = false;
        try {
            open.write(media.frame());
        } catch (MalformedException e) {
            // A frame that does not fit the format: nothing was written of it.
            log.warn("recording {}: {}", stream.name(), e.getMessage());
            skipToEntryPoint = true;
            stream.requestKeyframe();
            missed(1);
            countError();
        }
    }

    private boolean nextPartDue(Part open, Frame frame) {
        return nextPartWantedDts != Long.MIN_VALUE
                || open.durationNanos() >= rotation.maxNanos()
                || open.sizeBytes() >= rotation.maxBytes()
                || paused(open, frame);
    }

    /// Whether the stream was silent for long. What the disk was too slow for is a hole in the same file instead.
    private boolean paused(Part open, Frame frame) {
        return !afterGap && open.durationNanos() > 0 && frame.dtsNanos() - open.lastDtsNanos() > MAX_PAUSE_NANOS;
    }

    private void gap(long frames) {
        missed(frames);
        afterGap = true;
    }

    /// A frame of a track that the open file does not know. Without video the next part begins here; with video at the
    /// next keyframe, until when the file goes on without this track: a little sound is missed less than pictures.
    private void change(Part open, Item.Media media) throws IOException {
        Frame frame = media.frame();
        boolean entry = frame.track().isVideo() ? frame.keyframe() : !open.hasVideo();
        if (!entry) {
            wantNextPart(frame);
            if (frame.dtsNanos() - nextPartWantedDts <= MAX_KEYFRAME_WAIT_NANOS) {
                missed(1);
                return;
            }
        }
        if (changes.spent(System.nanoTime())) {
            log.warn("recording {}: stopped, its codecs change all the time", stream.name());
            stopReason = EndReason.ERROR;
            skipToEntryPoint = true;
            return;
        }
        next(media);
    }

    private void wantNextPart(Frame frame) {
        if (nextPartWantedDts == Long.MIN_VALUE) {
            nextPartWantedDts = frame.dtsNanos();
            stream.requestKeyframe();
        }
    }

    private void next(Item.Media first) throws IOException {
        closePart(EndReason.ROTATED);
        beginning.add(first);
    }

    private void openIfReady(boolean now) throws IOException {
        while (part == null && !beginning.isEmpty() && mayWrite() && (now || parts > 0 || beginning.complete())) {
            if (!open()) {
                return;
            }
            for (Item.Media media : beginning.take()) {
                take(media);
            }
        }
    }

    private boolean mayWrite() {
        return stopReason != EndReason.ERROR && stopReason != EndReason.NO_SPACE;
    }

    private boolean open() throws IOException {
        if (!studio.guard().enough()) {
            log.warn("recording {}: not started. Not enough available disk space", stream.name());
            stopReason = EndReason.NO_SPACE;
            return false;
        }
        Collection<Track> known = beginning.known();
        Layout layout = Layout.of(known, studio.settings().formats());
        if (layout == null) {
            log.warn("recording {}: not started, no container is configured that carries {}", stream.name(), known);
            stopReason = EndReason.ERROR;
            return false;
        }
        for (Track track : layout.leftOut()) {
            log.warn(
                    "recording {}: without {}, which {} cannot carry",
                    stream.name(),
                    track.codec().name(),
                    layout.container());
        }
        parts++;
        Instant timeZero = stream.startedAt().plusNanos(beginning.firstPtsNanos());
        Journal journal = journal(studio.journals().newId(), layout, timeZero.toEpochMilli());
        studio.journals().write(journal);
        RecordingFile file = new RecordingFile(
                studio.journals().media(journal),
                writer,
                new RecordingFile.Options(
                        studio.settings().fsync(), studio.settings().directIo() ? layout.container()::filler : null));
        int reserveBytes = studio.settings().mp4().reserveKib() << 10;
        part = new Part(
                layout,
                journal,
                file,
                new MuxerOptions(timeZero, reserveBytes, stream.name().value()));
        nextPartWantedDts = Long.MIN_VALUE;
        fileName = Naming.file(
                naming.base(journal.nameValues()),
                journal.index(),
                1,
                layout.container().extension());
        state = ActiveRecording.State.RECORDING;
        return true;
    }

    private Journal journal(String id, Layout layout, long startTimeMillis) {
        int index = rotation.enabled() || parts > 1 ? parts : 0;
        return Journal.begun(
                id,
                layout.container(),
                naming,
                index,
                new Journal.Origin(
                        stream.name().value(),
                        stream.mediaSessionId(),
                        stream.publisher().sessionId(),
                        stream.publisher().login(),
                        codecName(layout, Codec.Audio.class),
                        codecName(layout, Codec.Video.class),
                        startTimeMillis,
                        parts > 1 ? System.currentTimeMillis() : startedAt.toEpochMilli()));
    }

    private static String codecName(Layout layout, Class<? extends Codec> kind) {
        return layout.tracks().stream()
                .map(Track::codec)
                .filter(kind::isInstance)
                .map(Layout::shortName)
                .findFirst()
                .orElse(NO_CODEC);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    private void missed(long frames) {
        gapFrames += frames;
    }

    private void closePart(EndReason reason) throws IOException {
        Part open = part;
        if (open == null) {
            return;
        }
        try {
            open.close();
        } finally {
            handOver(open, reason);
        }
    }

    /// From here on the file belongs to the finisher.
    private void handOver(Part closed, EndReason reason) {
        part = null;
        pastDurationNanos += closed.durationNanos();
        pastSizeBytes += closed.sizeBytes();
        durationNanos = pastDurationNanos;
        sizeBytes = pastSizeBytes;
        finishing.removeIf(CompletableFuture::isDone);
        finishing.add(studio.finisher()
                .finish(closed.journal().ended(new Journal.Ending(reason, System.currentTimeMillis()))));
    }

    /// The disk refused. What is on it stays; the recording goes on in a new part, unless that happens too often.
    private void failed(IOException cause) {
        boolean full =
                !studio.guard().enough() || String.valueOf(cause.getMessage()).contains("No space left");
        if (full) {
            log.warn("recording {}: stopped. Not enough available disk space: {}", stream.name(), cause.toString());
            stopReason = EndReason.NO_SPACE;
        } else {
            log.warn("recording {}: {}", stream.name(), cause.toString());
            countError();
        }
        Part broken = part;
        if (broken != null) {
            try {
                broken.abandon();
            } catch (IOException e) {
                log.debug("closing after an error", e);
            }
            handOver(broken, full ? EndReason.NO_SPACE : EndReason.ERROR);
        }
        missed(beginning.take().size());
        skipToEntryPoint = true;
        stream.requestKeyframe();
    }

    private void countError() {
        if (errors.spent(System.nanoTime())) {
            log.warn("recording {}: stopped after too many errors", stream.name());
            stopReason = EndReason.ERROR;
        }
    }

    private void end(Reader source) {
        ended = true;
        source.close();
        EndReason reason = stopReason;
        try {
            closePart(reason == null ? EndReason.STOPPED : reason);
        } catch (IOException | RuntimeException e) {
            log.warn("recording {}: its end is not on disk: {}", stream.name(), e.toString());
        }
        beginning.take();
        state = ActiveRecording.State.FINISHING;
        writer.recordings().decrementAndGet();
        endedSignal.complete(null);
        var _ = CompletableFuture.allOf(finishing.toArray(CompletableFuture<?>[]::new))
                .whenComplete((_, _) -> done.complete(null));
    }
}
