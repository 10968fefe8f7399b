package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.media.Codec;

/// What tracks a file has, whose they are, and when each of them is there: of a recording of many streams, finished or
/// not, and of any other MP4.
public final class MovieTracks {
    private final FileBoxes boxes;
    private final Movie movie;
    private final TopBox moov;

    private MovieTracks(FileBoxes boxes, Movie movie, TopBox moov) {
        this.boxes = boxes;
        this.movie = movie;
        this.moov = moov;
    }

    /// The tracks of codecs that we know: those of each stream together, sound first.
    ///
    /// @throws MalformedException if it is no such file
    public static List<DescribedTrack> of(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        TopBox moov = Mp4Reader.find(boxes, "moov");
        Movie movie = Movie.parse(boxes.body(moov, Movie.MAX_MOOV_BYTES));
        MovieTracks tracks = new MovieTracks(boxes, movie, moov);
        List<DescribedTrack> all = new ArrayList<>();
        for (MovieTrack track : movie.tracks()) {
            Codec codec = track.codec();
            if (codec != null) {
                all.add(tracks.describe(track, codec));
            }
        }
        all.sort(DescribedTrack.BY_STREAM);
        return all;
    }

    private DescribedTrack describe(MovieTrack track, Codec codec) throws IOException {
        TrackIdentity identity = IdentityBoxes.of(track);
        return new DescribedTrack(
                track.id(),
                identity == null ? new TrackIdentity("", "") : identity,
                codec,
                SampleEntryReader.type(Box.need("stbl", track.tableBoxes(), "stsd")),
                track.timescale(),
                segments(track));
    }

    private List<Segment> segments(MovieTrack track) throws IOException {
        EditList edits = EditList.of(track, movie);
        SampleCursor cursor = movie.fragmented()
                ? new FragmentCursor(boxes, movie, track.id(), moov.end())
                : new TableCursor(track.tableBoxes());
        Timeline timeline = new Timeline(
                movie.fragmented()
                        ? IdentityBoxes.shownFromNanos(track)
                        : TrackClock.nanos(edits.waitTicks(), movie.timescale()),
                edits.endNanos(),
                ticks -> TrackClock.nanos(ticks + edits.shiftTicks(), track.timescale()));
        long hole = TrackClock.ticks(DescribedTrack.HOLE_NANOS, track.timescale());
        @Nullable Long begin = null;
        long last = 0;
        long usual = 0;
        long end = 0;
        while (cursor.next()) {
            long decode = cursor.decodeTicks();
            if (begin == null) {
                begin = decode;
            } else if (decode - last > hole) {
                timeline.add(begin, last + usual);
                begin = decode;
            } else {
                usual = decode - last;
            }
            last = decode;
            end = decode + cursor.durationTicks();
        }
        if (begin != null) {
            timeline.add(begin, Math.max(end, last));
        }
        return timeline.segments;
    }

    private interface ToNanos {
        long of(long ticks);
    }

    /// Puts what is there onto the time of the file, and pauses between.
    private static final class Timeline {
        private final long fromNanos;
        private final long untilNanos;
        private final ToNanos nanos;
        private final List<Segment> segments = new ArrayList<>();

        Timeline(long fromNanos, long untilNanos, ToNanos nanos) {
            this.fromNanos = fromNanos;
            this.untilNanos = untilNanos;
            this.nanos = nanos;
        }

        void add(long beginTicks, long endTicks) {
            long begin = Math.max(fromNanos, nanos.of(beginTicks));
            long end = Math.min(untilNanos, nanos.of(endTicks));
            if (end > begin) {
                Segment.append(segments, begin, end);
            }
        }
    }
}
