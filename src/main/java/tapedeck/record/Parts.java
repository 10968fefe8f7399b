package tapedeck.record;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.container.Container;
import tapedeck.container.MuxerOptions;
import tapedeck.container.SizeChange;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;

/// The files of one recording, one after the other: names and opens each, and hands it to the finisher. Used on the
/// writer thread alone, but for what it tells of itself.
final class Parts {
    private static final Logger log = LoggerFactory.getLogger(Parts.class);
    private static final String NO_CODEC = "none";
    /// How far behind the pictures sound may come and still reach the part that it belongs to.
    static final long MAX_LATE_NANOS = 2_000_000_000L;

    private final Studio studio;
    private final Stream stream;
    private final Naming naming;
    private final Rotation rotation;
    private final DiskWriter writer;
    private final Instant startedAt;
    private final MessageLog messages;
    private final String recordingId = UUID.randomUUID().toString();
    private final List<CompletableFuture<Boolean>> finishing = new ArrayList<>();
    private @Nullable Part open;
    /// The part before, while sound of its time may still come.
    private @Nullable Part before;
    private long beforeUntilPtsNanos;
    private long beforeMissing;
    private int count;
    private long pastDurationNanos;
    private long pastSizeBytes;
    // Since the open part began, or since the one before it ended.
    private long framesMissing;
    private long filledNanos = AudioStage.NOTHING_CONVERTED;

    // For everybody; written on the writer thread.
    private volatile String fileName;
    private volatile Instant beganAt;
    private volatile long durationNanos;
    private volatile long sizeBytes;
    private volatile @Nullable Growing growing;

    /// The open part, as of its last fragment.
    ///
    /// @param file its bytes so far
    record Growing(String id, GrowingRecording file, long durationNanos, long sizeBytes, Quality quality) {}

    Parts(Studio studio, Stream stream, Naming naming, Rotation rotation, DiskWriter writer, Instant startedAt) {
        this.studio = studio;
        this.stream = stream;
        this.naming = naming;
        this.rotation = rotation;
        this.writer = writer;
        this.messages = new MessageLog(writer, studio.settings().fsync());
        this.startedAt = startedAt;
        this.beganAt = startedAt;
        this.fileName = journal("", Layout.NONE, startedAt.toEpochMilli()).expectedName();
    }

    String recordingId() {
        return recordingId;
    }

    /// What is said while this is recorded.
    MessageLog messages() {
        return messages;
    }

    /// Frames that were taken but are not on disk yet.
    long gatheredFrames() {
        return (open == null ? 0 : open.gatheredFrames()) + (before == null ? 0 : before.gatheredFrames());
    }

    /// The one that grows.
    @Nullable
    Part open() {
        return open;
    }

    /// Whether there was ever one.
    boolean begun() {
        return count > 0;
    }

    /// The name that the newest part will have, as far as it is known.
    String fileName() {
        return fileName;
    }

    /// The wall clock at its first frame, which can be before anybody asked for it; until there is one, when it was
    /// started.
    Instant beganAt() {
        return beganAt;
    }

    /// Media time on disk, all parts together.
    long durationNanos() {
        return durationNanos;
    }

    /// Bytes on disk, all parts together.
    long sizeBytes() {
        return sizeBytes;
    }

    /// The open part; null if there is none.
    @Nullable
    Growing growing() {
        return growing;
    }

    /// These frames will not be in a file.
    void missed(long frames) {
        framesMissing += frames;
    }

    /// Silence stands in the sound that comes, [AudioStage#NOTHING_CONVERTED] if it is as it was sent.
    void filled(long nanos) {
        if (nanos == AudioStage.NOTHING_CONVERTED) {
            return;
        }
        filledNanos = Math.max(filledNanos, 0) + nanos;
        tellFilled();
    }

    private void tellFilled() {
        Part part = open;
        if (part != null && filledNanos != AudioStage.NOTHING_CONVERTED) {
            part.filled(filledNanos);
            filledNanos = AudioStage.NOTHING_CONVERTED;
        }
    }

    /// Opens the part that these frames begin.
    ///
    /// @return why the recording has to end instead, or null
    @Nullable
    EndReason begin(Beginning beginning) throws IOException {
        Collection<Track> known = beginning.known();
        Layout layout = Layout.of(known, studio.settings().formats());
        if (layout == null) {
            log.warn("recording {}: not started, no container is configured that carries {}", stream.name(), known);
            return EndReason.ERROR;
        }
        for (Track track : layout.leftOut()) {
            log.warn(
                    "recording {}: without {}, which {} cannot carry",
                    stream.name(),
                    track.codec().name(),
                    layout.container());
        }
        count++;
        Instant timeZero = stream.startedAt().plusNanos(beginning.firstPtsNanos());
        Journal journal = studio.begun(journal(studio.journals().newId(), layout, timeZero.toEpochMilli()));
        Part begun = part(layout, journal, timeZero);
        if (count == 1) {
            beganAt = timeZero;
        }
        open = begun;
        messages.begin(studio.journals().messages(journal), beginning.firstPtsNanos());
        tellFilled();
        fileName = journal.expectedName();
        growing = new Growing(journal.id(), file(journal), 0, 0, begun.quality(framesMissing));
        studio.events().accept(new FileEvent.Begun(journal, layout.tracks()));
        return null;
    }

