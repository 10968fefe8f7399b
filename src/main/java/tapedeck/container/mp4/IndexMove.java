package tapedeck.container.mp4;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.FrontedCopy;
import tapedeck.container.mp4.FileBoxes.TopBox;

/// Copies state T of [Layout] into state F: for file systems that cannot make room inside a file.
final class IndexMove implements FrontedCopy {
    private static final Set<String> PARENTS = Set.of("trak", "mdia", "minf", "stbl");
    private static final int COPY_BYTES = 8 << 20;

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
        Bytes index = moved(boxes.read(moov.start(), (int) moov.size()), newReserveBytes - oldReserveBytes);
        long mdatAt = newReserveBytes - Layout.RESERVE_TAIL_BYTES;
        long freeAt = Layout.FLIP_AT + moov.size();
        Mp4Finisher.write(target, boxes.read(0, Layout.FTYP_BYTES), 0);
        Mp4Finisher.write(target, index, Layout.FLIP_AT);
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

    /// A `moov` whose chunks stand `shift` bytes further on.
    static Bytes moved(Bytes moov, long shift) {
        ByteWriter out = new ByteWriter(moov.length()).bytes(moov);
        children(moov, out, BoxWriter.HEADER_BYTES, moov.length(), shift);
        return out.handOver();
    }

    private static void children(Bytes moov, ByteWriter out, int from, int to, long shift) {
        for (int at = from; at + BoxWriter.HEADER_BYTES <= to; ) {
            long size = moov.u32(at);
            String type = Layout.type(moov, at + 4);
            if (size < BoxWriter.HEADER_BYTES || size > to - at) {
                throw new MalformedException("MP4: box %s of %d bytes at %d of the moov".formatted(type, size, at));
            }
            int end = at + (int) size;
            int body = at + BoxWriter.HEADER_BYTES;
            if (PARENTS.contains(type)) {
                children(moov, out, body, end, shift);
            } else if (type.equals("stco") || type.equals("co64")) {
                chunkOffsets(moov, out, body, end, type.equals("co64") ? 8 : 4, shift);
            }
            at = end;
        }
    }

    private static void chunkOffsets(Bytes moov, ByteWriter out, int body, int end, int width, long shift) {
        if (end - body < 8 || moov.u32(body + 4) * width > end - body - 8) {
            throw new MalformedException("MP4: chunk offsets of %d bytes".formatted(end - body));
        }
        int count = (int) moov.u32(body + 4);
        for (int i = 0; i < count; i++) {
            int at = body + 8 + i * width;
            if (width == 4) {
                long moved = moov.u32(at) + shift;
                if (moved > 0xFFFF_FFFFL) {
                    throw new MalformedException("MP4: a chunk at %d does not fit its table".formatted(moved));
                }
                out.patch32(at, moved);
            } else {
                long moved = ((long) moov.i32(at) << 32 | moov.u32(at + 4)) + shift;
                out.patch32(at, moved >>> 32);
                out.patch32(at + 4, moved & 0xFFFF_FFFFL);
            }
        }
    }
}
