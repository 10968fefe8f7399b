package tapedeck.container.mp4;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FinishOptions;
import tapedeck.container.IndexPlace;
import tapedeck.container.Summary;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// Turns state R of [Layout] into F, or into T where the index is larger than the reserve and that cannot grow. What
/// runs at the end of a recording is what runs after a crash: it cuts off a torn tail, reads the `moof`s back, and
/// begins again from the start wherever an earlier run was stopped.
///
/// The media is read for the checksums of the tail alone, and no byte of it is written again.
final class Mp4Finisher {
    private static final int COPY_BYTES = 256 << 10;
    /// What the tables of all tracks gather before they write it, together; each at least [#MIN_BUFFER_BYTES].
    private static final int MAX_BUFFERED_BYTES = 4 << 20;

    private static final int MIN_BUFFER_BYTES = 1 << 10;

    private final FileChannel file;
    private final FileBoxes boxes;
    private final FinishOptions options;
    private final IndexLimits limits;
    private long reserveBytes;
    /// Whether other places in the reserve look like the one where the `moov` stands.
    private boolean moovMoves;

    private Mp4Finisher(FileChannel file, long reserveBytes, FinishOptions options, IndexLimits limits)
            throws IOException {
        this.limits = limits;
        this.file = file;
        this.reserveBytes = reserveBytes;
        this.options = options;
        boxes = new FileBoxes(file);
    }

    static Summary finish(FileChannel file) throws IOException {
        return finish(file, FinishOptions.DEFAULT);
    }

    static Summary finish(FileChannel file, FinishOptions options) throws IOException {
        return finish(file, options, IndexLimits.USUAL);
    }

