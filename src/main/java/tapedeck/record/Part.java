package tapedeck.record;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// One file of a recording while it grows.
final class Part {
    private final Layout layout;
    private final Journal journal;
    private final RecordingFile file;
    private final Muxer muxer;
    private final boolean video;
    // The tracks that the muxer said it carries.
    private final List<Track> carried;
    private final List<Track> started = new ArrayList<>();
    private final QualityMeter meter;
    private final long uncountedBytes;
    private boolean unflushed;
    private long gatheredBytes;
    private long gatheredFrames;
    private long keyframeBytes;
    private long lastVideoDtsNanos = Long.MIN_VALUE;
    private long lastAudioPtsNanos = Long.MIN_VALUE;
    private long firstDtsNanos = Long.MAX_VALUE;
    private long lastDtsNanos = Long.MIN_VALUE;

    /// @param uncountedBytes what the growing file has and the finished one has not
    Part(Layout layout, Journal journal, RecordingFile file, MuxerOptions options, long uncountedBytes)
            throws IOException {
        this.uncountedBytes = uncountedBytes;
        this.layout = layout;
        this.journal = journal;
        this.file = file;
        this.muxer = layout.container().muxer(file, layout.tracks(), options);
        this.video = layout.tracks().stream().anyMatch(Track::isVideo);
        this.meter = new QualityMeter(video);
        this.carried = new ArrayList<>(layout.tracks());
    }

    Journal journal() {
        return journal;
    }

    List<Track> tracks() {
        return List.copyOf(carried);
    }

    boolean hasVideo() {
        return video;
    }

    boolean hasAudio() {
        return carried.stream().anyMatch(Track::isAudio);
    }

    /// Whether this track's frames are not recorded at all, because the container cannot carry them.
    boolean leavesOut(Track track) {
        if (carried.contains(track)) {
            return false;
        }
        return track.isAudio() && !layout.container().canCarry(track.codec());
    }

    boolean carries(Track track) {
        if (carried.contains(track)) {
            return true;
        }
        if (!muxer.carries(track)) {
            return false;
        }
        carried.removeIf(other -> other.id() == track.id());
        carried.add(track);
        return true;
    }

    /// Adds a frame of a track that this part carries. Video begins with a keyframe.
    void write(Frame frame) throws IOException {
        if (!begins(frame)) {
            return;
        }
        muxer.write(frame);
        unflushed = true;
        meter.frame(frame);
        gatheredBytes += frame.data().length();
        gatheredFrames++;
        if (frame.track().isVideo()) {
            lastVideoDtsNanos = Math.max(lastVideoDtsNanos, frame.dtsNanos());
            if (frame.keyframe()) {
                keyframeBytes = 0;
            }
        } else {
            lastAudioPtsNanos = Math.max(lastAudioPtsNanos, frame.ptsNanos());
        }
        keyframeBytes += frame.data().length();
        firstDtsNanos = Math.min(firstDtsNanos, frame.dtsNanos());
        lastDtsNanos = Math.max(lastDtsNanos, frame.dtsNanos());
    }

    private boolean begins(Frame frame) {
        if (!video || frame.track().isAudio() || started.contains(frame.track())) {
            return true;
        }
        if (frame.keyframe()) {
            started.removeIf(other -> other.id() == frame.track().id());
            started.add(frame.track());
        }
        return frame.keyframe();
    }

    /// Writes the fragment that was gathered, if there is one.
    void flush() throws IOException {
        if (unflushed) {
            unflushed = false;
            gatheredBytes = 0;
            muxer.flush();
            gatheredFrames = 0;
        }
    }

    long durationNanos() {
        return lastDtsNanos < firstDtsNanos ? 0 : lastDtsNanos - firstDtsNanos;
    }

    long firstDtsNanos() {
        return firstDtsNanos;
    }

    long lastVideoDtsNanos() {
        return lastVideoDtsNanos;
    }

    long lastAudioPtsNanos() {
        return lastAudioPtsNanos;
    }

    /// About what the finished file would have if it ended now.
    long expectedBytes() {
        return Math.max(0, file.size() - uncountedBytes) + gatheredBytes;
    }

    /// What came since the last video keyframe.
    long bytesSinceKeyframe() {
        return keyframeBytes;
    }

    long lastDtsNanos() {
        return lastDtsNanos;
    }

    long sizeBytes() {
        return file.size();
    }

    /// @param framesMissing that did not come here
    Quality quality(long framesMissing) {
        return meter.report(framesMissing + muxer.leftOutFrames());
    }

    /// Silence was put where no sound came.
    void filled(long nanos) {
        meter.filled(nanos);
    }

    /// Writes the rest and closes the file, which is not finished by that.
    void close() throws IOException {
        try (file) {
            muxer.close();
        }
    }

    /// Frames that were taken but are not on disk yet.
    long gatheredFrames() {
        return gatheredFrames;
    }

    /// Closes the file as it is after a write that failed.
    void abandon() throws IOException {
        file.close();
    }
}
