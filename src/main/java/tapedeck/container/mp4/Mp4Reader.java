package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.StoredBytes;
import tapedeck.container.Summary;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Reads an MP4 of ours in each of its states, and those of others: with a sample table, with fragments, or both.
final class Mp4Reader {
    private final StoredBytes file;
    private final long size;
    private final List<ReadTrack> tracks;

    private Mp4Reader(StoredBytes file, long size, List<ReadTrack> tracks) {
        this.file = file;
        this.size = size;
        this.tracks = List.copyOf(tracks);
    }

    /// A track with all its samples.
    ///
    /// @param codec null if we do not know it
    /// @param shiftTicks from media time to the time of the movie, by the edit list
    record ReadTrack(int id, @Nullable Codec codec, long timescale, long shiftTicks, SampleList samples) {}

    /// Duration and tracks, without reading samples where the headers say it; else they are gone over and not kept.
    static Summary summary(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        TopBox box = find(boxes, "moov");
        Movie movie = Movie.read(boxes, box);
        if (movie.durationTicks() > 0 || !movie.fragmented()) {
            return new Summary(TrackClock.nanos(movie.durationTicks(), movie.timescale()), movie.knownTracks());
        }
        Map<Integer, End> ends = new HashMap<>();
        movie.tracks().forEach(track -> ends.put(track.id(), new End(track, movie)));
        SampleWalk.over(movie, boxes, box, ends);
        long end = ends.values().stream().mapToLong(End::nanos).max().orElse(0);
        return new Summary(Math.max(0, end), movie.knownTracks());
    }

    /// Where a track ends.
    private static final class End implements SampleWalk.Listener {
        private final MovieTrack track;
        private final long shiftTicks;
        private long ticks;

        End(MovieTrack track, Movie movie) {
            this.track = track;
            shiftTicks = EditList.of(track, movie).shiftTicks();
        }

        long nanos() {
            return TrackClock.nanos(ticks + shiftTicks, track.timescale());
        }

        @Override
        public void sample(long decodeTicks, long durationTicks, int compositionOffset) {
            ticks = decodeTicks + durationTicks;
        }
    }

    /// @param mostIndexBytes of the `moov`; and four bytes are what a sample takes there
    static Mp4Reader open(StoredBytes file, int mostIndexBytes) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        SampleBudget budget = new SampleBudget(Math.min(boxes.size(), mostIndexBytes / Integer.BYTES));
        TopBox box = find(boxes, "moov");
        Movie movie = Movie.parse(boxes.body(box, mostIndexBytes));
        Map<Integer, SampleList> samples = new LinkedHashMap<>();
        for (MovieTrack track : movie.tracks()) {
            SampleList list = new SampleList(budget);
            list.add(track.tables());
            samples.put(track.id(), list);
        }
        if (movie.fragmented()) {
            fragments(boxes, box.end(), movie, samples, budget);
        }
        List<ReadTrack> tracks = new ArrayList<>();
        for (MovieTrack track : movie.tracks()) {
            SampleList list = samples.get(track.id());
            if (list != null) {
                tracks.add(new ReadTrack(
                        track.id(),
                        track.codec(),
                        track.timescale(),
                        EditList.of(track, movie).shiftTicks(),
                        list));
            }
        }
        return new Mp4Reader(file, boxes.size(), tracks);
    }

    static TopBox find(FileBoxes boxes, String type) throws IOException {
        for (TopBox box = boxes.at(0); box != null; box = boxes.at(box.end())) {
            if (box.type().equals(type)) {
                return box;
            }
        }
        throw new MalformedException("MP4: no %s in %d bytes".formatted(type, boxes.size()));
    }

    /// Reads on to the first box that is cut off.
    private static void fragments(
            FileBoxes boxes, long start, Movie movie, Map<Integer, SampleList> samples, SampleBudget budget)
            throws IOException {
        for (TopBox box = boxes.at(start); box != null && box.end() <= boxes.size(); box = boxes.at(box.end())) {
            if (!box.type().equals("moof")) {
                continue;
            }
            Bytes body = boxes.body(box, MovieFragment.MAX_MOOF_BYTES);
            for (TrackRun run : MovieFragment.parse(body, box.start(), movie.fragmentDefaults(), budget)) {
                SampleList list = samples.get(run.trackId());
                if (list != null) {
                    list.add(run);
                }
            }
        }
    }

    List<ReadTrack> tracks() {
        return tracks;
    }

    /// One sample with its bytes.
    Frame frame(ReadTrack track, int sample) throws IOException {
        Codec codec = track.codec();
        if (codec == null) {
            throw new IllegalArgumentException("track %d has a codec that we do not know".formatted(track.id()));
        }
        SampleList samples = track.samples();
        Bytes data = sample(file, size, samples.offset(sample), samples.size(sample));
        return new Frame(
                new Track(track.id(), codec),
                TrackClock.nanos(samples.decodeTicks(sample) + track.shiftTicks(), track.timescale()),
                TrackClock.nanos(samples.presentationTicks(sample) + track.shiftTicks(), track.timescale()),
                samples.isSync(sample),
                data);
    }

    /// The bytes of a sample.
    static Bytes sample(StoredBytes file, long size, long offset, int bytes) throws IOException {
        if (offset < 0 || offset > size - bytes) {
            throw new MalformedException("MP4: a sample of %d bytes at %d of %d".formatted(bytes, offset, size));
        }
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && file.read(buffer, offset + buffer.position()) >= 0) {
            // a file may give fewer bytes than asked for
        }
        return Bytes.wrap(buffer.array());
    }
}
