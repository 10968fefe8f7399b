package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import tapedeck.bytes.Bytes;

/// Messages become chunks, each message with a full header: a viewer's connection carries few enough messages that
/// 11 bytes are not worth the state that shorter headers need.
final class ChunkEncoder {
    /// Told to the peer before the first larger message. Most frames of a live stream fit into one chunk.
    static final int CHUNK_SIZE = 60_000;

    static final int CONTROL = 2;
    static final int COMMANDS = 3;
    static final int AUDIO = 4;
    static final int DATA = 5;
    static final int VIDEO = 6;

    private static final int EXTENDED = 0xFFFFFF;
    private static final int MAX_HEADER_BYTES = 16;

    private int chunkSize = ChunkDecoder.DEFAULT_CHUNK_SIZE;

    /// Room for a message of `length` bytes with all its headers.
    int size(int length) {
        return MAX_HEADER_BYTES + length + (length / chunkSize + 1) * 5;
    }

    /// From the next message on: 5.4.1.
    void chunkSize(int size) {
        chunkSize = size;
    }

    void write(ByteBuf out, int chunkStream, int type, int streamId, int timestampMillis, Bytes body) {
        write(out, chunkStream, type, streamId, timestampMillis, Bytes.EMPTY, body);
    }

    /// A message whose body is `head` followed by `tail`.
    void write(ByteBuf out, int chunkStream, int type, int streamId, int timestampMillis, Bytes head, Bytes tail) {
        boolean extended = Integer.compareUnsigned(timestampMillis, EXTENDED) >= 0;
        out.writeByte(chunkStream);
        out.writeMedium(extended ? EXTENDED : timestampMillis);
        out.writeMedium(head.length() + tail.length());
        out.writeByte(type);
        out.writeIntLE(streamId);
        if (extended) {
            out.writeInt(timestampMillis);
        }
        int left = chunkSize;
        for (Bytes part : new Bytes[] {head, tail}) {
            int at = 0;
            while (at < part.length()) {
                if (left == 0) {
                    out.writeByte(0xC0 | chunkStream);
                    if (extended) {
                        out.writeInt(timestampMillis);
                    }
                    left = chunkSize;
                }
                int count = Math.min(left, part.length() - at);
                out.writeBytes(part.slice(at, at + count).asByteBuffer());
                at += count;
                left -= count;
            }
        }
    }
}
