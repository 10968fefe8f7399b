package tapedeck.mix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.container.Output;

/// The file that a mix is written to. It has its name only when it is whole; until then it is hidden beside it.
final class MixFile implements Output, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MixFile.class);
    private static final int MAX_NAME_BYTES = 255;
    private static final String SUFFIX = "_mixed.mp4";

    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private long size;
    private boolean published;

    /// What is left of an earlier attempt is gone. As long as this one is open nobody else writes this mix, in no
    /// process of this machine.
    ///
    /// @throws MixFailedException if somebody does
    MixFile(Path target) throws IOException, MixFailedException {
        this.target = target;
        temporary = target.resolveSibling("." + cut(target.getFileName().toString(), MAX_NAME_BYTES - 6) + ".part");
        channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (!isOurs()) {
            channel.close();
            throw new MixFailedException(
                    MixFailedException.Reason.BUSY, target.getFileName() + " is being made already, by somebody else");
        }
        channel.truncate(0);
    }

    private boolean isOurs() throws IOException {
        try {
            if (channel.tryLock() == null) {
                return false;
            }
        } catch (OverlappingFileLockException _) {
            return false;
        } catch (IOException e) {
            // There are file systems without locks.
            log.debug("{}", temporary, e);
        }
        // Whoever had the lock may have given the file its name meanwhile.
        return Files.exists(temporary);
    }

    /// Beside the source, with `_mixed` behind its name.
    static Path beside(Path source) {
        String name = source.getFileName().toString();
        int dot = name.lastIndexOf('.');
        String stem = dot > 0 ? name.substring(0, dot) : name;
        return source.resolveSibling(cut(stem, MAX_NAME_BYTES - SUFFIX.length()) + SUFFIX);
    }

    private static String cut(String name, int maxBytes) {
        int end = name.length();
        while (Bytes.ofUtf8(name.substring(0, end)).length() > maxBytes) {
            end = name.offsetByCodePoints(end, -1);
        }
        return name.substring(0, end);
    }

    FileChannel channel() {
        return channel;
    }

    @Override
    public void append(List<Bytes> parts) throws IOException {
        for (Bytes part : parts) {
            write(part, size);
            size += part.length();
        }
    }

    @Override
    public void skip(long count) {
        size += count;
    }

    @Override
    public void patch(long position, Bytes bytes) throws IOException {
        write(bytes, position);
    }

    private void write(Bytes bytes, long position) throws IOException {
        ByteBuffer buffer = bytes.asByteBuffer();
        while (buffer.hasRemaining()) {
            channel.write(buffer, position + buffer.position());
        }
    }

    @Override
    public long size() {
        return size;
    }

    /// Gives the finished file its name.
    void publish() throws IOException {
        channel.force(true);
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        published = true;
        channel.close();
    }

    /// Without [#publish] nothing is left.
    @Override
    public void close() throws IOException {
        // While it is locked. An interrupt can have closed it before.
        if (!published) {
            Files.deleteIfExists(temporary);
        }
        channel.close();
    }
}
