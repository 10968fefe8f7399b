package tapedeck.record;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.container.Format;
import tapedeck.container.Output;

/// A growing file, made by its first write. A write that fails leaves it as it was before.
///
/// Large appends go past the page cache (`O_DIRECT`): nobody reads them soon, and copying a recording into fresh
/// pages is by far the most that it costs. Such a write is made of whole blocks. It begins with the bytes of the
/// last block that are there already, and ends with a filler that readers skip and the next append goes over:
///
/// ```
/// | … whole blocks … | block: tail, fragment … | … | … fragment, filler |      first write
///                                              | tail, next fragment … |      second write
/// ```
final class RecordingFile implements Output, AutoCloseable {
    /// A smaller append is cheaper through the page cache.
    static final int LEAST_DIRECT_BYTES = 32 << 10;

    private static final Logger log = LoggerFactory.getLogger(RecordingFile.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    /// What the system says of EINVAL.
    private static final String INVALID_ARGUMENT = "Invalid argument";

    private final Path path;
    private final DiskWriter writer;
    private final Options options;
    private final DirectOpener opener;
    private @Nullable FileChannel file;
    private @Nullable FileChannel direct;
    private long size;
    private boolean filled;
    private long syncedNanos;
    /// The bytes behind the last whole block; the rest of the array means nothing.
    private byte[] tail = new byte[0];

    /// Opens a file past the page cache.
    interface DirectOpener {
        FileChannel open(Path path) throws IOException;
    }

    /// @param fsyncMillis empty never, 0 after every append, else at most that far apart
    /// @param filler makes elements that readers skip; null for a file that stays in the page cache
    record Options(OptionalLong fsyncMillis, @Nullable IntFunction<Bytes> filler) {
        static final Options CACHED = new Options(OptionalLong.empty(), null);
    }

    RecordingFile(Path path, DiskWriter writer, Options options) {
        this(
                path,
                writer,
                options,
                file -> FileChannel.open(file, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT));
    }

    RecordingFile(Path path, DiskWriter writer, Options options, DirectOpener opener) {
        this.opener = opener;
        this.path = path;
        this.writer = writer;
        this.options = options;
    }

    @Override
    public void append(List<Bytes> parts) throws IOException {
        FileChannel channel = open();
        long length = 0;
        for (int i = 0; i < parts.size(); i++) {
            length += parts.get(i).length();
        }
        try {
            FileChannel blocks = direct;
            if (blocks == null || length < LEAST_DIRECT_BYTES || !appendedBlocks(blocks, parts, length)) {
                cutFiller(channel);
                writer.write(channel, parts, size);
            }
        } catch (IOException e) {
            cutBack(channel);
            throw e;
        }
        rememberTail(parts, length);
        size += length;
        if (options.fsyncMillis().isPresent()) {
            sync(channel, options.fsyncMillis().getAsLong() * NANOS_PER_MILLI);
        }
    }

    /// False if the file system, which let the file be opened like this, refuses such writes (some that are mounted
    /// over the network or in user space do): from now on it is written through the page cache.
    private boolean appendedBlocks(FileChannel blocks, List<Bytes> parts, long length) throws IOException {
        try {
            appendBlocks(blocks, parts, length);
            return true;
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains(INVALID_ARGUMENT)) {
                throw e;
            }
            log.info("{}: through the page cache from now on: {}", path, e.getMessage());
            direct = null;
            blocks.close();
            filled = true;
            return false;
        }
    }

    private void appendBlocks(FileChannel blocks, List<Bytes> parts, long length) throws IOException {
        int tailBytes = tailBytes();
        List<Bytes> whole = new ArrayList<>(parts.size() + 2);
        whole.add(Bytes.wrap(tail.clone(), 0, tailBytes));
        whole.addAll(parts);
        int missing = (int) -((tailBytes + length) % tail.length) + tail.length;
        if (missing < tail.length) {
            int bytes = missing < Format.LEAST_FILLER_BYTES ? missing + tail.length : missing;
            whole.add(filler(bytes));
        }
        writer.write(blocks, whole, size - tailBytes);
        filled = missing < tail.length;
    }

    private Bytes filler(int bytes) {
        IntFunction<Bytes> filler = options.filler();
        if (filler == null) {
            throw new IllegalStateException("a file without filler is not written in blocks");
        }
        return filler.apply(bytes);
    }

    private int tailBytes() {
        return tail.length == 0 ? 0 : (int) (size % tail.length);
    }

    /// Keeps what lies behind the last whole block once `parts` are appended.
    private void rememberTail(List<Bytes> parts, long length) {
        if (tail.length == 0) {
            return;
        }
        int wanted = (int) ((size + length) % tail.length);
        int at = wanted;
        for (int i = parts.size() - 1; i >= 0 && at > 0; i--) {
            Bytes part = parts.get(i);
            int count = Math.min(at, part.length());
            at -= count;
            part.copyTo(part.length() - count, tail, at, count);
        }
        // What is still missing in front was in the same block before, and has not moved.
    }

    @Override
    public void skip(long count) throws IOException {
        cutFiller(open());
        // The next append leaves the hole.
        if (tail.length > 0) {
            long reached = tailBytes() + count;
            java.util.Arrays.fill(
                    tail, reached >= tail.length ? 0 : tailBytes(), (int) Math.min(reached, tail.length), (byte) 0);
        }
        size += count;
    }

    @Override
    public void patch(long position, Bytes bytes) throws IOException {
        writer.write(open(), List.of(bytes), position);
        long tailAt = size - tailBytes();
        for (int i = 0; i < bytes.length(); i++) {
            if (position + i >= tailAt && position + i < size) {
                tail[(int) (position + i - tailAt)] = (byte) bytes.u8(i);
            }
        }
    }

    @Override
    public void barrier() throws IOException {
        if (options.fsyncMillis().isPresent()) {
            sync(open(), 0);
        }
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
            if (options.filler() != null) {
                openDirect();
            }
        }
        return channel;
    }

    /// Not every file system can; those that cannot are written through the page cache.
    private void openDirect() {
        try {
            long block = Files.getFileStore(path).getBlockSize();
            if (block >= Format.LEAST_FILLER_BYTES && DiskWriter.MAX_BLOCK_BYTES % block == 0) {
                direct = opener.open(path);
                tail = new byte[(int) block];
            }
        } catch (IOException | UnsupportedOperationException e) {
            log.debug("{}: through the page cache", path, e);
        }
    }

    private void sync(FileChannel channel, long everyNanos) throws IOException {
        long now = System.nanoTime();
        if (now - syncedNanos >= everyNanos) {
            syncedNanos = now;
            writer.sync(channel);
        }
    }

    private void cutFiller(FileChannel channel) throws IOException {
        if (filled) {
            channel.truncate(size);
            filled = false;
        }
    }

    private void cutBack(FileChannel channel) {
        try {
            channel.truncate(size);
            filled = false;
        } catch (IOException e) {
            // Finishing cuts the torn fragment off.
            log.debug("{}: cannot be cut back", path, e);
        }
    }

    @Override
    public void close() throws IOException {
        try (FileChannel channel = file;
                FileChannel _ = direct) {
            if (channel != null && channel.isOpen()) {
                cutFiller(channel);
            }
        }
    }
}
