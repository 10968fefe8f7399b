package tapedeck.record;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tapedeck.container.Container;
import tapedeck.container.MemberTrack;
import tapedeck.container.MultiMuxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.TrackIdentity;
import tapedeck.container.matroska.MatroskaFormat;
import tapedeck.container.mp4.Mp4Format;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The growing file of a recorder of many streams. Used on the writer thread alone.
final class MultiFile {
    /// Room for the `moov`s that name all tracks, while they join. A hole costs no disk.
    static final int RESERVE_BYTES = 2 << 20;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Journal journal;
    private final RecordingFile file;
    private final MultiMuxer muxer;
    private final long zeroNanos;
    private int pairs;
    private boolean unflushed;
    private long gatheredFrames;
    private long firstNanos = Long.MAX_VALUE;
    private long lastNanos = Long.MIN_VALUE;

    /// @param zeroNanos time 0 of the file on the server's clock
    MultiFile(Journal journal, RecordingFile file, MuxerOptions options, long zeroNanos) {
        this.journal = journal;
        this.file = file;
        this.muxer = journal.container() == Container.MKV
                ? MatroskaFormat.multiMuxer(file, options)
                : Mp4Format.multiMuxer(file, options);
        this.zeroNanos = zeroNanos;
    }

    Journal journal() {
        return journal;
    }

    long zeroNanos() {
        return zeroNanos;
    }

    /// The next pair of tracks, of pictures and sound: its number, from 0.
    int nextPair() {
        return pairs++;
    }

    /// Whether the file can have such a track at all. Matroska has no picture without a size (RFC 9559 5.1.4.1.30).
    boolean canHave(Track like) {
        boolean sizeKnown = !(like.codec() instanceof Codec.Video video) || video.width() > 0 && video.height() > 0;
        return journal.container().canCarry(like.codec()) && (sizeKnown || journal.container() == Container.MP4);
    }

    /// A track for what comes as `like`; null if the file has no room for one.
    @Nullable
    Track join(Track like, int pair, TrackIdentity identity, long shownFromNanos) {
        Track track = of(like, 2 * pair + (like.isVideo() ? 1 : 2));
        return muxer.join(new MemberTrack(track, identity, shownFromNanos)) ? track : null;
    }

    /// The same with an id of the file's.
    static Track of(Track like, int id) {
        return new Track(id, like.codec(), like.rotationDegrees());
    }

    boolean carries(Track track) {
        return muxer.carries(track);
    }

    /// @param frame of one of its tracks, in the time of the file
    void write(Frame frame) throws IOException {
        muxer.write(frame);
        unflushed = true;
        gatheredFrames++;
        firstNanos = Math.min(firstNanos, frame.dtsNanos());
        lastNanos = Math.max(lastNanos, frame.dtsNanos());
    }

    /// Puts down what happened at a time of the file.
    void note(CallEvent event) {
        muxer.note(event.timeMs() * NANOS_PER_MILLI, event.json());
    }

    void flush() throws IOException {
        if (unflushed) {
            unflushed = false;
            muxer.flush();
            gatheredFrames = 0;
        }
    }

    /// Frames that were taken but are not on disk yet.
    long gatheredFrames() {
        return gatheredFrames;
    }

    long durationNanos() {
        return lastNanos < firstNanos ? 0 : lastNanos - Math.max(0, firstNanos);
    }

    long sizeBytes() {
        return file.size();
    }

    /// Writes the rest and closes the file, which is not finished by that.
    void close() throws IOException {
        try (file) {
            muxer.close();
        }
    }

    /// Closes the file as it is after a write that failed.
    void abandon() throws IOException {
        file.close();
    }
}
