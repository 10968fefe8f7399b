package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.CodedTrack;
import tapedeck.container.FileLine;
import tapedeck.container.FileLines;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.container.mp4.Mp4Reader.ReadTrack;
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
        Mp4Reader reader = Mp4Reader.open(file);
        FileBoxes boxes = new FileBoxes(file);
        Movie movie = Movie.parse(boxes.body(Mp4Reader.find(boxes, "moov"), Movie.MAX_MOOV_BYTES));
        List<FileLine> lines = new ArrayList<>();
        for (MovieTrack said : movie.tracks()) {
            for (ReadTrack track : reader.tracks()) {
                Codec codec = track.codec();
                if (track.id() == said.id() && codec != null && track.samples().count() > 0) {
                    for (Edit edit : edits(said, movie)) {
                        lines.addAll(lines(reader, said, track, codec, edit));
                    }
                }
            }
        }
        return new FileLines(createdAt(movie), lines);
    }

    /// 8.2.2.
    private static Instant createdAt(Movie movie) {
        Box mvhd = Box.need("moov", movie.boxes(), "mvhd");
        ByteReader in = mvhd.fullBody();
        long seconds = mvhd.version() == 1 ? in.i64() : in.u32();
        return START_OF_TIME.plusSeconds(Math.clamp(seconds, 0, MAX_SECONDS));
    }

    private static List<FileLine> lines(Mp4Reader reader, MovieTrack said, ReadTrack track, Codec codec, Edit edit) {
        long shift = TrackClock.ticks(edit.startNanos(), track.timescale()) - edit.mediaTime();
        TrackIdentity known = IdentityBoxes.of(said);
        TrackIdentity identity = known == null ? new TrackIdentity(name(said), "") : known;
        ReadTrack moved = new ReadTrack(track.id(), codec, track.timescale(), shift, track.samples());
        FileLine.Said says =
                new FileLine.Said(track.id(), codec, identity, codec instanceof Codec.Video ? rotation(said) : 0);
        long end = Math.min(edit.endNanos(), TrackClock.nanos(endTicks(track.samples()) + shift, track.timescale()));
        Moved samples = new Moved(reader, moved, codec, FragmentDemuxer.nalLengthBytes(said));
        return FileLine.of(says, samples, edit.startNanos(), end);
    }

    /// Samples where their edit puts them.
    private record Moved(Mp4Reader reader, ReadTrack track, Codec codec, int nalLengthBytes)
            implements FileLine.Samples {
        @Override
        public int count() {
            return track.samples().count();
        }

        @Override
        public boolean isSync(int sample) {
            return track.samples().isSync(sample);
        }

        @Override
        public long dtsNanos(int sample) {
            return TrackClock.nanos(track.samples().decodeTicks(sample) + track.shiftTicks(), track.timescale());
        }

        @Override
        public long ptsNanos(int sample) {
            return TrackClock.nanos(track.samples().presentationTicks(sample) + track.shiftTicks(), track.timescale());
        }

        @Override
        public Bytes data(int sample) throws IOException {
            return reader.frame(track, sample).data();
        }

        @Override
        public CodedTrack coded() {
            return CodedTrack.of(track.id(), codec, nalLengthBytes);
        }
    }

    /// Where the last of them is shown no more: pictures that come out of order are shown later than they are decoded.
    private static long endTicks(SampleList samples) {
        long last = Long.MIN_VALUE;
        for (int i = 0; i < samples.count(); i++) {
            last = Math.max(last, samples.presentationTicks(i));
        }
        return last + samples.endTicks() - samples.decodeTicks(samples.count() - 1);
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
