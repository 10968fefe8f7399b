package tapedeck.container.mp4;

import java.util.List;
import java.util.function.BiConsumer;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The `moov` of a cut: the source's, with new times, edit lists and tables. What speaks of samples by their numbers
/// and is no table of these is left out.
final class CutMovie {
    private final Movie movie;
    private final List<CutTrack> tracks;
    private final long zeroNanos;

    CutMovie(Movie movie, List<CutTrack> tracks, long zeroNanos) {
        this.movie = movie;
        this.tracks = List.copyOf(tracks);
        this.zeroNanos = zeroNanos;
    }

    long bytes() {
        BoxWriter withoutTables = new BoxWriter(16 << 10);
        moov(withoutTables, (_, _) -> {});
        long bytes = withoutTables.length();
        for (CutTrack track : tracks) {
            bytes += track.table().bytes();
        }
        if (bytes > Movie.MAX_MOOV_BYTES) {
            throw new MalformedException(
                    "MP4: an index of %d bytes, at most %d allowed".formatted(bytes, Movie.MAX_MOOV_BYTES));
        }
        return bytes;
    }

    /// What the tables do not write themselves.
    ///
    /// @param mediaAt where the first range will stand
    List<BoxWriter.Piece> lay(long mediaAt) {
        BoxWriter out = new BoxWriter(64 << 10);
        moov(out, (stbl, table) -> table.lay(stbl, mediaAt));
        return out.toPieces();
    }

    private void moov(BoxWriter out, BiConsumer<BoxWriter, SampleTableWriter> tableWriter) {
        long duration = 0;
        for (CutTrack track : tracks) {
            duration = Math.max(duration, track.waitNanos(zeroNanos) + track.shownNanos(zeroNanos));
        }
        long movieTicks = movieTicks(duration);
        out.box("moov", moov -> {
            for (Box box : movie.boxes()) {
                switch (box.type()) {
                    case "mvhd" -> moov.box("mvhd", patched(box, 16, movieTicks));
                    case "trak", "mvex" -> {}
                    default -> moov.box(box.type(), box.body());
                }
            }
            for (CutTrack track : tracks) {
                moov.box("trak", trak -> trak(trak, track, tableWriter));
            }
        });
    }

    private long movieTicks(long nanos) {
        return TrackClock.ticks(nanos, movie.timescale());
    }

    private void trak(BoxWriter out, CutTrack track, BiConsumer<BoxWriter, SampleTableWriter> tableWriter) {
        long wait = movieTicks(track.waitNanos(zeroNanos));
        long shown = movieTicks(track.shownNanos(zeroNanos));
        for (Box box : track.track().boxes()) {
            switch (box.type()) {
                case "tkhd" -> {
                    out.box("tkhd", patched(box, 20, wait + shown));
                    edits(out, wait, shown, track.mediaTicks(zeroNanos));
                }
                case "mdia" -> out.box("mdia", mdia -> mdia(mdia, track, tableWriter));
                case "edts", "tref" -> {}
                default -> out.box(box.type(), box.body());
            }
        }
    }

    /// 8.6.6.
    private static void edits(BoxWriter out, long wait, long shown, long mediaTime) {
        long nothing = -1;
        out.box(
                "edts",
                edts -> edts.fullBox("elst", 1, 0, b -> {
                    b.u32(wait > 0 ? 2 : 1);
                    if (wait > 0) {
                        b.u64(wait).u64(nothing).u32(0x0001_0000);
                    }
                    b.u64(shown).u64(mediaTime).u32(0x0001_0000);
                }));
    }

    private static void mdia(BoxWriter out, CutTrack track, BiConsumer<BoxWriter, SampleTableWriter> tableWriter) {
        for (Box box : track.track().mediaBoxes()) {
            switch (box.type()) {
                case "mdhd" -> out.box("mdhd", patched(box, 16, track.table().durationTicks()));
                case "minf" ->
                    out.box("minf", minf -> {
                        for (Box child : box.children()) {
                            if (child.type().equals("stbl")) {
                                minf.box("stbl", stbl -> {
                                    Box stsd = Box.need("stbl", track.track().tableBoxes(), "stsd");
                                    stbl.box("stsd", stsd.body());
                                    tableWriter.accept(stbl, track.table());
                                });
                            } else {
                                minf.box(child.type(), child.body());
                            }
                        }
                    });
                default -> out.box(box.type(), box.body());
            }
        }
    }

    /// The body of a header box with another duration: 32 bits at `at` in version 0, in version 1 64 bits behind two
    /// times that are 4 bytes longer each.
    private static Bytes patched(Box box, int at, long duration) {
        boolean large = box.version() == 1;
        int from = large ? at + 8 : at;
        int to = from + (large ? 8 : 4);
        if (box.body().length() < to) {
            throw new MalformedException(
                    "MP4: %s of %d bytes".formatted(box.type(), box.body().length()));
        }
        ByteWriter out = new ByteWriter(box.body().length()).bytes(box.body().slice(0, from));
        if (large) {
            out.u64(duration);
        } else {
            out.u32(Math.min(duration, 0xFFFF_FFFFL));
        }
        return out.bytes(box.body().slice(to)).handOver();
    }
}
