package tapedeck.container.mp4;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrontedCopy;
import tapedeck.container.mp4.FileBoxes.TopBox;
import tapedeck.container.mp4.Movie.MovieTrack;

/// Cuts a part out of an MP4 into a new one, without touching a sample. It begins with the last keyframe at or before
/// the start; sound is aligned to that by an edit list. An index is not in memory: the old one is
/// read as it is needed, the new one is written in a second walk if it is large.
///
/// ```
/// | ftyp | free: label | moov | mdat: ranges of the source, in its order |
/// ```
public final class Mp4Cutter {
    /// The longest label.
    public static final int MAX_LABEL_BYTES = 1024;

    private static final int LABEL_MAGIC = 0x74636C62; // tclb
    private static final int LABEL_HEAD_BYTES = 12;
    /// How often it is looked whether the index becomes too large for memory.
    private static final int SAMPLES_BETWEEN_LOOKS = 10_000;

    private final FileChannel source;
    private final FileBoxes boxes;
    private final Movie movie;
    private final List<CutTrack> tracks = new ArrayList<>();
    private boolean kept = true;
    private long zeroNanos;

    private Mp4Cutter(FileChannel source, Movie movie, FileBoxes boxes) {
        this.source = source;
        this.movie = movie;
        this.boxes = boxes;
    }

    /// Prepares a cut of what is shown from `startNanos` on and before `endNanos`. The source must stay open until it
    /// is written.
    ///
    /// @param label kept in the cut for [#label(FileChannel)], at most [#MAX_LABEL_BYTES]
    /// @return empty if the file has nothing there
    /// @throws MalformedException if the source is no MP4 that can be cut
    public static Optional<FrontedCopy> cut(FileChannel source, long startNanos, long endNanos, Bytes label)
            throws IOException {
        if (label.length() > MAX_LABEL_BYTES) {
            throw new IllegalArgumentException("a label of %d bytes".formatted(label.length()));
        }
        FileBoxes boxes = new FileBoxes(source);
        TopBox moov = Mp4Reader.find(boxes, "moov");
        Movie movie = Movie.read(boxes, moov);
        Mp4Cutter cutter = new Mp4Cutter(source, movie, boxes);
        cutter.findTracks(moov);
        if (!cutter.choose(startNanos, endNanos)) {
            return Optional.empty();
        }
        Ranges ranges = cutter.collect(0);
        CutMovie cut = new CutMovie(movie, cutter.tracks, cutter.zeroNanos);
        return Optional.of(new Cut(source, label, cut, ranges, cutter::writeTables, headBytes(label)));
    }

    /// What the maker of a cut wrote into it; null in any other file.
    public static @Nullable Bytes label(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        TopBox ftyp = boxes.at(0);
        TopBox free = ftyp == null || !ftyp.type().equals("ftyp") ? null : boxes.at(ftyp.end());
        if (free == null
                || !free.type().equals("free")
                || free.bodyBytes() < 4
                || free.bodyBytes() > 4 + MAX_LABEL_BYTES
                || free.end() > boxes.size()) {
            return null;
        }
        Bytes body = boxes.body(free, 4 + MAX_LABEL_BYTES);
        return body.i32(0) == LABEL_MAGIC ? body.slice(4) : null;
    }

    private static int headBytes(Bytes label) {
        return Cut.FTYP_BYTES + LABEL_HEAD_BYTES + label.length();
    }

    static Bytes head(Bytes label) {
        BoxWriter out = new BoxWriter(headBytes(label));
        out.box("ftyp", b -> b.ascii("isom").u32(0x200).ascii("isomiso2iso4avc1mp41"));
        out.box("free", b -> b.u32(LABEL_MAGIC).bytes(label));
        return out.toBytes();
    }

