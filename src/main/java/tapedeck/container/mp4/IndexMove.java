package tapedeck.container.mp4;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrontedCopy;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// Copies state T of [Layout] into state F: for file systems that cannot make room inside a file.
final class IndexMove implements FrontedCopy {
    private static final int COPY_BYTES = 8 << 20;
    private static final int TABLE_BYTES = 64 << 10;

    private final FileChannel source;
    private final TopBox moov;
    private final long oldReserveBytes;
    private final long newReserveBytes;

    private IndexMove(FileChannel source, TopBox moov, long oldReserveBytes) {
        this.source = source;
        this.moov = moov;
        this.oldReserveBytes = oldReserveBytes;
        newReserveBytes = Layout.reserveFor(moov.size());
    }

    /// Empty for a file that is none of ours in state T.
    static Optional<FrontedCopy> of(FileChannel file) throws IOException {
        FileBoxes boxes = new FileBoxes(file);
        Bytes head = boxes.read(0, (int) Math.min(Layout.BODY_AT, boxes.size()));
        if (Layout.state(head) != Layout.State.FINISHED
                || !Layout.type(head, Layout.FLIP_AT + 4).equals("mdat")) {
            return Optional.empty();
        }
        TopBox mdat = boxes.at(Layout.FLIP_AT);
        TopBox moov = mdat == null ? null : boxes.at(mdat.end());
        if (moov == null
                || !moov.type().equals("moov")
                || moov.end() != boxes.size()
                || moov.size() > Movie.MAX_MOOV_BYTES) {
            return Optional.empty();
        }
        Long reserve = reserve(boxes, moov.start());
        return reserve == null ? Optional.empty() : Optional.of(new IndexMove(file, moov, reserve));
    }

    /// Where the `moov` of the recording stands, with the hidden `ftyp` in front of it.
    static @Nullable Long reserve(FileBoxes boxes, long mediaEnd) throws IOException {
        long last = Math.min(mediaEnd - BoxWriter.HEADER_BYTES, Layout.MAX_RESERVE_BYTES);
        long marked = last < Layout.MIN_RESERVE_BYTES ? 0 : Layout.marked(boxes.read(Layout.MARK_AT, 8));
        if (marked > 0 && marked <= last && isReserve(boxes, marked)) {
            return marked;
        }
        // Recordings of earlier versions.
        for (long at = Layout.MIN_RESERVE_BYTES; at <= last; at += Layout.RESERVE_ALIGNMENT) {
            if (isReserve(boxes, at)) {
                return at;
            }
        }
        return null;
    }

    /// Whether a reserve ends here: with the hidden `ftyp`, in front of the `moov` of the recording.
    static boolean isReserve(FileBoxes boxes, long at) throws IOException {
        if (at < Layout.HIDDEN_FTYP_BYTES || at > boxes.size() - BoxWriter.HEADER_BYTES) {
            return false;
        }
        Bytes around = boxes.read(at - Layout.HIDDEN_FTYP_BYTES, Layout.HIDDEN_FTYP_BYTES + BoxWriter.HEADER_BYTES);
        return around.u32(0) == Layout.HIDDEN_FTYP_BYTES
                && Layout.type(around, 4).equals("ftyp")
                && Layout.type(around, Layout.HIDDEN_FTYP_BYTES + 4).equals("moov");
    }

    @Override
    public long sizeBytes() {
        return moov.start() - oldReserveBytes + newReserveBytes;
    }

    @Override
    public void writeTo(FileChannel target) throws IOException {
        FileBoxes boxes = new FileBoxes(source);
        long mdatAt = newReserveBytes - Layout.RESERVE_TAIL_BYTES;
        long freeAt = Layout.FLIP_AT + moov.size();
        Mp4Finisher.write(target, boxes.read(0, Layout.FTYP_BYTES), 0);
        target.position(Layout.FLIP_AT);
        copy(source, moov.start(), moov.end(), target);
        shiftChunks(boxes, moov, newReserveBytes - oldReserveBytes, target, Layout.FLIP_AT - moov.start());
        Mp4Finisher.write(target, Layout.header("free", mdatAt - freeAt), freeAt);
        Mp4Finisher.write(target, Layout.largeHeader("mdat", sizeBytes() - mdatAt), mdatAt);
        target.position(mdatAt + Layout.LARGE_HEADER_BYTES);
        copy(source, oldReserveBytes - Layout.HIDDEN_FTYP_BYTES, moov.start(), target);
    }

    /// Appends a range of one file to another, inside the kernel where that is possible.
    static void copy(FileChannel source, long from, long to, FileChannel target) throws IOException {
        for (long at = from; at < to; ) {
            long count = source.transferTo(at, Math.min(to - at, COPY_BYTES), target);
            if (count <= 0) {
                throw new EOFException("MP4: the file ends at %d, %d were expected".formatted(source.size(), to));
            }
            at += count;
        }
    }

    /// Writes the chunk offsets of a `moov` anew, for media that stands `shift` bytes further on.
    ///
    /// @param away how much further on than here the `moov` stands in the target
    static void shiftChunks(FileBoxes boxes, TopBox parent, long shift, FileChannel target, long away)
            throws IOException {
        for (long at = parent.bodyStart(); at + BoxWriter.HEADER_BYTES <= parent.end(); ) {
            TopBox box = boxes.at(at);
            if (box == null || box.end() > parent.end()) {
                throw new MalformedException("MP4: a box at %d that does not fit into %s".formatted(at, parent.type()));
            }
            at = box.end();
            if (Movie.isParent(parent, box)) {
                shiftChunks(boxes, box, shift, target, away);
            } else if (box.type().equals("stco") || box.type().equals("co64")) {
                shiftTable(boxes.table(box), shift, target, away);
            }
        }
    }

    private static void shiftTable(StoredTable table, long shift, FileChannel target, long away) throws IOException {
        boolean wide = table.type().equals("co64");
        StoredTable.Reader in = table.open();
        long left = in.count(wide ? Long.BYTES : Integer.BYTES);
        long at = table.at() + away + 2 * Integer.BYTES;
        ByteWriter out = new ByteWriter(TABLE_BYTES);
        for (; left > 0; left--) {
            long moved = (wide ? in.i64() : in.u32()) + shift;
            if (wide) {
                out.u64(moved);
            } else if (moved <= 0xFFFF_FFFFL) {
                out.u32(moved);
            } else {
                throw new MalformedException("MP4: a chunk at %d does not fit its table".formatted(moved));
            }
            if (left == 1 || out.length() == TABLE_BYTES) {
                Mp4Finisher.write(target, out.lend(), at);
                at += out.length();
                out.clear();
            }
        }
    }
}