    static Summary finish(FileChannel file, FinishOptions options, IndexLimits limits) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        Bytes head = boxes.read(0, (int) Math.min(Layout.BODY_AT, boxes.size()));
        return switch (Layout.state(head)) {
            case RECORDING ->
                new Mp4Finisher(file, head.u32(Layout.FLIP_AT) + Layout.FLIP_AT, options, limits).finishRecording();
            case FINISHED, FOREIGN -> Mp4Reader.summary(file);
        };
    }

    private Summary finishRecording() throws IOException {
        TopBox moov = lastLaid(initMovie());
        if (moov == null) {
            throw new MalformedException("MP4: the recording was cut in its head, nothing to recover");
        }
        Movie movie = Movie.read(boxes, moov);
        Map<Integer, SampleTableWriter> tables = new LinkedHashMap<>();
        movie.tracks().forEach(track -> tables.put(track.id(), new SampleTableWriter()));
        long fragmentsAt = MoovPlace.fragmentsAt(boxes, moov);
        moovMoves = fragmentsAt != moov.end();
        FragmentScan scan = new FragmentScan(file, boxes, movie, tables, limits.keptBytes());
        if (moovMoves) {
            scan.passOverUnknownTracks();
        }
        long end = scan.run(fragmentsAt);
        if (tables.values().stream().allMatch(SampleTableWriter::isEmpty)) {
            throw new MalformedException("MP4: the recording was cut in its first fragment, nothing to recover");
        }
        FullMovie full = new FullMovie(movie, tables);
        long bytes = full.bytes();
        if (end < boxes.size()) {
            file.truncate(end);
        }
        file.force(false);
        if (bytes > limits.mostBytes()) {
            return new Summary(full.durationNanos(), full.tracks());
        }
        long before = reserveBytes;
        boolean front = options.index() == IndexPlace.FRONT && grow(Layout.reserveFor(bytes));
        long shift = reserveBytes - before;
        long moovAt = front ? Layout.FLIP_AT : end + shift;
        // In front its header has to wait for the write that shows all of it.
        write(file, full.lay(shift), moovAt, front ? BoxWriter.HEADER_BYTES : 0);
        if (!scan.isKept()) {
            Map<Integer, SampleTableWriter> placed = placed(tables, file, moovAt);
            try {
                scan.again(new FileBoxes(file), shift, placed);
                endPlaced(placed, tables);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
        if (front) {
            moovInFront(bytes, end + shift);
        } else {
            moovBehind(end + shift);
        }
        return new Summary(full.durationNanos(), full.tracks());
    }

    /// In a file whose `moov` moves, the last one that is there as a whole becomes the one that counts.
    private @Nullable TopBox lastLaid(@Nullable TopBox moov) throws IOException {
        long fragmentsAt = moov == null ? MoovPlace.MAX_SEARCHED_BYTES : MoovPlace.fragmentsAt(boxes, moov);
        if (moov != null && fragmentsAt == moov.end()) {
            return moov;
        }
        TopBox latest = MoovPlace.latest(boxes, fragmentsAt);
        if (latest == null || moov != null && latest.size() <= moov.size()) {
            return moov;
        }
        reserveBytes = latest.start();
        write(Layout.header("free", reserveBytes - Layout.FLIP_AT), Layout.FLIP_AT);
        return latest;
    }

    /// The `moov` behind the reserve. Where an earlier run was stopped while it made the reserve larger, another `free`
    /// is between, and becomes part of the reserve.
    private @Nullable TopBox initMovie() throws IOException {
        TopBox box = boxes.at(reserveBytes);
        if (box != null && box.type().equals("free") && isGrowth(box.size()) && box.end() < boxes.size()) {
            reserveBytes = box.end();
            write(Layout.header("free", reserveBytes - Layout.FLIP_AT), Layout.FLIP_AT);
            box = boxes.at(reserveBytes);
        }
        return box == null || !box.type().equals("moov") || box.end() > boxes.size() ? null : box;
    }

    private boolean isGrowth(long bytes) {
        return bytes % Layout.RESERVE_ALIGNMENT == 0 && bytes <= reserveBytes - Layout.GROWS_AT;
    }

    /// Makes the reserve at least this large, in steps that double it at most. The file reads as R all the time, for a
    /// `free` stands ready where the old reserve will seem to end once the hole is in:
    ///
    /// ```
    /// | ftyp | free ............[free n..... | moov | …    the second header is inside the first box
    /// | ftyp | free ... hole of n .....| free n ... | moov | …    the first box is as long as before
    /// | ftyp | free ............................... | moov | …    eight bytes made it longer
    /// ```
    private boolean grow(long wanted) throws IOException {
        while (reserveBytes < wanted) {
            long bytes = Math.min(wanted - reserveBytes, reserveBytes - Layout.GROWS_AT);
            write(Layout.header("free", bytes), reserveBytes - bytes);
            file.force(false);
            if (!options.room().insert(Layout.GROWS_AT, bytes)) {
                return false;
            }
            file.force(true);
            reserveBytes += bytes;
            write(Layout.header("free", reserveBytes - Layout.FLIP_AT), Layout.FLIP_AT);
            file.force(false);
        }
        return true;
    }

    /// State F. All that the file will need stands in its `free` before one write turns that into the `moov`.
    private void moovInFront(long moovBytes, long end) throws IOException {
        long freeAt = Layout.FLIP_AT + moovBytes;
        long mdatAt = reserveBytes - Layout.RESERVE_TAIL_BYTES;
        write(Layout.header("free", mdatAt - freeAt), freeAt);
        write(Layout.largeHeader("mdat", end - mdatAt), mdatAt);
        file.force(false);
        write(Layout.header("moov", moovBytes), Layout.FLIP_AT);
        file.force(false);
    }

    /// State T. The `moov` behind the fragments is no part of the recording until one write makes all before it the
    /// `mdat`; the next run would cut it off.
    private void moovBehind(long end) throws IOException {
        Bytes mdat = Layout.largeHeader("mdat", end - Layout.FLIP_AT);
        write(mdat.slice(BoxWriter.HEADER_BYTES), Layout.BODY_AT);
        if (moovMoves) {
            write(Layout.reserveMark(reserveBytes), Layout.MARK_AT);
        }
        file.force(false);
        write(mdat.slice(0, BoxWriter.HEADER_BYTES), Layout.FLIP_AT);
        file.force(false);
    }

    /// In pieces, because the JDK copies each into a buffer of its size that it keeps.
    private void write(Bytes bytes, long position) throws IOException {
        write(file, bytes, position);
    }

    static void write(FileChannel file, Bytes bytes, long position) throws IOException {
        for (int from = 0; from < bytes.length(); ) {
            int to = Math.min(bytes.length(), from + COPY_BYTES);
            ByteBuffer piece = bytes.slice(from, to).asByteBuffer();
            from += file.write(piece, position + from);
        }
    }

    static void write(FileChannel file, List<BoxWriter.Piece> pieces, long position) throws IOException {
        write(file, pieces, position, 0);
    }

    /// @param without how many bytes at the beginning are left out
    private static void write(FileChannel file, List<BoxWriter.Piece> pieces, long position, int without)
            throws IOException {
        for (BoxWriter.Piece piece : pieces) {
            int from = piece.at() == 0 ? without : 0;
            write(file, piece.bytes().slice(from), position + piece.at() + from);
        }
    }

    /// Tables for the places that those which were counted have been given, by their track.
    static Map<Integer, SampleTableWriter> placed(
            Map<Integer, SampleTableWriter> counted, FileChannel file, long moovAt) {
        int buffer = Math.clamp(
                MAX_BUFFERED_BYTES / (counted.size() * SampleTableWriter.COLUMNS), MIN_BUFFER_BYTES, COPY_BYTES);
        Map<Integer, SampleTableWriter> placed = new LinkedHashMap<>();
        counted.forEach((track, table) -> placed.put(track, table.placed(file, moovAt, buffer)));
        return placed;
    }

    /// When the same runs have been added to them.
    static void endPlaced(Map<Integer, SampleTableWriter> placed, Map<Integer, SampleTableWriter> counted) {
        placed.forEach((track, table) -> table.endPlaced(Objects.requireNonNull(counted.get(track))));
    }
}
