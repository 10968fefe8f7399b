package tapedeck.container;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import tapedeck.bytes.Bytes;

/// A muxer's output in a file, which counts what it is asked to do.
public final class FileOutput implements Output, AutoCloseable {
    private final FileChannel file;
    private long size;
    private int appends;
    private int patches;

    public FileOutput(Path path) throws IOException {
        file = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }

    public FileChannel channel() {
        return file;
    }

    public int appends() {
        return appends;
    }

    public int patches() {
        return patches;
    }

    @Override
    public void append(List<Bytes> parts) throws IOException {
        ByteBuffer[] buffers = parts.stream().map(Bytes::asByteBuffer).toArray(ByteBuffer[]::new);
        long bytes = parts.stream().mapToLong(Bytes::length).sum();
        file.position(size);
        for (long left = bytes; left > 0; ) {
            left -= file.write(buffers);
        }
        size += bytes;
        appends++;
    }

    @Override
    public void skip(long count) {
        size += count;
    }

    @Override
    public void patch(long position, Bytes bytes) throws IOException {
        file.write(bytes.asByteBuffer(), position);
        patches++;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
