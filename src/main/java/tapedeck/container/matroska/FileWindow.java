package tapedeck.container.matroska;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Reads element headers here and there in a file through one small buffer.
final class FileWindow {
    /// An identifier of 4 bytes and a size of 8.
    private static final int MAX_HEADER_BYTES = 12;

    /// An element in the file.
    ///
    /// @param size of its content, -1 if unknown
    record Element(int id, long at, long contentAt, long size) {
        boolean unknownSize() {
            return size < 0;
        }

        long end() {
            return contentAt + size;
        }

        @Override
        public String toString() {
            return "%s at %d".formatted(ElementId.name(id), at);
        }
    }

    private final FileChannel file;
    private final ByteBuffer window;
    private final long size;
    private long windowAt;

    /// @param windowBytes read at once: small to look at headers only, large to read on
    FileWindow(FileChannel file, int windowBytes) throws IOException {
        this.file = file;
        this.window = ByteBuffer.allocate(windowBytes).limit(0);
        this.size = file.size();
    }

    /// The file's size when this was opened: what is appended later is not seen.
    long size() {
        return size;
    }

    /// Whether a whole element header can be at `at`.
    boolean hasHeader(long at) throws IOException {
        if (at >= size) {
            return false;
        }
        int idBytes = Math.max(1, Integer.numberOfLeadingZeros(u8(at)) - 23);
        if (at + idBytes >= size) {
            return false;
        }
        return at + idBytes + Math.max(1, Integer.numberOfLeadingZeros(u8(at + idBytes)) - 23) <= size;
    }

    Element element(long at) throws IOException {
        int have = (int) Math.min(MAX_HEADER_BYTES, size - at);
        fill(at, have);
        var in = bytes(at, have).reader();
        int id = EbmlReader.id(in);
        int first = in.u8();
        int length = EbmlReader.vintLength(first);
        long value = EbmlReader.vintStart(first, length);
        for (int i = 1; i < length; i++) {
            value = value << 8 | in.u8();
        }
        return new Element(id, at, at + in.position(), value == EbmlReader.vintMax(length) ? -1 : value);
    }

    int u8(long at) throws IOException {
        fill(at, 1);
        return window.get((int) (at - windowAt)) & 0xFF;
    }

    /// @param count at most what the file has behind `at`
    Bytes bytes(long at, int count) throws IOException {
        if (at < 0 || count < 0 || count > size - at) {
            throw new MalformedException("%d bytes needed at %d of a file of %d".formatted(count, at, size));
        }
        byte[] array = new byte[count];
        if (count <= window.capacity()) {
            fill(at, count);
            window.get((int) (at - windowAt), array);
        } else {
            readFully(ByteBuffer.wrap(array), at);
        }
        return Bytes.wrap(array);
    }

    private void fill(long at, int count) throws IOException {
        if (at >= windowAt && at + count <= windowAt + window.limit()) {
            return;
        }
        if (at < 0 || count > size - at) {
            throw new MalformedException("%d bytes needed at %d of a file of %d".formatted(count, at, size));
        }
        window.clear().limit((int) Math.min(window.capacity(), size - at));
        readFully(window, at);
        window.position(0);
        windowAt = at;
    }

    private void readFully(ByteBuffer target, long at) throws IOException {
        long position = at;
        while (target.hasRemaining()) {
            int read = file.read(target, position);
            if (read < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
            position += read;
        }
    }
}
