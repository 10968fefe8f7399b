package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.CodedTrack;
import tapedeck.container.DescribedTrack;
import tapedeck.container.FileLine;
import tapedeck.container.FileLines;
import tapedeck.container.Holes;
import tapedeck.container.StoredBytes;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.media.Codec;

/// All tracks of an MP4 on the time line of the movie: each edit with media (ISO/IEC 14496-12 8.6.6) is one or more
/// [FileLine].
public final class MovieLines {
    /// More edits in one track than anybody comes and goes.
    static final int MAX_EDITS = 10_000;

    private static final int NAME_BYTES = 4096;
    /// What writers call a track that has no name.
    private static final List<String> NO_NAMES = List.of(
            "Video", "Audio", "VideoHandler", "SoundHandler", "Core Media Video", "Core Media Audio", "L-SMASH Video");

    private static final Instant START_OF_TIME = Instant.parse("1904-01-01T00:00:00Z");
    private static final long MAX_SECONDS = 1L << 40;

    private MovieLines() {}

    /// An edit with media.
    ///
    /// @param endNanos [EditList#OPEN] if the list does not say
    private record Edit(long startNanos, long endNanos, long mediaTime) {}

    /// @throws MalformedException if it is no such file
    public static FileLines of(FileChannel file) throws IOException {
        return of(StoredBytes.of(file));
    }

    static FileLines of(StoredBytes file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        TopBox moov = Mp4Reader.find(boxes, "moov");
        Movie movie = Movie.read(boxes, moov);
        Map<Integer, Look> looks = new LinkedHashMap<>();
        for (MovieTrack track : movie.tracks()) {
            Codec codec = track.codec();
            if (codec != null) {
                looks.put(track.id(), new Look(new Stored(file, moov, movie, track, codec), edits(track, movie)));
            }
        }
        SampleWalk.over(movie, boxes, moov, looks);
        List<FileLine> lines = new ArrayList<>();
        looks.values().forEach(look -> lines.addAll(look.lines()));
        return new FileLines(createdAt(movie), lines);
    }

    /// 8.2.2.
    private static Instant createdAt(Movie movie) {
        Box mvhd = Box.need("moov", movie.boxes(), "mvhd");
        ByteReader in = mvhd.fullBody();
        long seconds = mvhd.version() == 1 ? in.i64() : in.u32();
        return START_OF_TIME.plusSeconds(Math.clamp(seconds, 0, MAX_SECONDS));
    }

    /// What is seen of a track while one goes over its samples: where they end, and where pictures are missing.
    private static final class Look implements SampleWalk.Listener {
        private final Stored stored;
        private final List<Edit> edits;
        private final Holes holes;
        private boolean any;
        private long lastTicks = Long.MIN_VALUE;
        private long endTicks;

        Look(Stored stored, List<Edit> edits) {
            this.stored = stored;
            this.edits = edits;
            holes = new Holes(
                    TrackClock.ticks(DescribedTrack.HOLE_NANOS, stored.track().timescale()));
        }

        @Override
        public void sample(long decodeTicks, long durationTicks, int compositionOffset) {
            any = true;
            long shown = decodeTicks + compositionOffset;
            // Pictures that come out of order are shown later than they are decoded.
            lastTicks = Math.max(lastTicks, shown);
            endTicks = lastTicks + durationTicks;
            if (stored.track().isVideo()) {
                holes.picture(shown);
            }
        }

        /// None if there is no sample.
        List<FileLine> lines() {
            List<FileLine> lines = new ArrayList<>();
            MovieTrack track = stored.track();
            TrackIdentity known = IdentityBoxes.of(track);
            FileLine.Said says = new FileLine.Said(
                    track.id(),
                    stored.codec(),
                    known == null ? new TrackIdentity(name(track), "") : known,
                    track.isVideo() ? rotation(track) : 0);
            List<Holes.Hole> found = holes.found();
            for (Edit edit : any ? edits : List.<Edit>of()) {
                long shift = TrackClock.ticks(edit.startNanos(), track.timescale()) - edit.mediaTime();
                Moved samples = new Moved(stored, shift);
                long end = Math.min(edit.endNanos(), samples.nanos(endTicks));
                List<Holes.Hole> there =
                        found.stream().map(hole -> hole.on(samples::nanos)).toList();
                lines.addAll(FileLine.of(says, samples, there, edit.startNanos(), end));
            }
            return lines;
        }
    }

