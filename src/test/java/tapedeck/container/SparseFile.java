package tapedeck.container;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// A real file that leaves a hole wherever `zeros` is appended, so that a recording of gigabytes costs nothing,
/// and that counts what is read and written.
public final class SparseFile extends FileChannel implements Output {
    private final FileChannel file;
    private final Bytes zeros;
    private long size;
    private long bytesRead;
    private long bytesWritten;
    private int reads;
    private int writes;

    public SparseFile(Path path, Bytes zeros) throws IOException {
        this.zeros = zeros;
        file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    public long bytesRead() {
        return bytesRead;
    }

    public long bytesWritten() {
        return bytesWritten;
    }

    public int reads() {
        return reads;
    }

    public int writes() {
        return writes;
    }

    @Override
    public void append(List<Bytes> parts) throws IOException {
        ByteWriter together = new ByteWriter(4096);
        for (Bytes part : parts) {
            if (part.equals(zeros)) {
                writeOut(together);
                size += part.length();
            } else {
                together.bytes(part);
            }
        }
        writeOut(together);
    }

    private void writeOut(ByteWriter together) throws IOException {
        if (together.length() > 0) {
            size += file.write(together.handOver().asByteBuffer(), size);
        }
    }

    @Override
    public void skip(long count) {
        size += count;
    }

    @Override
    public void patch(long position, Bytes bytes) throws IOException {
        file.write(bytes.asByteBuffer(), position);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        int count = file.read(target, position);
        bytesRead += Math.max(0, count);
        reads++;
        return count;
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
        int count = file.write(source, position);
        bytesWritten += count;
        writes++;
        return count;
    }

    @Override
    public long size() {
        try {
            return file.size();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public FileChannel truncate(long newSize) throws IOException {
        file.truncate(newSize);
        return this;
    }

    @Override
    public void force(boolean metaData) throws IOException {
        file.force(metaData);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        file.close();
    }

    @Override
    public int read(ByteBuffer target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int write(ByteBuffer source) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long position() {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileChannel position(long newPosition) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileLock lock(long position, long count, boolean shared) {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileLock tryLock(long position, long count, boolean shared) {
        throw new UnsupportedOperationException();
    }
}
