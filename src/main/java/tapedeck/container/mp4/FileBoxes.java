package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.StoredBytes;

/// The boxes of a file at its top level, read through a small window: a walk over `moof` and `mdat` costs one read for
/// each pair and never touches the media.
final class FileBoxes {
    /// Larger than the `moof` of a second with its neighbours, smaller than what read-ahead fetches anyway.
    static final int WINDOW_BYTES = 4096;
    /// More boxes than a day in fragments of 100 ms has.
    static final int MAX_BOXES = 4_000_000;

    private final StoredBytes file;
    private final long size;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
    private long windowStart;
    private int boxes;

    FileBoxes(FileChannel file) throws IOException {
        this(StoredBytes.of(file));
    }

    FileBoxes(StoredBytes file) throws IOException {
        this.file = file;
        size = file.size();
        window.limit(0);
    }

    /// A box whose header could be read; its end may be behind the end of the file.
    record TopBox(String type, long start, int headerBytes, long size) {
        long bodyStart() {
            return start + headerBytes;
        }

        long bodyBytes() {
            return size - headerBytes;
        }

        long end() {
            return start + size;
        }
    }

    long size() {
        return size;
    }

    /// The box at `position`, or null if no whole header is there or it contradicts itself.
    @Nullable
    TopBox at(long position) throws IOException {
        if (position < 0 || position > size - BoxWriter.HEADER_BYTES) {
            return null;
        }
        if (++boxes > MAX_BOXES) {
            throw new MalformedException("MP4: more than %d boxes".formatted(MAX_BOXES));
        }
        Bytes header = read(position, (int) Math.min(Layout.LARGE_HEADER_BYTES, size - position));
        String type = Layout.type(header, 4);
        long boxBytes = header.u32(0);
        int headerBytes = BoxWriter.HEADER_BYTES;
        if (boxBytes == 1) {
            if (header.length() < Layout.LARGE_HEADER_BYTES) {
                return null;
            }
            headerBytes = Layout.LARGE_HEADER_BYTES;
            boxBytes = (long) header.i32(8) << 32 | header.u32(12);
        } else if (boxBytes == 0) {
            boxBytes = size - position;
        }
        if (boxBytes < headerBytes || boxBytes > Long.MAX_VALUE - position) {
            return null;
        }
        return new TopBox(type, position, headerBytes, boxBytes);
    }

    /// The body of a box of at most `maxBytes`, checked before anything is allocated.
    Bytes body(TopBox box, int maxBytes) throws IOException {
        if (box.bodyBytes() > maxBytes) {
            throw new MalformedException(
                    "MP4: %s of %d bytes, at most %d allowed".formatted(box.type(), box.bodyBytes(), maxBytes));
        }
        if (box.end() > size) {
            throw new MalformedException("MP4: %s ends at %d, the file at %d".formatted(box.type(), box.end(), size));
        }
        return read(box.bodyStart(), (int) box.bodyBytes());
    }

    /// The body of a box that is read later, as far as that is wanted.
    StoredTable table(TopBox box) {
        return new StoredTable(box.type(), file, box.bodyStart(), box.bodyBytes());
    }

    /// Bytes that are known to be there.
    Bytes read(long position, int length) throws IOException {
        if (length > WINDOW_BYTES) {
            byte[] bytes = new byte[length];
            readFully(ByteBuffer.wrap(bytes), position);
            return Bytes.wrap(bytes);
        }
        if (position < windowStart || position + length > windowStart + window.limit()) {
            window.clear().limit((int) Math.min(WINDOW_BYTES, size - position));
            readFully(window, position);
            window.flip();
            windowStart = position;
        }
        byte[] bytes = new byte[length];
        window.get((int) (position - windowStart), bytes);
        return Bytes.wrap(bytes);
    }

    private void readFully(ByteBuffer target, long position) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = file.read(target, at);
            if (count < 0) {
                throw new MalformedException("MP4: %d bytes needed at %d, the file ends at %d"
                        .formatted(target.remaining(), at, file.size()));
            }
            at += count;
        }
    }
}