    /// A track in its file.
    private record Stored(StoredBytes file, TopBox moov, Movie movie, MovieTrack track, Codec codec) {
        SampleCursor open() throws IOException {
            return movie.samples(new FileBoxes(file), moov, track);
        }
    }

    /// Samples where their edit puts them.
    private record Moved(Stored stored, long shiftTicks) implements FileLine.Samples {
        @Override
        public FileLine.Walk open() throws IOException {
            return new Walk(this, stored.open());
        }

        private long nanos(long ticks) {
            return TrackClock.nanos(ticks + shiftTicks, stored.track().timescale());
        }

        @Override
        public CodedTrack coded() {
            MovieTrack track = stored.track();
            return CodedTrack.of(track.id(), stored.codec(), FragmentDemuxer.nalLengthBytes(track));
        }
    }

    private record Walk(Moved samples, SampleCursor cursor) implements FileLine.Walk {
        @Override
        public boolean next() throws IOException {
            return cursor.next();
        }

        @Override
        public boolean isSync() {
            return cursor.isSync();
        }

        @Override
        public long dtsNanos() {
            return samples.nanos(cursor.decodeTicks());
        }

        @Override
        public long ptsNanos() {
            return samples.nanos(cursor.decodeTicks() + cursor.compositionOffset());
        }

        @Override
        public Bytes data() throws IOException {
            StoredBytes file = samples.stored().file();
            return Mp4Reader.sample(file, file.size(), cursor.offset(), cursor.size());
        }
    }

    private static List<Edit> edits(MovieTrack track, Movie movie) {
        Box edts = Box.find(track.boxes(), "edts");
        Box elst = edts == null ? null : Box.find(edts.children(), "elst");
        List<Edit> edits = new ArrayList<>();
        if (elst == null) {
            edits.add(new Edit(0, EditList.OPEN, 0));
            return edits;
        }
        boolean large = elst.version() == 1;
        ByteReader in = elst.fullBody();
        int count = elst.count(in, large ? 20 : 12);
        if (count > MAX_EDITS) {
            throw new MalformedException("MP4: %d edits in track %d".formatted(count, track.id()));
        }
        long atTicks = 0;
        for (int i = 0; i < count; i++) {
            long duration = large ? in.i64() : in.u32();
            long mediaTime = large ? in.i64() : in.i32();
            in.skip(4);
            long start = TrackClock.nanos(atTicks, movie.timescale());
            if (mediaTime >= 0) {
                // Fragmented files have 0 there, 8.8.2.
                boolean open = duration <= 0 || movie.fragmented() && i == count - 1;
                long end = open ? EditList.OPEN : start + TrackClock.nanos(duration, movie.timescale());
                edits.add(new Edit(start, end, mediaTime));
                if (open) {
                    break;
                }
            }
            atTicks += Math.max(0, duration);
        }
        return edits;
    }

    private static String name(MovieTrack track) {
        Box udta = Box.find(track.boxes(), "udta");
        Box name = udta == null ? null : Box.find(udta.children(), "name");
        if (name != null) {
            return text(name.body());
        }
        Box hdlr = Box.find(track.mediaBoxes(), "hdlr");
        int nameAt = 24;
        String handler = hdlr == null || hdlr.body().length() <= nameAt
                ? ""
                : text(hdlr.body().slice(nameAt));
        return NO_NAMES.contains(handler) ? "" : handler;
    }

    private static String text(Bytes utf8) {
        int end = Math.min(utf8.indexOfZero(0), NAME_BYTES);
        return utf8.slice(0, Math.min(end, utf8.length())).toUtf8().strip();
    }

    /// 8.3.2 and 6.2.2: `a b u, c d v, x y w`.
    private static int rotation(MovieTrack track) {
        Box tkhd = Box.find(track.boxes(), "tkhd");
        if (tkhd == null) {
            return 0;
        }
        ByteReader in = tkhd.fullBody();
        in.skip(tkhd.version() == 1 ? 48 : 36);
        int cosine = in.i32();
        int sine = in.i32();
        if (Math.abs((long) cosine) >= Math.abs((long) sine)) {
            return cosine < 0 ? 180 : 0;
        }
        return sine > 0 ? 90 : 270;
    }
}
