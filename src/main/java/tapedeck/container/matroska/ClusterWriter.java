package tapedeck.container.matroska;

import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.MuxerOptions.Clusters;

/// Gathers the blocks of one cluster: RFC 9559 5.1.3, 10.1 (SimpleBlock).
///
/// ```
/// Cluster 1F43B675 | size
///   CRC-32 BF 84 xxxxxxxx      of all that follows in the cluster
///   Timestamp E7               of the first block
///   SimpleBlock A3 | size | track number | time relative to Timestamp, 16 bits signed | flags | frame
/// ```
final class ClusterWriter {
    /// RFC 9559 25.1 recommends at most 5 MB and 5 seconds.
    static final int MAX_BYTES = 5_000_000;

    private static final int FLAG_KEYFRAME = 0x80;
    /// RFC 9559 10.2: decoded, but not shown.
    static final int FLAG_INVISIBLE = 0x08;

    private final long maxTicks;
    private final long maxBytes;
    /// Headers of all blocks one behind the other; `ends.get(i)` is where that of block `i` ends.
    private final ByteWriter headers = new ByteWriter(1024);
    private final List<Integer> ends = new ArrayList<>();
    private final List<Bytes> frames = new ArrayList<>();
    private long timestamp;
    private long blockBytes;

    ClusterWriter(Clusters limits) {
        // A tick is a millisecond, and a block's time relative to its cluster has 16 bits.
        maxTicks = Math.min(Short.MAX_VALUE, limits.maxMillis() - 1);
        maxBytes = Math.min(MAX_BYTES, limits.maxBytes());
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /// Whether a block at this time still fits.
    boolean takes(long time, int frameBytes) {
        long relative = time - timestamp;
        return isEmpty() || relative >= Short.MIN_VALUE && relative <= maxTicks && blockBytes + frameBytes <= maxBytes;
    }

    /// Adds a block; the first one sets the cluster's timestamp.
    ///
    /// @param time in ticks, not negative
    void add(int trackNumber, long time, boolean keyframe, Bytes frame) {
        add(trackNumber, time, keyframe ? FLAG_KEYFRAME : 0, frame);
    }

    /// One that only those behind it need.
    void addHidden(int trackNumber, long time, boolean keyframe, Bytes frame) {
        add(trackNumber, time, FLAG_INVISIBLE | (keyframe ? FLAG_KEYFRAME : 0), frame);
    }

    private void add(int trackNumber, long time, int flags, Bytes frame) {
        if (isEmpty()) {
            timestamp = time;
        }
        int numberBytes = EbmlWriter.vintBytes(trackNumber);
        long content = numberBytes + 3L + frame.length();
        int before = headers.length();
        headers.u8(ElementId.SIMPLE_BLOCK);
        vint(headers, content);
        vint(headers, trackNumber);
        headers.u16((int) (time - timestamp)).u8(flags);
        ends.add(headers.length());
        frames.add(frame);
        blockBytes += headers.length() - before + (long) frame.length();
    }

    /// Hands the whole cluster over in parts and starts again.
    void finish(List<Bytes> parts) {
        Bytes time = new EbmlWriter().uint(ElementId.TIMESTAMP, timestamp).toBytes();
        Bytes blockHeaders = headers.toBytes();
        CRC32 crc = new CRC32();
        time.update(crc);
        int from = 0;
        int first = parts.size() + 1;
        for (int i = 0; i < frames.size(); i++) {
            Bytes header = blockHeaders.slice(from, ends.get(i));
            from = ends.get(i);
            header.update(crc);
            frames.get(i).update(crc);
            parts.add(header);
            parts.add(frames.get(i));
        }
        Bytes head = new EbmlWriter()
                .id(ElementId.CLUSTER)
                .size(EbmlWriter.CRC_32_BYTES + time.length() + blockBytes)
                .raw(EbmlWriter.crc32(crc.getValue()))
                .raw(time)
                .toBytes();
        parts.add(first - 1, head);
        headers.clear();
        ends.clear();
        frames.clear();
        blockBytes = 0;
    }

    private static void vint(ByteWriter out, long value) {
        int bytes = EbmlWriter.vintBytes(value);
        for (int i = bytes - 1; i >= 0; i--) {
            int b = (int) (value >>> 8 * i) & 0xFF;
            out.u8(i == bytes - 1 ? b | 1 << (8 - bytes) : b);
        }
    }
}
