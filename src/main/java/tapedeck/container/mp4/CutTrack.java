package tapedeck.container.mp4;

import java.io.IOException;
import tapedeck.container.mp4.Movie.MovieTrack;

/// One track on its way into a cut: which of its samples, and where they stand in the new movie.
final class CutTrack {
    /// A decoder of sound needs the frame before to begin without a fade.
    private static final int SOUND_PREROLL = 1;
    /// A chunk ends here at the latest: bounds what is kept of it.
    private static final int MAX_CHUNK_SAMPLES = 1024;

    /// Makes cursors, each at the first sample.
    interface Samples {
        SampleCursor open() throws IOException;
    }

    private final MovieTrack track;
    private final boolean video;
    private final EditList edits;
    private final Samples samples;
    private SampleTableWriter table = new SampleTableWriter();

    // Of the samples taken: numbers from 0 in decoding order, the last one excluded.
    private long first = -1;
    private long end;
    private long firstDecode;
    private int compositionShift;
    private long firstNanos;
    private long lastEndNanos;

    // The chunk that is being gathered.
    private final int[] durations = new int[MAX_CHUNK_SAMPLES];
    private final int[] sizes = new int[MAX_CHUNK_SAMPLES];
    private final int[] offsets = new int[MAX_CHUNK_SAMPLES];
    private final boolean[] syncs = new boolean[MAX_CHUNK_SAMPLES];
    private int gathered;
    private long chunkDecode;
    private long chunkOffset;

    CutTrack(MovieTrack track, boolean video, EditList edits, Samples samples) {
        this.track = track;
        this.video = video;
        this.edits = edits;
        this.samples = samples;
    }

    MovieTrack track() {
        return track;
    }

    boolean isVideo() {
        return video;
    }

    SampleTableWriter table() {
        return table;
    }

    /// What is added from now on goes there.
    void addTo(SampleTableWriter other) {
        table = other;
    }

    private long shownNanos(SampleCursor cursor) {
        return TrackClock.nanos(
                cursor.decodeTicks() + cursor.compositionOffset() + edits.shiftTicks(), track.timescale());
    }

    /// When the sync sample is shown that is the last at or before `startNanos`, else the first of all; or -1 if there
    /// is none before `endNanos`, or nothing is left at `startNanos`.
    long syncNanos(long startNanos, long endNanos) throws IOException {
        SampleCursor cursor = samples.open();
        long found = -1;
        boolean any = false;
        while (cursor.next()) {
            long shown = shownNanos(cursor);
            any |= shown + lengthNanos(cursor) > startNanos && shown < Math.min(endNanos, edits.endNanos());
            if (cursor.isSync() && shown < endNanos && (found < 0 || shown <= startNanos)) {
                found = Math.max(0, shown);
            }
        }
        return any ? found : -1;
    }

    private long lengthNanos(SampleCursor cursor) {
        return TrackClock.nanos(cursor.durationTicks(), track.timescale());
    }

    /// Chooses the samples for what is shown between these times. False if there are none.
    boolean choose(long fromNanos, long toNanos) throws IOException {
        long to = Math.min(toNanos, edits.endNanos());
        SampleCursor cursor = samples.open();
        long synced = -1;
        long last = -1;
        for (long sample = 0; cursor.next(); sample++) {
            long shown = shownNanos(cursor);
            if (cursor.isSync() && (synced < 0 || shown <= fromNanos)) {
                synced = sample;
            }
            if (shown < to) {
                last = sample;
                lastEndNanos = Math.max(lastEndNanos, shown + lengthNanos(cursor));
            }
        }
        if (synced < 0 || last < synced || lastEndNanos <= fromNanos) {
            return false;
        }
        lastEndNanos = Math.min(lastEndNanos, to);
        first = video ? synced : Math.max(0, synced - SOUND_PREROLL);
        end = last + 1;
        return true;
    }

    /// A cursor on the first chosen sample.
    SampleCursor begin() throws IOException {
        SampleCursor cursor = samples.open();
        for (long sample = 0; sample <= first; sample++) {
            cursor.next();
        }
        firstDecode = cursor.decodeTicks();
        compositionShift = cursor.compositionOffset();
        firstNanos = shownNanos(cursor);
        left = end - first;
        return cursor;
    }

    private long left;

    /// Whether there is a chosen sample behind the one of this cursor; moves on to it.
    boolean advance(SampleCursor cursor) throws IOException {
        return --left > 0 && cursor.next();
    }

    /// Adds the cursor's sample, which will stand at `offset`, to the tables.
    void add(SampleCursor cursor, long offset, boolean newChunk) {
        if (newChunk || gathered == MAX_CHUNK_SAMPLES) {
            endChunk();
        }
        if (gathered == 0) {
            chunkDecode = cursor.decodeTicks() - firstDecode;
            chunkOffset = offset;
        }
        durations[gathered] = (int) cursor.durationTicks();
        sizes[gathered] = cursor.size();
        offsets[gathered] = cursor.compositionOffset() - compositionShift;
        syncs[gathered] = cursor.isSync();
        gathered++;
    }

    void endChunk() {
        if (gathered == 0) {
            return;
        }
        TrackRun run = new TrackRun(track.id(), chunkDecode, chunkOffset, gathered);
        for (int i = 0; i < gathered; i++) {
            run.set(i, durations[i] & 0xFFFF_FFFFL, sizes[i], offsets[i], syncs[i]);
        }
        table.add(run);
        gathered = 0;
    }

    /// How long the track waits in the cut that begins at `zeroNanos`.
    long waitNanos(long zeroNanos) {
        return Math.max(0, firstNanos - zeroNanos);
    }

    /// Where in its media the track begins.
    long mediaTicks(long zeroNanos) {
        return TrackClock.ticks(Math.max(0, zeroNanos - firstNanos), track.timescale());
    }

    /// How long it is shown or heard.
    long shownNanos(long zeroNanos) {
        return lastEndNanos - Math.max(firstNanos, zeroNanos);
    }
}
