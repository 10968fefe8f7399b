package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Summary;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// Turns state R of [Layout] into F, or into T where the index is larger than the reserve. What runs at the end of a
/// recording is what runs after a crash: it cuts off a torn tail, reads the `moof`s back, and begins again from the
/// start wherever an earlier run was stopped.
///
/// The media is read for the checksums of the tail alone, and never moved.
final class Mp4Finisher {
    /// How many fragments at the end may turn out to be torn: more than the half minute that a system keeps written
    /// pages from the disk.
    static final int MAX_TORN_FRAGMENTS = 64;

    private static final int COPY_BYTES = 256 << 10;

    private final FileChannel file;
    private final FileBoxes boxes;
    private final int reserveBytes;

    /// A fragment whose boxes are all there.
    private record Fragment(TopBox moof, Bytes moofBody, long crcStart, int crc) {
        long end() {
            return crcStart + Layout.CRC_BOX_BYTES;
        }
    }

    private Mp4Finisher(FileChannel file, int reserveBytes) throws IOException {
        this.file = file;
        this.reserveBytes = reserveBytes;
        boxes = new FileBoxes(file);
    }

    static Summary finish(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        Bytes head = boxes.read(0, (int) Math.min(Layout.BODY_AT, boxes.size()));
        return switch (Layout.state(head)) {
            case RECORDING -> new Mp4Finisher(file, (int) head.u32(Layout.FLIP_AT) + Layout.FLIP_AT).finishRecording();
            case FINISHED, FOREIGN -> Mp4Reader.summary(file);
        };
    }

    private Summary finishRecording() throws IOException {
        TopBox moov = boxes.at(reserveBytes);
        if (moov == null || !moov.type().equals("moov") || moov.end() > boxes.size()) {
            throw new MalformedException("MP4: the recording was cut in its head, nothing to recover");
        }
        Movie movie = Movie.parse(boxes.body(moov, Movie.MAX_MOOV_BYTES));
        Map<Integer, SampleTableWriter> tables = new LinkedHashMap<>();
        movie.tracks().forEach(track -> tables.put(track.id(), new SampleTableWriter()));
        long end = collect(movie, moov.end(), tables);
        if (tables.values().stream().allMatch(SampleTableWriter::isEmpty)) {
            throw new MalformedException("MP4: the recording was cut in its first fragment, nothing to recover");
        }
        FullMovie full = new FullMovie(movie, tables);
        Bytes index = full.write();
        if (end < boxes.size()) {
            file.truncate(end);
        }
        if (Layout.BODY_AT + index.length() <= reserveBytes - Layout.RESERVE_TAIL_BYTES) {
            moovInFront(index, end);
        } else {
            moovBehind(index, end);
        }
        return new Summary(full.durationNanos(), full.tracks());
    }

    /// Adds all good fragments from `start` on to the tables and returns where they end. The last ones wait until one
    /// behind them was checked: a power cut may have left zeros in boxes that look whole.
    private long collect(Movie movie, long start, Map<Integer, SampleTableWriter> tables) throws IOException {
        SampleBudget budget = new SampleBudget(boxes.size());
        Deque<Fragment> waiting = new ArrayDeque<>();
        long end = start;
        for (Fragment next = fragmentAt(start); next != null; next = fragmentAt(next.end())) {
            waiting.add(next);
            if (waiting.size() > MAX_TORN_FRAGMENTS) {
                end = add(movie, waiting.remove(), tables, budget);
            }
        }
        while (!waiting.isEmpty() && !isIntact(waiting.getLast())) {
            waiting.removeLast();
        }
        while (!waiting.isEmpty()) {
            end = add(movie, waiting.remove(), tables, budget);
        }
        return end;
    }

