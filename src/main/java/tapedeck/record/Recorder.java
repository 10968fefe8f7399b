package tapedeck.record;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;

/// The recording of one stream. Its reader is drained on one writer thread, about once per fragment, and each drain
/// leaves in one write.
///
/// A recording is one file or more, its [Parts]: a codec that changes so that the file cannot take it, a track that
/// comes late, a write error, or rotation begin the next part, at a video keyframe if there is video; [NextPart]
/// decides that.
final class Recorder {
    /// A fragment has to be on disk this long before it could cost more than promised: the tick in which a
    /// connection is read, the write, and a quarter of a second in which a busy machine does neither.
    static final long MARGIN_NANOS = 350_000_000L;
    /// The longest backlog of media when the disk is slow, beyond a fragment.
    static final long MAX_BACKLOG_NANOS = 8_000_000_000L;
    /// The largest backlog.
    static final long MAX_BACKLOG_BYTES = 16 << 20;
    /// And beyond that what a stream remembers of its past.
    static final long MAX_PAST_BYTES = 64 << 20;

    private static final Logger log = LoggerFactory.getLogger(Recorder.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    /// What the system says of ENOSPC.
    private static final String NO_SPACE_LEFT = "No space left";
    private static final long NANOS_PER_MINUTE = 60_000_000_000L;

    private final Studio studio;
    private final Plan plan;
    private final Stream stream;
    private final DiskWriter writer;
    private final Instant startedAt = Instant.now();
    private final ErrorBudget errors;
    private final CompletableFuture<Void> endedSignal = new CompletableFuture<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // On the writer thread alone.
    private final List<Item> items = new ArrayList<>();
    private final AudioStage sound;
    private final Beginning beginning;
    private final Parts parts;
    private final NextPart nextPart;
    private final KeptSound keptSound;
    private long missedOnTheWay;
    private boolean skipToEntryPoint;
    private boolean stopping;
    private boolean ended;

    private volatile @Nullable Reader reader;
    // For everybody; written on the writer thread.
    private volatile @Nullable EndReason stopReason;
    private volatile ActiveRecording.State state = ActiveRecording.State.WAITING;
    private volatile long gapFrames;
    private volatile boolean outOfRoom;
    private volatile boolean surprised;

    Recorder(Studio studio, Stream stream, Plan plan, DiskWriter writer) {
        this.plan = plan;
        this.studio = studio;
        this.stream = stream;
        this.sound = new AudioStage(stream, studio.settings(), studio.renditions(), this::wakeForSound);
        this.beginning =
                new Beginning(stream, sound::recorded, studio.settings().audioBufferPackets());
        this.parts = new Parts(studio, stream, plan.naming(), plan.rotation(), writer, startedAt);
        this.nextPart = new NextPart(stream, plan.rotation());
        this.keptSound = new KeptSound(studio.settings().audioBufferPackets());
        this.writer = writer;
        this.errors = new ErrorBudget(
                studio.settings().maxErrorsPerInterval(), studio.settings().errorIntervalMinutes() * NANOS_PER_MINUTE);
    }

    /// Joins the stream, from its last entry point on or from one in the past.
    void start() {
        writer.recordings().incrementAndGet();
        long fragmentNanos = studio.settings().fragmentMillis() * NANOS_PER_MILLI;
        long wakeNanos = Math.max(fragmentNanos - MARGIN_NANOS, fragmentNanos / 2);
        ReaderOptions options = new ReaderOptions(
                "recorder",
                false,
                true,
                wakeNanos + MAX_BACKLOG_NANOS + plan.pastNanos(),
                MAX_BACKLOG_BYTES + (plan.pastNanos() > 0 ? MAX_PAST_BYTES : 0),
                studio.backlog(),
                wakeNanos,
                this::wake);
        missedOnTheWay = stream.missedFrames();
        reader = stream.subscribe(options, plan.pastNanos());
        // The stream may have called before there was a reader to drain.
        wake();
    }

    Stream stream() {
        return stream;
    }

    Plan plan() {
        return plan;
    }

    boolean isBeside() {
        return plan.begun() == Plan.Begun.BESIDE;
    }

    /// Whether this is its id, or the name of its file as far as it is known.
    boolean isCalled(String idOrFileName) {
        return parts.recordingId().equals(idOrFileName) || parts.fileName().equals(idOrFileName);
    }

    /// Whether it ended because nothing could be written, and is to begin again when something can.
    boolean beginsAgain() {
        return outOfRoom && plan.begun() == Plan.Begun.BY_SETTINGS;
    }

    /// Whether the disk refused although there seemed to be space.
    boolean wasSurprised() {
        return surprised;
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

    /// The file that grows, as of its last fragment.
    Parts.@Nullable Growing growing() {
        return parts.growing();
    }

    ActiveRecording snapshot() {
        return new ActiveRecording(
                parts.recordingId(),
                parts.fileName(),
                stream.mediaSessionId(),
                stream.name(),
                parts.beganAt(),
                parts.durationNanos(),
                parts.sizeBytes(),
                gapFrames,
                state);
    }

    private void wake() {
        writer.execute(this::drain);
    }

    /// Converted sound is there: what waited for it can be written. The reader is left alone until it calls itself.
    private void wakeForSound() {
        writer.execute(this::record);
    }

    private void drain() {
        Reader source = reader;
        if (ended || source == null) {
            return;
        }
        if (!stopping) {
            List<Item> read = new ArrayList<>();
            source.drainTo(read);
            try {
                sound.offer(read);
                if (stopReason != null) {
                    stopping = true;
                    sound.finish();
                }
            } catch (RuntimeException e) {
                log.error("recording {}: a bug", stream.name(), e);
                lost(read);
                stopReason = EndReason.ERROR;
            }
        }
        record();
    }

    private void record() {
        Reader source = reader;
        if (ended || source == null) {
            return;
        }
        boolean over = false;
        int at = 0;
        try {
            over = sound.drainTo(items);
            parts.filled(sound.takeFilledNanos());
            missedOnTheWay();
            for (; at < items.size(); at++) {
                switch (items.get(at)) {
                    case Item.Media media -> take(media);
                    case Item.Gap gap -> gap(gap.frames());
                    case Item.Message message -> parts.messages().add(message);
                    case Item.End _ -> over = true;
                }
            }
            boolean last = over || !mayWrite();
            if (last) {
                writeKept(Long.MAX_VALUE);
            }
            openIfReady(last);
            flush();
            askForKeyframe(source);
        } catch (IOException e) {
            over |= items.stream().anyMatch(Item.End.class::isInstance);
            lost(items.subList(at, items.size()));
            failed(e);
        } catch (RuntimeException e) {
            // What a frame does to a muxer costs its part, not the thread.
            log.error("recording {}: a bug", stream.name(), e);
            over |= items.stream().anyMatch(Item.End.class::isInstance);
            lost(items.subList(at, items.size()));
            countError();
            abandon(EndReason.ERROR);
        } finally {
            items.clear();
        }
        if (over || !mayWrite()) {
            end(source);
        }
    }

    /// What the publisher's network lost: counted where it is known, which is up to a fragment later.
    private void missedOnTheWay() {
        long known = stream.missedFrames();
        if (known > missedOnTheWay) {
            missed(known - missedOnTheWay);
            missedOnTheWay = known;
        }
    }

    private void flush() throws IOException {
        if (parts.open() == null) {
            return;
        }
        parts.flush();
        var _ = roomLeft();
    }

    /// False if the recording has to end because nothing can be written.
    private boolean roomLeft() {
        String what = parts.begun() ? "stopped" : "not started";
        return switch (studio.guard().room()) {
            case ENOUGH -> true;
            case FULL -> {
                log.warn("recording {}: {}. Not enough available disk space", stream.name(), what);
                outOfRoom(EndReason.NO_SPACE);
                yield false;
            }
            case UNWRITABLE -> {
                log.warn("recording {}: {}. Its folder is gone or cannot be written", stream.name(), what);
                outOfRoom(EndReason.ERROR);
                yield false;
            }
        };
    }

    private void outOfRoom(EndReason reason) {
        outOfRoom = true;
        stopReason = reason;
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
        if (tookLate(frame)) {
            return;
        }
        Part open = parts.open();
        if (open == null) {
            beginning.add(media);
            return;
        }
        if (open.leavesOut(track)) {
            return;
        }
        if (track.isVideo() || !open.hasVideo()) {
            takeInOrder(open, media);
        } else if (frame.ptsNanos() <= open.lastVideoDtsNanos() || !nextPart.near(open, frame)) {
            writeKept(Long.MAX_VALUE);
            takeInOrder(open, media);
        } else if (!keptSound.keep(media)) {
            writeKept(Long.MAX_VALUE);
            keptSound.keep(media);
        }
    }

    private void takeInOrder(Part open, Item.Media media) throws IOException {
        Frame frame = media.frame();
        if (frame.track().isVideo()) {
            // What is later than a keyframe that begins the next part stays until there is one.
            writeKept(media.entryPoint() ? frame.ptsNanos() : frame.dtsNanos());
        }
        if (media.entryPoint() && nextPart.due(open, frame)) {
            next(media);
        } else if (open.carries(frame.track())) {
            write(open, media);
        } else {
            change(open, media);
        }
    }

    /// Lets go of the sound before `ptsNanos`.
    private void writeKept(long ptsNanos) throws IOException {
        for (Item.Media media = keptSound.takeBefore(ptsNanos); media != null; media = keptSound.takeBefore(ptsNanos)) {
            Part open = parts.open();
            if (open == null) {
                beginning.add(media);
            } else {
                takeInOrder(open, media);
            }
        }
    }

    private boolean tookLate(Frame frame) throws IOException {
        try {
            return parts.tookLate(frame);
        } catch (MalformedException e) {
            refused(e);
            return true;
        }
    }

    private void askForKeyframe(Reader source) {
        Part open = parts.open();
        source.wantKeyframeFrom(open == null ? Long.MAX_VALUE : nextPart.keyframeFromDtsNanos(open));
    }

    private void write(Part open, Item.Media media) throws IOException {
        if (nextPart.breaks(open, media.frame())) {
            // Not an entry point, or the next part had begun.
            skipToEntryPoint = true;
            nextPart.want(media.frame());
            missed(1);
            return;
        }
        nextPart.written();
        try {
            open.write(media.frame());
        } catch (MalformedException e) {
            refused(e);
        }
    }

    /// A frame that does not fit the format: nothing was written of it, nor is of those that need it.
    private void refused(MalformedException e) {
        log.warn("recording {}: {}", stream.name(), e.getMessage());
        skipToEntryPoint = true;
        stream.requestKeyframe();
        missed(1);
        countError();
    }

    private void gap(long frames) {
        missed(frames);
        nextPart.gap();
    }

    /// A frame of a track that the open file does not know.
    private void change(Part open, Item.Media media) throws IOException {
        if (!nextPart.beginsWith(open, media.frame())) {
            missed(1);
        } else if (nextPart.changesTooOften()) {
            log.warn("recording {}: stopped, its codecs change all the time", stream.name());
            stopReason = EndReason.ERROR;
            skipToEntryPoint = true;
        } else {
            next(media);
        }
    }

    private void next(Item.Media first) throws IOException {
        parts.rotate(first.frame());
        beginning.add(first);
        writeKept(Long.MAX_VALUE);
    }

    private void openIfReady(boolean now) throws IOException {
        if (stream.isRefused() && !parts.begun()) {
            // The first frames of a publisher that is sent away for those behind them are no recording.
            beginning.take();
            return;
        }
        while (parts.open() == null
                && !beginning.isEmpty()
                && mayWrite()
                && (now || parts.begun() || beginning.complete())) {
            if (!roomLeft()) {
                return;
            }
            EndReason refused = parts.begin(beginning);
            if (refused != null) {
                stopReason = refused;
                return;
            }
            nextPart.begun();
            state = ActiveRecording.State.RECORDING;
            for (Item.Media media : beginning.take()) {
                take(media);
            }
        }
    }

    private boolean mayWrite() {
        return stopReason != EndReason.ERROR && stopReason != EndReason.NO_SPACE;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    private void missed(long frames) {
        gapFrames += frames;
        parts.missed(frames);
    }

    private void lost(List<Item> rest) {
        missed(rest.stream().filter(Item.Media.class::isInstance).count());
    }

    /// The disk refused. What is on it stays; the recording goes on in a new part, unless that happens too often.
    private void failed(IOException cause) {
        log.warn("recording {}: {}", stream.name(), cause.toString());
        studio.guard().doubt();
        if (String.valueOf(cause.getMessage()).contains(NO_SPACE_LEFT)) {
            log.warn("recording {}: stopped. Not enough available disk space", stream.name());
            surprised = studio.guard().enough();
            outOfRoom(EndReason.NO_SPACE);
        } else if (roomLeft()) {
            countError();
        }
        EndReason reason = stopReason;
        abandon(reason == null || reason == EndReason.STOPPED ? EndReason.ERROR : reason);
    }

    private void abandon(EndReason reason) {
        missed(parts.gatheredFrames() + beginning.take().size() + keptSound.size());
        keptSound.clear();
        parts.abandon(reason);
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
        sound.close();
        EndReason reason = stopReason;
        try {
            parts.close(reason == null ? EndReason.STOPPED : reason);
        } catch (IOException | RuntimeException e) {
            missed(parts.gatheredFrames());
            log.warn("recording {}: its end is not on disk: {}", stream.name(), e.toString());
        }
        beginning.take();
        state = ActiveRecording.State.FINISHING;
        writer.recordings().decrementAndGet();
        endedSignal.complete(null);
        var _ = parts.finished().whenComplete((_, _) -> done.complete(null));
    }
}
