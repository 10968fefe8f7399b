package tapedeck.container.mp4;

import tapedeck.bytes.ByteReader;
import tapedeck.container.mp4.Movie.MovieTrack;

/// What the edit list of a track says, ISO/IEC 14496-12 8.6.6: how long it waits, less where in the media it begins.
/// Edits behind the first one with media are not followed.
///
/// @param shiftTicks from media time to the time of the movie, in ticks of the track
/// @param endNanos when the track ends in the movie; [#OPEN] if the list does not say
/// @param waitTicks how long nothing is shown first, in ticks of the movie
record EditList(long shiftTicks, long endNanos, long waitTicks) {
    static final long OPEN = Long.MAX_VALUE;
    static final EditList NONE = new EditList(0, OPEN, 0);
    /// The media_time of an edit without media.
    static final long NOTHING = -1;

    static EditList of(MovieTrack track, Movie movie) {
        Box edts = Box.find(track.boxes(), "edts");
        Box elst = edts == null ? null : Box.find(edts.children(), "elst");
        if (elst == null) {
            return NONE;
        }
        boolean large = elst.version() == 1;
        ByteReader in = elst.fullBody();
        long waitTicks = 0;
        for (int left = elst.count(in, large ? 20 : 12); left > 0; left--) {
            long duration = large ? in.i64() : in.u32();
            long mediaTime = large ? in.i64() : in.i32();
            in.skip(4);
            if (mediaTime >= 0) {
                long waitNanos = TrackClock.nanos(waitTicks, movie.timescale());
                long shift = TrackClock.ticks(waitNanos, track.timescale()) - mediaTime;
                // Fragmented files have 0 there, 8.8.2.
                boolean open = duration <= 0 || movie.fragmented();
                return new EditList(
                        shift, open ? OPEN : waitNanos + TrackClock.nanos(duration, movie.timescale()), waitTicks);
            }
            waitTicks += duration;
        }
        return NONE;
    }
}
