package tapedeck.peers;

import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.Map;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Messages as chunks, written independently of the server, with the shortest headers that the specification allows or
/// with full ones.
public final class RtmpChunks {
    private record Last(int timestampMillis, int field, int length, int type, int streamId) {}

    private final Map<Integer, Last> lanes = new HashMap<>();
    private int chunkSize = 128;
    private boolean shortHeaders = true;
    private boolean extendedRepeated = true;

    /// For the next messages; telling the peer is the caller's.
    public RtmpChunks chunkSize(int bytes) {
        chunkSize = bytes;
        return this;
    }

    /// Every message with a type 0 header.
    public RtmpChunks fullHeaders() {
        shortHeaders = false;
        return this;
    }

    /// As some senders do: no extended timestamp in type 3 chunks.
    public RtmpChunks extendedOnlyOnce() {
        extendedRepeated = false;
        return this;
    }

    public byte[] message(int chunkStream, int type, int streamId, int timestampMillis, Bytes body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] chunk : chunks(chunkStream, type, streamId, timestampMillis, body)) {
            out.writeBytes(chunk);
        }
        return out.toByteArray();
    }

    /// One array a chunk, so that chunks of several messages can be interleaved.
    public byte[][] chunks(int chunkStream, int type, int streamId, int timestampMillis, Bytes body) {
        Last last = lanes.get(chunkStream);
        long sinceLast = last == null ? -1 : Integer.toUnsignedLong(timestampMillis - last.timestampMillis());
        int fmt = 0;
        int field = timestampMillis;
        if (shortHeaders && last != null && sinceLast < 0x7FFFFFFF && last.streamId() == streamId) {
            field = (int) sinceLast;
            boolean alike = last.length() == body.length() && last.type() == type;
            fmt = !alike ? 1 : last.field() == field ? 3 : 2;
        }
        lanes.put(chunkStream, new Last(timestampMillis, field, body.length(), type, streamId));
        boolean extended = Integer.compareUnsigned(field, 0xFFFFFF) >= 0;
        int count = Math.max(1, (body.length() + chunkSize - 1) / chunkSize);
        byte[][] chunks = new byte[count][];
        for (int i = 0; i < count; i++) {
            ByteWriter out = new ByteWriter();
            basicHeader(out, i == 0 ? fmt : 3, chunkStream);
            if (i == 0) {
                if (fmt <= 2) {
                    out.u24(extended ? 0xFFFFFF : field);
                }
                if (fmt <= 1) {
                    out.u24(body.length()).u8(type);
                }
                if (fmt == 0) {
                    out.u32Le(streamId);
                }
            }
            if (extended && (i == 0 || extendedRepeated)) {
                out.u32(field);
            }
            out.bytes(body.slice(i * chunkSize, Math.min(body.length(), (i + 1) * chunkSize)));
            chunks[i] = out.toByteArray();
        }
        return chunks;
    }

    private static void basicHeader(ByteWriter out, int fmt, int chunkStream) {
        if (chunkStream < 64) {
            out.u8(fmt << 6 | chunkStream);
        } else if (chunkStream < 320) {
            out.u8(fmt << 6).u8(chunkStream - 64);
        } else {
            out.u8(fmt << 6 | 1).u16Le(chunkStream - 64);
        }
    }
}
