package tapedeck.protocol.rtsp;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import tapedeck.net.Connection;

/// Interleaved packets of all tracks in their order, on their way out by one system call.
final class InterleavedBatch {
    private static final int FIRST_BYTES = 16 * 1024;

    private final Connection connection;
    private @Nullable ByteBuf batch;

    InterleavedBatch(Connection connection) {
        this.connection = connection;
    }

    /// Writes the head of a packet; `length` bytes of it are to follow.
    ByteBuf packet(int channel, int length) {
        ByteBuf out = batch;
        if (out == null) {
            out = connection.buffer(FIRST_BYTES);
            batch = out;
        }
        return out.writeByte('$').writeByte(channel).writeShort(length);
    }

    void flush() {
        ByteBuf out = batch;
        if (out != null) {
            batch = null;
            connection.send(out);
        }
    }

    boolean isWritable() {
        return connection.isWritable();
    }
}