    private Part part(Layout layout, Journal journal, Instant timeZero) throws IOException {
        RecordingFile file = studio.growing(journal, writer);
        int reserveBytes = studio.indexRoom().reserveBytes(layout.container());
        boolean reserveStays = layout.container() != Container.MP4
                || (studio.settings().mp4().moovFirst()
                        && studio.settings().mp4().keepsReserve());
        var webm = studio.settings().webm();
        var clusters = new MuxerOptions.Clusters(webm.clusterMillis(), webm.clusterBytes());
        return new Part(
                layout,
                journal,
                file,
                new MuxerOptions(timeZero, reserveBytes, stream.name().value(), clusters, sizeChange()),
                reserveStays ? 0 : reserveBytes);
    }

    /// The pictures of WebRTC follow the network and the window that is shown; others hardly ever change.
    private SizeChange sizeChange() {
        return switch (studio.settings().sizeChange()) {
            case SAME_FILE -> SizeChange.GOES_ON;
            case NEW_PART -> SizeChange.ENDS_FILE;
            case AUTO ->
                stream.publisher().protocol() == Publisher.Protocol.WEBRTC ? SizeChange.GOES_ON : SizeChange.ENDS_FILE;
        };
    }

    private Journal journal(String id, Layout layout, long startTimeMillis) {
        int index = rotation.enabled() ? (studio.settings().rotationIndexed() ? count : 0) : count > 1 ? count : 0;
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
                        count > 1 ? System.currentTimeMillis() : startedAt.toEpochMilli(),
                        recordingId,
                        stream.publisher().protocol().name(),
                        count,
                        ""));
    }

    private static String codecName(Layout layout, Class<? extends Codec> kind) {
        return layout.tracks().stream()
                .map(Track::codec)
                .filter(kind::isInstance)
                .map(Layout::shortName)
                .findFirst()
                .orElse(NO_CODEC);
    }

    private GrowingRecording file(Journal journal) {
        return new GrowingRecording(journal.expectedName(), studio.journals().media(journal));
    }

    /// Puts on disk what was gathered.
    void flush() throws IOException {
        messages.flush();
        Part older = before;
        if (older != null) {
            older.flush();
        }
        Part part = open;
        if (part != null) {
            part.flush();
            durationNanos = pastDurationNanos + part.durationNanos();
            sizeBytes = pastSizeBytes + part.sizeBytes();
            growing = new Growing(
                    part.journal().id(),
                    file(part.journal()),
                    part.durationNanos(),
                    part.sizeBytes(),
                    part.quality(framesMissing));
        }
    }

    /// The next part begins at this frame: the open one ends, or stays open a little for the sound of its time that
    /// is late.
    void rotate(Frame first) throws IOException {
        Part older = open;
        if (older == null) {
            return;
        }
        messages.end();
        closeBefore();
        if (older.hasVideo() && older.hasAudio() && older.lastAudioPtsNanos() < first.ptsNanos()) {
            before = older;
            beforeUntilPtsNanos = first.ptsNanos();
            beforeMissing = framesMissing;
            framesMissing = 0;
            pause(older);
        } else {
            close(EndReason.ROTATED);
        }
    }

    private void pause(Part older) {
        open = null;
        growing = null;
        pastDurationNanos += older.durationNanos();
        pastSizeBytes += older.sizeBytes();
    }

    /// Takes sound that belongs to the part before the open one; false if this frame does not.
    boolean tookLate(Frame frame) throws IOException {
        Part older = before;
        if (older == null) {
            return false;
        }
        boolean past = frame.ptsNanos() >= beforeUntilPtsNanos;
        if (frame.track().isVideo()) {
            past = frame.ptsNanos() - beforeUntilPtsNanos > MAX_LATE_NANOS;
        } else if (!past && older.carries(frame.track())) {
            older.write(frame);
            return true;
        }
        if (past) {
            closeBefore();
        }
        return false;
    }

    private void closeBefore() throws IOException {
        Part older = before;
        if (older != null) {
            before = null;
            try {
                older.close();
            } finally {
                finish(older, EndReason.ROTATED, beforeMissing);
            }
        }
    }

    /// Ends the open part.
    void close(EndReason reason) throws IOException {
        messages.end();
        try {
            closeBefore();
        } finally {
            Part closed = open;
            if (closed != null) {
                try {
                    closed.close();
                } finally {
                    handOver(closed, reason);
                }
            }
        }
    }

    /// Ends the open part as it is after a write that failed.
    void abandon(EndReason reason) {
        messages.end();
        Part older = before;
        if (older != null) {
            before = null;
            abandon(older);
            finish(older, EndReason.ROTATED, beforeMissing);
        }
        Part broken = open;
        if (broken != null) {
            abandon(broken);
            handOver(broken, reason);
        }
    }

    private static void abandon(Part broken) {
        try {
            broken.abandon();
        } catch (IOException e) {
            log.debug("closing after an error", e);
        }
    }

    /// From here on the file belongs to the finisher.
    private void handOver(Part closed, EndReason reason) {
        pause(closed);
        durationNanos = pastDurationNanos;
        sizeBytes = pastSizeBytes;
        finish(closed, reason, framesMissing);
        framesMissing = 0;
    }

    private void finish(Part closed, EndReason reason, long missing) {
        finishing.removeIf(CompletableFuture::isDone);
        finishing.add(studio.ended(closed.journal(), reason, closed.quality(missing)));
    }

    /// Completed when every part that was handed over is in place or given up.
    CompletableFuture<Void> finished() {
        return CompletableFuture.allOf(finishing.toArray(CompletableFuture<?>[]::new));
    }
}
