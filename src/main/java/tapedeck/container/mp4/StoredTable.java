package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.ByteBuffer;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.StoredBytes;

/// A table of an index where it stands: the body of a full box.
///
/// @param at where version and flags stand
/// @param bytes from there on
record StoredTable(String type, StoredBytes file, long at, long bytes) {
    private static final int VERSION_BYTES = 4;
    /// What is read of a file at once, and kept. A mix has six such windows open for each of its tracks.
    static final int WINDOW_BYTES = 4096;

    static StoredTable of(String type, Bytes body) {
        return new StoredTable(type, StoredBytes.of(body), 0, body.length());
    }

    /// Reads what is behind version and flags.
    Reader open() {
        return new Reader();
    }

    /// Goes over the table once.
    final class Reader {
        private final ByteBuffer window = ByteBuffer.allocate((int) Math.min(WINDOW_BYTES, Math.max(8, bytes)));
        private long next = at + VERSION_BYTES;

        private Reader() {
            window.limit(0);
        }

        long remaining() {
            return Math.max(0, at + bytes - next) + window.remaining();
        }

        long u32() throws IOException {
            need(Integer.BYTES);
            return window.getInt() & 0xFFFF_FFFFL;
        }

        int i32() throws IOException {
            need(Integer.BYTES);
            return window.getInt();
        }

        long i64() throws IOException {
            need(Long.BYTES);
            return window.getLong();
        }

        /// How many entries of so many bytes it says to have: checked against what is there.
        long count(int entryBytes) throws IOException {
            long count = u32();
            if (count * entryBytes > remaining()) {
                throw new MalformedException("MP4: %s claims %d entries of %d bytes, %d bytes are there"
                        .formatted(type, count, entryBytes, remaining()));
            }
            return count;
        }

        private void need(int count) throws IOException {
            if (window.remaining() >= count) {
                return;
            }
            if (remaining() < count) {
                throw new MalformedException(
                        "MP4: %s ends, %d bytes needed, %d there".formatted(type, count, remaining()));
            }
            window.compact();
            window.limit((int) Math.min(window.capacity(), window.position() + at + bytes - next));
            while (window.hasRemaining()) {
                int read = file.read(window, next);
                if (read < 0) {
                    throw new MalformedException("MP4: the file ends in %s".formatted(type));
                }
                next += read;
            }
            window.flip();
        }
    }
}
