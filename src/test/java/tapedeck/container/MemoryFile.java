package tapedeck.container;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.List;
import tapedeck.bytes.Bytes;

/// A file in memory that counts its changes and can fail at a chosen one, in the middle of it if it may be torn.
public final class MemoryFile extends FileChannel implements Output, FileRoom {
    /// The machine stops here.
    public static final class Crash extends IOException {
        Crash() {
            super("crash");
        }
    }

    private byte[] array;
    private int size;
    private long position;
    private int changes;
    private int crashAt = Integer.MAX_VALUE;
    private double crashPart;
    private int appends;
    private long bytesRead;
    private long bytesWritten;

    public MemoryFile() {
        this(Bytes.EMPTY);
    }

    public MemoryFile(Bytes content) {
        array = content.toByteArray();
        size = array.length;
    }

    public Bytes content() {
        return Bytes.wrap(Arrays.copyOf(array, size));
    }

    /// Fails at the change of this number (from 0) after `part` of its bytes; an aligned write of 8 bytes happens whole
    /// or not at all.
    public MemoryFile crashingAt(int change, double part) {
        crashAt = change;
        crashPart = part;
        return this;
    }

    public int changes() {
        return changes;
    }

    public int appends() {
        return appends;
    }

    public long bytesRead() {
        return bytesRead;
    }

    public long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public void append(List<Bytes> parts) {
        appends++;
        for (Bytes part : parts) {
            put(part.asByteBuffer(), size);
        }
    }

    @Override
    public void skip(long count) {
        put(ByteBuffer.allocate((int) count), size);
    }

    @Override
    public void patch(long position, Bytes bytes) {
        if (position + bytes.length() > size) {
            throw new AssertionError("patch behind the end");
        }
        put(bytes.asByteBuffer(), position);
    }

    private int put(ByteBuffer source, long position) {
        int count = source.remaining();
        int end = Math.toIntExact(position + count);
        if (end > array.length) {
            array = Arrays.copyOf(array, Math.max(end, array.length * 2));
        }
        source.get(array, (int) position, count);
        size = Math.max(size, end);
        return count;
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
        if (changes++ == crashAt) {
            boolean atomic = source.remaining() == 8 && position % 8 == 0;
            if (!atomic) {
                int part = (int) (source.remaining() * crashPart);
                put(source.slice(source.position(), part), position);
            }
            throw new Crash();
        }
        bytesWritten += source.remaining();
        return put(source, position);
    }

    @Override
    public FileChannel truncate(long newSize) throws IOException {
        if (changes++ == crashAt) {
            throw new Crash();
        }
        size = (int) Math.min(size, newSize);
        Arrays.fill(array, size, array.length, (byte) 0);
        return this;
    }

    /// As a file system with a journal does it: wholly or not at all.
    @Override
    public boolean insert(long position, long bytes) throws IOException {
        if (changes++ == crashAt) {
            if (crashPart == 1) {
                insertHole((int) position, (int) bytes);
            }
            throw new Crash();
        }
        insertHole((int) position, (int) bytes);
        return true;
    }

    private void insertHole(int position, int bytes) {
        if (position % 4096 != 0 || bytes % 4096 != 0 || position >= size) {
            throw new IllegalArgumentException("a hole of %d at %d".formatted(bytes, position));
        }
        byte[] larger = new byte[Math.addExact(size, bytes)];
        System.arraycopy(array, 0, larger, 0, position);
        System.arraycopy(array, position, larger, position + bytes, size - position);
        array = larger;
        size = larger.length;
    }

    @Override
    public int read(ByteBuffer target, long position) {
        if (position >= size) {
            return -1;
        }
        int count = Math.min(target.remaining(), size - (int) position);
        target.put(array, (int) position, count);
        bytesRead += count;
        return count;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void force(boolean metaData) {}

    @Override
    protected void implCloseChannel() {}

    @Override
    public int read(ByteBuffer target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = write(source, position);
        position += count;
        return count;
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public FileChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
        return target.write(ByteBuffer.wrap(array, (int) position, (int) Math.min(count, size - position)));
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
