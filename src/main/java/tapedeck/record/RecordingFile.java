package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.container.Output;

/// A growing file, made by its first write. A write that fails leaves it as it was before.
final class RecordingFile implements Output, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RecordingFile.class);
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Path path;
    private final DiskWriter writer;
    private final OptionalLong fsyncMillis;
    private @Nullable FileChannel file;
    private long size;
    private long syncedNanos;

    /// @param fsyncMillis empty never, 0 after every append, else at most that far apart
    RecordingFile(Path path, DiskWriter writer, OptionalLong fsyncMillis) {
        this.path = path;
        this.writer = writer;
        this.fsyncMillis = fsyncMillis;
    }

    @Override
    public void append(List<Bytes> parts) throws IOException {
        FileChannel channel = open();
        try {
            size += writer.write(channel, parts, size);
        } catch (IOException e) {
            cutBack(channel);
            throw e;
        }
        if (fsyncMillis.isPresent()) {
            sync(channel, fsyncMillis.getAsLong() * NANOS_PER_MILLI);
        }
    }

    @Override
    public void skip(long count) {
        // The next append leaves the hole.
        size += count;
    }

    @Override
    public void patch(long position, Bytes bytes) throws IOException {
        writer.write(open(), List.of(bytes), position);
    }

    @Override
    public long size() {
        return size;
    }

    private FileChannel open() throws IOException {
        FileChannel channel = file;
        if (channel == null) {
            channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            file = channel;
            syncedNanos = System.nanoTime();
        }
        return channel;
    }

    private void sync(FileChannel channel, long everyNanos) throws IOException {
        long now = System.nanoTime();
        if (now - syncedNanos >= everyNanos) {
            syncedNanos = now;
            channel.force(false);
        }
    }

    private void cutBack(FileChannel channel) {
        try {
            channel.truncate(size);
        } catch (IOException e) {
            // Finishing cuts the torn fragment off.
            log.debug("{}: cannot be cut back", path, e);
        }
    }

    @Override
    public void close() throws IOException {
        FileChannel channel = file;
        if (channel != null) {
            channel.close();
        }
    }
}
