package tapedeck.record;

import tapedeck.media.Frame;
import tapedeck.stream.Stream;

/// Decides when a recording goes on in a new file: when it has to because the file cannot take what comes, and when it
/// may because rotation says so. Used on the writer thread alone.
final class NextPart {
    /// How long a new audio track waits for the video keyframe at which the next part can begin.
    static final long MAX_KEYFRAME_WAIT_NANOS = 10_000_000_000L;
    /// A stream that was silent for longer goes on in a new part.
    static final long MAX_PAUSE_NANOS = 10_000_000_000L;
    /// So many parts in a minute because of changing codecs are nonsense.
    static final int MAX_CHANGES_PER_MINUTE = 10;

    private static final long NANOS_PER_MINUTE = 60_000_000_000L;
    private static final long NOT_WANTED = Long.MIN_VALUE;

    private final Stream stream;
    private final Rotation rotation;
    private final ErrorBudget changes = new ErrorBudget(MAX_CHANGES_PER_MINUTE, NANOS_PER_MINUTE);
    private long wantedDtsNanos = NOT_WANTED;
    private boolean afterGap;

    NextPart(Stream stream, Rotation rotation) {
        this.stream = stream;
        this.rotation = rotation;
    }

    /// A part has begun.
    void begun() {
        wantedDtsNanos = NOT_WANTED;
    }

    /// A frame was written to the open part.
    void written() {
        afterGap = false;
    }

    /// Frames are missing because the disk was too slow.
    void gap() {
        afterGap = true;
    }

    /// The open part cannot go on as it is; the next one begins at the keyframe that is asked for now.
    void want(Frame frame) {
        if (wantedDtsNanos == NOT_WANTED) {
            wantedDtsNanos = frame.dtsNanos();
            stream.requestKeyframe();
        }
    }

    /// Whether this entry point begins the next part.
    boolean due(Part open, Frame frame) {
        return wantedDtsNanos != NOT_WANTED
                || open.durationNanos() >= rotation.maxNanos()
                || open.sizeBytes() >= rotation.maxBytes()
                || paused(open, frame);
    }

    /// Whether the stream was silent for long. What the disk was too slow for is a hole in the same file instead.
    boolean paused(Part open, Frame frame) {
        return !afterGap && open.durationNanos() > 0 && frame.dtsNanos() - open.lastDtsNanos() > MAX_PAUSE_NANOS;
    }

    /// Whether a frame of a track that the open part does not know begins the next part. Without video that is at
    /// once; with video at the next keyframe, until when the file goes on without this track: a little sound is
    /// missed less than pictures.
    boolean beginsWith(Part open, Frame frame) {
        if (frame.track().isVideo() ? frame.keyframe() : !open.hasVideo()) {
            return true;
        }
        want(frame);
        return frame.dtsNanos() - wantedDtsNanos > MAX_KEYFRAME_WAIT_NANOS;
    }

    /// Counts a part that began because of a changed track.
    boolean changesTooOften() {
        return changes.spent(System.nanoTime());
    }
}
