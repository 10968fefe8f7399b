package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.mp4.Movie.MovieTrack;
import tapedeck.media.Track;

/// The `moov` of a finished file: the one of the recording with its durations, edit lists and sample tables filled in,
/// without `mvex`, and without tracks that never had a sample.
final class FullMovie {
    private final Movie movie;
    private final Map<Integer, SampleTableWriter> tables;
    private final Map<Integer, Shown> shown = new HashMap<>();
    private final List<Track> tracks = new ArrayList<>();
    private long durationTicks;
    private long durationNanos;

    /// Which part of a track is shown when.
    ///
    /// @param begin in ticks of the movie
    /// @param duration in ticks of the movie
    /// @param mediaTime where in the media that begins, in ticks of the track
    private record Shown(long begin, long duration, long mediaTime) {}

    FullMovie(Movie movie, Map<Integer, SampleTableWriter> tables) {
        this.movie = movie;
        this.tables = tables;
        for (MovieTrack track : movie.tracks()) {
            SampleTableWriter table = table(track);
            Shown part = table.isEmpty() ? null : shown(track, table);
            if (part == null) {
                continue;
            }
            shown.put(track.id(), part);
            durationTicks = Math.max(durationTicks, part.begin() + part.duration());
            if (track.codec() != null) {
                long end = table.startTicks()
                        + table.durationTicks()
                        + EditList.of(track, movie).shiftTicks();
                durationNanos = Math.max(durationNanos, TrackClock.nanos(end, track.timescale()));
                tracks.add(new Track(track.id(), track.codec()));
            }
        }
    }

    /// Of the longest track.
    long durationNanos() {
        return durationNanos;
    }

    List<Track> tracks() {
        return tracks;
    }

    private SampleTableWriter table(MovieTrack track) {
        SampleTableWriter table = tables.get(track.id());
        if (table == null) {
            throw new IllegalStateException("no table of track " + track.id());
        }
        return table;
    }

    /// Null if nothing of it is: it left before the time from which on it was to be shown.
    private @Nullable Shown shown(MovieTrack track, SampleTableWriter table) {
        long first = movieTicks(table.startTicks() + EditList.of(track, movie).shiftTicks(), track);
        long begin = Math.max(first, TrackClock.ticks(IdentityBoxes.shownFromNanos(track), movie.timescale()));
        long skipped = begin - first;
        long duration = trackTicks(track, table) - skipped;
        long mediaTime = TrackClock.ticks(TrackClock.nanos(skipped, movie.timescale()), track.timescale());
        return skipped > 0 && duration <= 0 ? null : new Shown(begin, duration, mediaTime);
    }

    private long movieTicks(long ticks, MovieTrack track) {
        return TrackClock.ticks(TrackClock.nanos(ticks, track.timescale()), movie.timescale());
    }

    /// The duration of the track's media in ticks of the movie, rounded up: an edit that ends too early would cut off
    /// the last sample.
    private long trackTicks(MovieTrack track, SampleTableWriter table) {
        long seconds = table.durationTicks() / track.timescale();
        long rest = table.durationTicks() % track.timescale();
        return seconds * movie.timescale() + Math.ceilDiv(rest * movie.timescale(), track.timescale());
    }

    /// The exact size of the `moov`.
    long bytes() {
        BoxWriter withoutTables = new BoxWriter(64 << 10);
        moov(withoutTables, (_, _) -> {});
        long bytes = withoutTables.length();
        for (MovieTrack track : movie.tracks()) {
            bytes += shown.containsKey(track.id()) ? table(track).bytes() : 0;
        }
        return bytes;
    }

    /// What the tables do not write themselves.
    ///
    /// @param shift by how much the media stands further on than its runs say
    List<BoxWriter.Piece> lay(long shift) {
        BoxWriter out = new BoxWriter(64 << 10);
        moov(out, (stbl, table) -> table.lay(stbl, shift));
        return out.toPieces();
    }

    private void moov(BoxWriter out, BiConsumer<BoxWriter, SampleTableWriter> tableWriter) {
        out.box("moov", moov -> {
            int next = 0;
            for (Box box : movie.boxes()) {
                switch (box.type()) {
                    case "mvhd" -> moov.box("mvhd", patched(box, 24, durationTicks));
                    case "trak" -> trak(moov, movie.tracks().get(next++), tableWriter);
                    case "mvex" -> {}
                    default -> moov.box(box.type(), box.body());
                }
            }
        });
    }

    private void trak(BoxWriter out, MovieTrack track, BiConsumer<BoxWriter, SampleTableWriter> tableWriter) {
        SampleTableWriter table = table(track);
        Shown part = shown.get(track.id());
        if (part == null) {
            return;
        }
        out.box("trak", trak -> {
            for (Box box : track.boxes()) {
                switch (box.type()) {
                    case "tkhd" -> {
                        trak.box("tkhd", patched(box, 28, part.begin() + part.duration()));
                        if (part.begin() > 0 || part.mediaTime() > 0) {
                            edits(trak, part);
                        }
                    }
                    case "edts" -> {}
                    case "mdia" -> mdia(trak, track, table, tableWriter);
                    default -> trak.box(box.type(), box.body());
                }
            }
        });
    }

    /// 8.6.6: nothing for as long as the track is late, then all that is to be shown of it.
    private static void edits(BoxWriter out, Shown part) {
        out.box(
                "edts",
                edts -> edts.fullBox("elst", 1, 0, b -> {
                    b.u32(part.begin() > 0 ? 2 : 1);
                    if (part.begin() > 0) {
                        b.u64(part.begin()).u64(EditList.NOTHING).u32(0x0001_0000);
                    }
                    b.u64(part.duration()).u64(part.mediaTime()).u32(0x0001_0000);
                }));
    }

    private static void mdia(
            BoxWriter out,
            MovieTrack track,
            SampleTableWriter table,
            BiConsumer<BoxWriter, SampleTableWriter> tableWriter) {
        out.box("mdia", mdia -> {
            for (Box box : track.mediaBoxes()) {
                switch (box.type()) {
                    case "mdhd" -> mdia.box("mdhd", patched(box, 24, table.durationTicks()));
                    case "minf" ->
                        mdia.box("minf", minf -> {
                            for (Box child : box.children()) {
                                if (child.type().equals("stbl")) {
                                    minf.box("stbl", stbl -> {
                                        stbl.box(
                                                "stsd",
                                                SampleEntryReader.mended(Box.need("stbl", track.tableBoxes(), "stsd")));
                                        tableWriter.accept(stbl, table);
                                    });
                                } else {
                                    minf.box(child.type(), child.body());
                                }
                            }
                        });
                    default -> mdia.box(box.type(), box.body());
                }
            }
        });
    }

    /// The body of a header box with the duration at `at`: ours are all of version 1.
    private static Bytes patched(Box box, int at, long duration) {
        if (box.version() != 1 || box.body().length() < at + 8) {
            throw new MalformedException("MP4: %s is none of a recording of ours".formatted(box.type()));
        }
        return new ByteWriter(box.body().length())
                .bytes(box.body().slice(0, at))
                .u64(duration)
                .bytes(box.body().slice(at + 8))
                .handOver();
    }
}
