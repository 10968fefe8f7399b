package tapedeck.container;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import tapedeck.bytes.Bytes;

/// Bytes of which any can be read at any time: a file's, or those that another server keeps.
public interface StoredBytes {
    /// As [FileChannel#read(ByteBuffer, long)]: some of what is there, at least one byte; -1 at the end.
    int read(ByteBuffer target, long position) throws IOException;

    long size() throws IOException;

    static StoredBytes of(FileChannel file) {
        return new StoredBytes() {
            @Override
            public int read(ByteBuffer target, long position) throws IOException {
                return file.read(target, position);
            }

            @Override
            public long size() throws IOException {
                return file.size();
            }
        };
    }

    static StoredBytes of(Bytes bytes) {
        return new StoredBytes() {
            @Override
            public int read(ByteBuffer target, long position) {
                int count = (int) Math.min(target.remaining(), bytes.length() - position);
                if (count <= 0) {
                    return -1;
                }
                target.put(bytes.slice((int) position, (int) position + count).asByteBuffer());
                return count;
            }

            @Override
            public long size() {
                return bytes.length();
            }
        };
    }
}