    private long add(Movie movie, Fragment fragment, Map<Integer, SampleTableWriter> tables, SampleBudget budget) {
        long start = fragment.moof().start();
        for (TrackRun run : MovieFragment.parse(fragment.moofBody(), start, movie.fragmentDefaults(), budget)) {
            SampleTableWriter table = tables.get(run.trackId());
            if (table == null || run.offset() < start || run.offset() + run.bytes() > fragment.crcStart()) {
                throw new MalformedException("MP4: the fragment at %d speaks of track %d, bytes %d to %d"
                        .formatted(start, run.trackId(), run.offset(), run.offset() + run.bytes()));
            }
            table.add(run);
        }
        return fragment.end();
    }

    private @Nullable Fragment fragmentAt(long position) throws IOException {
        TopBox moof = boxes.at(position);
        if (moof == null
                || !moof.type().equals("moof")
                || moof.bodyBytes() > MovieFragment.MAX_MOOF_BYTES
                || moof.end() > boxes.size()) {
            return null;
        }
        TopBox mdat = boxes.at(moof.end());
        if (mdat == null || !mdat.type().equals("mdat") || mdat.end() > boxes.size() - Layout.CRC_BOX_BYTES) {
            return null;
        }
        // The body first: it is in the window that the checksum's box moves on.
        Bytes moofBody = boxes.body(moof, MovieFragment.MAX_MOOF_BYTES);
        Bytes crc = boxes.read(mdat.end(), Layout.CRC_BOX_BYTES);
        if (crc.u32(0) != Layout.CRC_BOX_BYTES
                || !Layout.type(crc, 4).equals("free")
                || crc.i32(8) != Layout.CRC_MAGIC) {
            return null;
        }
        return new Fragment(moof, moofBody, mdat.end(), crc.i32(12));
    }

    private boolean isIntact(Fragment fragment) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
        for (long at = fragment.moof().start(); at < fragment.crcStart(); ) {
            buffer.clear().limit((int) Math.min(COPY_BYTES, fragment.crcStart() - at));
            int count = file.read(buffer, at);
            if (count <= 0) {
                return false;
            }
            crc.update(buffer.flip());
            at += count;
        }
        return (int) crc.getValue() == fragment.crc();
    }

    /// State F. All that the file will need stands in its `free` before one write turns that into the `moov`.
    private void moovInFront(Bytes moov, long end) throws IOException {
        int freeAt = Layout.FLIP_AT + moov.length();
        int mdatAt = reserveBytes - Layout.RESERVE_TAIL_BYTES;
        file.force(false);
        write(moov.slice(BoxWriter.HEADER_BYTES), Layout.BODY_AT);
        write(header("free", mdatAt - freeAt), freeAt);
        write(Layout.largeHeader("mdat", end - mdatAt), mdatAt);
        file.force(false);
        write(header("moov", moov.length()), Layout.FLIP_AT);
        file.force(false);
    }

    /// State T. The `moov` behind the fragments is no part of the recording until one write makes all before it the
    /// `mdat`; the next run would cut it off.
    private void moovBehind(Bytes moov, long end) throws IOException {
        write(moov, end);
        Bytes mdat = Layout.largeHeader("mdat", end - Layout.FLIP_AT);
        write(mdat.slice(BoxWriter.HEADER_BYTES), Layout.BODY_AT);
        file.force(false);
        write(mdat.slice(0, BoxWriter.HEADER_BYTES), Layout.FLIP_AT);
        file.force(false);
    }

    private static Bytes header(String type, int size) {
        return new ByteWriter(BoxWriter.HEADER_BYTES).u32(size).ascii(type).toBytes();
    }

    /// In pieces, because the JDK copies each into a buffer of its size that it keeps.
    private void write(Bytes bytes, long position) throws IOException {
        for (int from = 0; from < bytes.length(); ) {
            int to = Math.min(bytes.length(), from + COPY_BYTES);
            ByteBuffer piece = bytes.slice(from, to).asByteBuffer();
            from += file.write(piece, position + from);
        }
    }
}
