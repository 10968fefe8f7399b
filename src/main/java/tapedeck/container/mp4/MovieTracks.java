package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tapedeck.bytes.MalformedException;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;

/// What tracks a file has, whose they are, and when each of them is there: of a recording of many streams, finished or
/// not, and of any other MP4. Goes over its samples once and keeps none of them.
public final class MovieTracks {
    private MovieTracks() {}

    /// The tracks of codecs that we know: those of each stream together, sound first.
    ///
    /// @throws MalformedException if it is no such file
    public static List<DescribedTrack> of(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        TopBox moov = Mp4Reader.find(boxes, "moov");
        Movie movie = Movie.read(boxes, moov);
        Map<Integer, Presence> known = new LinkedHashMap<>();
        for (MovieTrack track : movie.tracks()) {
            if (track.codec() != null) {
                known.put(track.id(), new Presence(track, movie));
            }
        }
        SampleWalk.over(movie, boxes, moov, known);
        List<DescribedTrack> all = new ArrayList<>();
        known.values().forEach(presence -> all.add(presence.described()));
        all.sort(DescribedTrack.BY_STREAM);
        return all;
    }

    /// When a track is there.
    private static final class Presence implements SampleWalk.Listener {
        private final MovieTrack track;
        private final EditList edits;
        private final long fromNanos;
        private final long holeTicks;
        private final List<Segment> segments = new ArrayList<>();
        private boolean begun;
        private long beginTicks;
        private long lastTicks;
        private long usualTicks;
        private long endTicks;

        Presence(MovieTrack track, Movie movie) {
            this.track = track;
            edits = EditList.of(track, movie);
            fromNanos = movie.fragmented()
                    ? IdentityBoxes.shownFromNanos(track)
                    : TrackClock.nanos(edits.waitTicks(), movie.timescale());
            holeTicks = TrackClock.ticks(DescribedTrack.HOLE_NANOS, track.timescale());
        }

        @Override
        public void sample(long decodeTicks, long durationTicks, int compositionOffset) {
            if (!begun) {
                begun = true;
                beginTicks = decodeTicks;
            } else if (decodeTicks - lastTicks > holeTicks) {
                close(lastTicks + usualTicks);
                beginTicks = decodeTicks;
            } else {
                usualTicks = decodeTicks - lastTicks;
            }
            lastTicks = decodeTicks;
            endTicks = decodeTicks + durationTicks;
        }

        /// Puts what is there onto the time of the file, and pauses between.
        private void close(long untilTicks) {
            long begin = Math.max(fromNanos, nanos(beginTicks));
            long end = Math.min(edits.endNanos(), nanos(untilTicks));
            if (end > begin) {
                Segment.append(segments, begin, end);
            }
        }

        private long nanos(long ticks) {
            return TrackClock.nanos(ticks + edits.shiftTicks(), track.timescale());
        }

        DescribedTrack described() {
            if (begun) {
                close(Math.max(endTicks, lastTicks));
            }
            TrackIdentity identity = IdentityBoxes.of(track);
            return new DescribedTrack(
                    track.id(),
                    identity == null ? new TrackIdentity("", "") : identity,
                    Objects.requireNonNull(track.codec()),
                    SampleEntryReader.type(Box.need("stbl", track.tableBoxes(), "stsd")),
                    track.timescale(),
                    segments);
        }
    }
}
