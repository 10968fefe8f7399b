package tapedeck.record;

import tapedeck.media.Frame;
import tapedeck.stream.Stream;

/// Decides when a recording goes on in a new file: when it has to because the file cannot take what comes, and when
/// it may because rotation says so. Used on the writer thread alone.
///
/// Rotation needs a keyframe at the right moment. The publisher is asked for one so much earlier as it took the last
/// times to answer; one that does not answer rotates at its next keyframe.
final class NextPart {
    /// How long a new audio track waits for the video keyframe at which the next part can begin.
    static final long MAX_KEYFRAME_WAIT_NANOS = 10_000_000_000L;
    /// A stream that was silent for longer goes on in a new part.
    static final long MAX_PAUSE_NANOS = 10_000_000_000L;
    /// A track whose time goes back by more than this goes on in a new part.
    static final long MAX_BACK_NANOS = 1_000_000_000L;
    /// So many parts in a minute because of changing codecs are nonsense.
    static final int MAX_CHANGES_PER_MINUTE = 10;
    /// A keyframe may come so much too early and still begin the next part, but no more than a twentieth of a part:
    /// the one after it could be seconds later.
    static final long MAX_EARLY_NANOS = 100_000_000L;
    /// A publisher takes so long at most to answer: who takes longer does not answer.
    static final long MAX_LEAD_NANOS = 1_000_000_000L;

    private static final long NANOS_PER_MINUTE = 60_000_000_000L;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NEVER = Long.MAX_VALUE;
    private static final long NOT_WANTED = Long.MIN_VALUE;
    // Of a part's largest size: so much of it may be left when the next part begins …
    private static final int SPARE_SHARE = 20;
    // … or so much, if the next group of pictures would not fit.
    private static final int MAX_GOP_SHARE = 2;
    // The next group of pictures may be larger than the last by one part in so many.
    private static final int GOP_SPREAD = 8;
    // What the sizes of a file's index and headers, not known before its end, are of it at most.
    private static final int INDEX_SHARE = 50;

    private final Stream stream;
    private final Rotation rotation;
    private final ErrorBudget changes = new ErrorBudget(MAX_CHANGES_PER_MINUTE, NANOS_PER_MINUTE);
    private long wantedDtsNanos = NOT_WANTED;
    private long askedDtsNanos = NEVER;
    private long leadNanos;
    private boolean afterGap;

    NextPart(Stream stream, Rotation rotation) {
        this.stream = stream;
        this.rotation = rotation;
    }

    /// A part has begun.
    void begun() {
        wantedDtsNanos = NOT_WANTED;
        askedDtsNanos = NEVER;
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
        if (frame.track().isVideo()) {
            learnLead(frame);
        }
        return wantedDtsNanos != NOT_WANTED || rotates(open, frame) || breaks(open, frame);
    }

    private boolean rotates(Part open, Frame frame) {
        if (rotation.byTime()) {
            long early = Math.min(MAX_EARLY_NANOS, rotation.maxNanos() / SPARE_SHARE);
            return frame.dtsNanos() - open.firstDtsNanos() >= rotation.maxNanos() - (open.hasVideo() ? early : 0);
        }
        if (rotation.bySize()) {
            long most = mostBytes();
            long next = open.hasVideo()
                    ? Math.min(open.bytesSinceKeyframe() / GOP_SPREAD * (GOP_SPREAD + 1), most / MAX_GOP_SHARE)
                    : frame.data().length();
            return open.expectedBytes() + next > most
                    || (open.hasVideo() && open.expectedBytes() >= most - most / SPARE_SHARE);
        }
        return false;
    }

    /// Without what the index will take.
    private long mostBytes() {
        return rotation.maxBytes() - rotation.maxBytes() / INDEX_SHARE;
    }

    /// Whether the next part may begin within about a second: sound is kept back now until the pictures of its time
    /// are there.
    boolean near(Part open, Frame frame) {
        if (wantedDtsNanos != NOT_WANTED) {
            return true;
        }
        if (rotation.byTime()) {
            return frame.dtsNanos() - open.firstDtsNanos() >= rotation.maxNanos() - NANOS_PER_SECOND;
        }
        return rotation.bySize() && open.expectedBytes() >= mostBytes() - 3 * (mostBytes() / SPARE_SHARE);
    }

    /// The decoding time at which the publisher has to be asked for a keyframe so that it comes in time; asked once
    /// per drain.
    long keyframeFromDtsNanos(Part open) {
        long dueNanos = dueDtsNanos(open);
        if (!open.hasVideo() || dueNanos == NEVER) {
            return NEVER;
        }
        long newest = open.lastVideoDtsNanos();
        long from = dueNanos - leadNanos;
        if (newest < from) {
            askedDtsNanos = from;
            return from;
        }
        // Asked already, and either nothing came or it came too early.
        if (askedDtsNanos == NEVER) {
            askedDtsNanos = Math.max(dueNanos, newest);
        }
        return Math.max(dueNanos, newest);
    }

    private long dueDtsNanos(Part open) {
        if (open.durationNanos() == 0) {
            return NEVER;
        }
        if (rotation.byTime()) {
            return open.firstDtsNanos() + rotation.maxNanos();
        }
        if (!rotation.bySize()) {
            return NEVER;
        }
        long left = mostBytes() - mostBytes() / (2 * SPARE_SHARE) - open.expectedBytes();
        double nanosPerByte = (double) open.durationNanos() / Math.max(1, open.expectedBytes());
        return open.lastVideoDtsNanos() + (long) (Math.max(0, left) * nanosPerByte);
    }

    /// A keyframe came: how long after it was asked for.
    private void learnLead(Frame keyframe) {
        if (askedDtsNanos != NEVER && keyframe.dtsNanos() > askedDtsNanos) {
            long took = Math.min(keyframe.dtsNanos() - askedDtsNanos, MAX_LEAD_NANOS);
            leadNanos = leadNanos == 0 ? took : (leadNanos + took) / 2;
            askedDtsNanos = NEVER;
        }
    }

    /// Whether the stream was silent for long, or its time goes back: neither fits into one file. What the disk was
    /// too slow for is a hole in the same file instead.
    boolean breaks(Part open, Frame frame) {
        long last = frame.track().isVideo() ? open.lastVideoDtsNanos() : open.lastAudioPtsNanos();
        long time = frame.track().isVideo() ? frame.dtsNanos() : frame.ptsNanos();
        if (last != Long.MIN_VALUE && last - time > MAX_BACK_NANOS) {
            return true;
        }
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