    private void findTracks(TopBox moov) throws IOException {
        for (MovieTrack track : movie.tracks()) {
            Box hdlr = Box.find(track.mediaBoxes(), "hdlr");
            String handler = hdlr == null || hdlr.body().length() < 12 ? "" : Layout.type(hdlr.body(), 8);
            if (!handler.equals("vide") && !handler.equals("soun")) {
                continue;
            }
            if (Box.need("stbl", track.tableBoxes(), "stsd").fullBody().u32() != 1) {
                throw new MalformedException("MP4: track %d has not one sample description".formatted(track.id()));
            }
            if (movie.fragmented()
                    && track.tables().find("stsz") != null
                    && new TableCursor(track.tables()).count() > 0) {
                throw new MalformedException("MP4: track %d is in a table and in fragments".formatted(track.id()));
            }
            tracks.add(new CutTrack(
                    track, handler.equals("vide"), EditList.of(track, movie), () -> movie.samples(boxes, moov, track)));
        }
    }

    private boolean choose(long startNanos, long endNanos) throws IOException {
        CutTrack leading = null;
        for (CutTrack track : tracks) {
            if (leading == null || track.isVideo() && !leading.isVideo()) {
                leading = track;
            }
        }
        if (leading == null) {
            throw new MalformedException("MP4: neither picture nor sound");
        }
        long sync = leading.syncNanos(startNanos, endNanos);
        // Sound that goes on after the last picture is something too.
        zeroNanos = sync >= 0 ? Math.min(sync, startNanos) : startNanos;
        for (CutTrack track : List.copyOf(tracks)) {
            if (!track.choose(zeroNanos, endNanos)) {
                tracks.remove(track);
            }
        }
        return !tracks.isEmpty();
    }

    /// Goes through all tracks side by side, in the order of the source, so that the cut is as interleaved as that.
    ///
    /// @param mediaAt where the first range will stand, as far as that is known
    private Ranges collect(long mediaAt) throws IOException {
        Ranges ranges = new Ranges();
        List<SampleCursor> cursors = new ArrayList<>();
        List<CutTrack> open = new ArrayList<>(tracks);
        for (CutTrack track : open) {
            cursors.add(track.begin());
        }
        long size = source.size();
        long outAt = mediaAt;
        long looked = 0;
        CutTrack before = null;
        while (!open.isEmpty()) {
            int next = 0;
            for (int i = 1; i < open.size(); i++) {
                if (cursors.get(i).offset() < cursors.get(next).offset()) {
                    next = i;
                }
            }
            CutTrack track = open.get(next);
            SampleCursor cursor = cursors.get(next);
            if (cursor.offset() > size - cursor.size()) {
                throw new MalformedException("MP4: a sample at %d of %d bytes".formatted(cursor.offset(), size));
            }
            boolean apart = !ranges.continues(cursor.offset());
            track.add(cursor, outAt, track != before || apart);
            ranges.add(cursor.offset(), cursor.size());
            outAt += cursor.size();
            before = track;
            if (!track.advance(cursor)) {
                track.endChunk();
                open.remove(next);
                cursors.remove(next);
            }
            if (kept && ++looked % SAMPLES_BETWEEN_LOOKS == 0) {
                keepOrForget();
            }
        }
        return ranges;
    }

    private void keepOrForget() {
        long bytes =
                tracks.stream().mapToLong(track -> track.table().keptBytes()).sum();
        if (bytes > IndexLimits.USUAL.keptBytes()) {
            kept = false;
            tracks.forEach(track -> track.table().forget());
        }
    }

    /// Goes through the source a second time if the tables were too large for memory.
    private void writeTables(FileChannel target, long moovAt, long mediaAt) throws IOException {
        if (kept) {
            return;
        }
        Map<Integer, SampleTableWriter> counted = new LinkedHashMap<>();
        tracks.forEach(track -> counted.put(track.track().id(), track.table()));
        Map<Integer, SampleTableWriter> placed = Mp4Finisher.placed(counted, target, moovAt);
        tracks.forEach(track ->
                track.addTo(Objects.requireNonNull(placed.get(track.track().id()))));
        try {
            collect(mediaAt);
            Mp4Finisher.endPlaced(placed, counted);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
