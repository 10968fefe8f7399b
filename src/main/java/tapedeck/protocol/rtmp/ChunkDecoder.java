package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Chunks become messages (RTMP specification 5.3). Fed with bytes as they come, torn anywhere; keeps nothing of the
/// buffer. A message's bytes go from the buffer straight to where they stay.
///
/// ```
/// basic header    fmt 2 · csid 6 (2–63) │ fmt 2 · 0 · csid-64 8 │ fmt 2 · 1 · csid-64 16 little-endian
/// message header  fmt 0: timestamp 24 · length 24 · type 8 · stream id 32 little-endian
///                 fmt 1: delta 24 · length 24 · type 8     fmt 2: delta 24     fmt 3: nothing, as before
/// extended        timestamp or delta 32, where the 24 bits are all ones
/// ```
final class ChunkDecoder {
    /// Where messages go. Called in the middle of [#decode]: takes the bytes, and throws to stop.
    interface Sink {
        void message(int type, int streamId, int timestampMillis, Bytes body);
    }

    static final int DEFAULT_CHUNK_SIZE = 128;
    /// 5.4.1: more than the largest message means nothing more.
    static final int MAX_CHUNK_SIZE = 0xFFFFFF;
    /// Chunk streams in use on one connection; encoders use four.
    static final int MAX_CHUNK_STREAMS = 64;
    static final int MAX_VIDEO_BYTES = 8 << 20;
    static final int MAX_AUDIO_BYTES = 1 << 20;
    /// Commands, metadata and whatever nobody knows.
    static final int MAX_OTHER_BYTES = 256 * 1024;
    static final int MAX_CONTROL_BYTES = 1024;
    /// Memory of unfinished messages on all chunk streams, not counting the largest.
    static final int MAX_UNFINISHED_BYTES = 4 << 20;
    /// Claimed lengths beyond this are believed only as far as bytes arrive.
    static final int TRUSTED_BYTES = 256 * 1024;

    /// A type 3 chunk right after a type 0 repeats its timestamp as a delta (5.3.1.2.4), and FFmpeg does mean that;
    /// librtmp means "at the same time". A delta beyond this is librtmp's.
    static final int MAX_REPEATED_MILLIS = 5_000;

    private static final int MAX_HEADER_BYTES = 3 + 11 + 4;
    private static final int[] MESSAGE_HEADER_BYTES = {11, 7, 3, 0};
    private static final int EXTENDED = 0xFFFFFF;
    private static final byte[] NONE = {};

    /// One chunk stream: what the next header may leave out, and the message that is being put together.
    private static final class Lane {
        final int id;
        int timestampMillis;
        int deltaMillis;
        int extendedField;
        boolean extended;
        boolean absolute;
        int length;
        int type;
        int streamId;
        byte[] data = NONE;
        int filled;
        boolean open;

        Lane(int id) {
            this.id = id;
        }
    }

    private final Sink sink;
    private final byte[] header = new byte[MAX_HEADER_BYTES];
    private int headerBytes;
    private int chunkSize = DEFAULT_CHUNK_SIZE;
    private Lane[] lanes = new Lane[8];
    private int laneCount;
    private int unfinishedBytes;

    /// The chunk whose payload is being read, null between chunks.
    private @Nullable Lane current;

    private int chunkLeft;
    /// Some senders leave the extended timestamp out of type 3 chunks, against 5.3.1.3.
    private boolean extendedIsRepeated = true;

    ChunkDecoder(Sink sink) {
        this.sink = sink;
    }

    /// Takes all of `in`.
    void decode(ByteBuf in) {
        while (in.isReadable()) {
            if (current != null) {
                payload(current, in);
            } else if (fill(in)) {
                headerBytes = 0;
            }
        }
    }

    /// Memory held for messages that are not complete.
    int unfinishedBytes() {
        return unfinishedBytes;
    }

    /// Reads header bytes until they are complete, and then starts the chunk.
    private boolean fill(ByteBuf in) {
        if (!has(1, in)) {
            return false;
        }
        int fmt = header[0] >> 6 & 3;
        int low = header[0] & 0x3F;
        int basic = low == 0 ? 2 : low == 1 ? 3 : 1;
        int end = basic + MESSAGE_HEADER_BYTES[fmt];
        if (!has(end, in)) {
            return false;
        }
        int id = switch (low) {
            case 0 -> 64 + (header[1] & 0xFF);
            case 1 -> 64 + (header[1] & 0xFF) + ((header[2] & 0xFF) << 8);
            default -> low;
        };
        Lane lane = lane(id);
        if (fmt == 3) {
            boolean repeated = lane.extended && extendedIsRepeated;
            if (repeated && !has(end + 4, in)) {
                return false;
            }
            startWithout(lane);
            if (repeated && i32(end) != lane.extendedField) {
                extendedIsRepeated = false;
                ByteBuf stolen = Unpooled.wrappedBuffer(Arrays.copyOfRange(header, end, end + 4));
                headerBytes = 0;
                decode(stolen);
                return false;
            }
            return true;
        }
        int field = u24(basic);
        boolean extended = field == EXTENDED;
        if (extended && !has(end + 4, in)) {
            return false;
        }
        start(lane, fmt, basic, extended ? i32(end) : field, extended);
        return true;
    }

    private boolean has(int count, ByteBuf in) {
        int missing = count - headerBytes;
        if (missing > 0) {
            int there = Math.min(missing, in.readableBytes());
            in.readBytes(header, headerBytes, there);
            headerBytes += there;
        }
        return headerBytes >= count;
    }

    private void start(Lane lane, int fmt, int at, int time, boolean extended) {
        if (lane.open) {
            throw new MalformedException("RTMP: a new message on chunk stream %d inside another".formatted(lane.id));
        }
        // librtmp starts a fresh chunk stream with fmt 1 for its pings.
        if (fmt == 2 && lane.type == 0) {
            throw new MalformedException("RTMP: chunk stream %d starts without a header".formatted(lane.id));
        }
        lane.absolute = fmt == 0;
        lane.extended = extended;
        lane.extendedField = time;
        lane.deltaMillis = time;
        lane.timestampMillis = fmt == 0 ? time : lane.timestampMillis + time;
        if (fmt <= 1) {
            lane.length = u24(at + 3);
            lane.type = header[at + 6] & 0xFF;
        }
        if (fmt == 0) {
            lane.streamId = Integer.reverseBytes(i32(at + 7));
        }
        open(lane);
    }

    /// A type 3 chunk goes on with a message, or starts one like the last.
    private void startWithout(Lane lane) {
        if (lane.open) {
            current = lane;
            chunkLeft = Math.min(chunkSize, lane.length - lane.filled);
            return;
        }
        if (lane.type == 0) {
            throw new MalformedException("RTMP: chunk stream %d starts without a header".formatted(lane.id));
        }
        boolean sameTime = lane.absolute && Integer.compareUnsigned(lane.deltaMillis, MAX_REPEATED_MILLIS) > 0;
        lane.timestampMillis += sameTime ? 0 : lane.deltaMillis;
        open(lane);
    }

    private void open(Lane lane) {
        int most = limit(lane.type);
        if (lane.length > most) {
            throw new MalformedException("RTMP: message of type %d with %d bytes, at most %d allowed"
                    .formatted(lane.type, lane.length, most));
        }
        if (lane.length == 0) {
            finish(lane, NONE);
            return;
        }
        resize(lane, Math.min(lane.length, TRUSTED_BYTES));
        lane.filled = 0;
        lane.open = true;
        current = lane;
        chunkLeft = Math.min(chunkSize, lane.length);
    }

    private void payload(Lane lane, ByteBuf in) {
        int count = Math.min(chunkLeft, in.readableBytes());
        int end = lane.filled + count;
        if (end > lane.data.length) {
            resize(lane, Math.clamp(2L * lane.data.length, end, lane.length));
        }
        in.readBytes(lane.data, lane.filled, count);
        lane.filled = end;
        chunkLeft -= count;
        if (chunkLeft > 0) {
            return;
        }
        current = null;
        if (lane.filled == lane.length) {
            byte[] data = lane.data;
            forget(lane);
            finish(lane, data);
        }
    }

    private void resize(Lane lane, int size) {
        unfinishedBytes += size - lane.data.length;
        if (unfinishedBytes > MAX_UNFINISHED_BYTES) {
            int largest = size;
            for (int i = 0; i < laneCount; i++) {
                largest = Math.max(largest, lanes[i].data.length);
            }
            if (unfinishedBytes - largest > MAX_UNFINISHED_BYTES) {
                throw new MalformedException(
                        "RTMP: more than %d bytes of unfinished messages".formatted(MAX_UNFINISHED_BYTES));
            }
        }
        lane.data = Arrays.copyOf(lane.data, size);
    }

    private void forget(Lane lane) {
        unfinishedBytes -= lane.data.length;
        lane.data = NONE;
        lane.open = false;
    }

    private void finish(Lane lane, byte[] data) {
        Bytes body = Bytes.wrap(data);
        switch (lane.type) {
            case RtmpMessage.SET_CHUNK_SIZE -> setChunkSize(body.reader().u32());
            case RtmpMessage.ABORT -> abort(body.reader().i32());
            default -> sink.message(lane.type, lane.streamId, lane.timestampMillis, body);
        }
    }

    private void setChunkSize(long size) {
        if (size < 1) {
            throw new MalformedException("RTMP: chunk size 0");
        }
        chunkSize = (int) Math.min(size, MAX_CHUNK_SIZE);
    }

    private void abort(int id) {
        for (int i = 0; i < laneCount; i++) {
            if (lanes[i].id == id && lanes[i].open) {
                forget(lanes[i]);
            }
        }
    }

    private Lane lane(int id) {
        for (int i = 0; i < laneCount; i++) {
            if (lanes[i].id == id) {
                return lanes[i];
            }
        }
        if (laneCount == MAX_CHUNK_STREAMS) {
            throw new MalformedException("RTMP: more than %d chunk streams".formatted(MAX_CHUNK_STREAMS));
        }
        if (laneCount == lanes.length) {
            lanes = Arrays.copyOf(lanes, 2 * laneCount);
        }
        Lane lane = new Lane(id);
        lanes[laneCount++] = lane;
        return lane;
    }

    private static int limit(int type) {
        return switch (type) {
            case RtmpMessage.AUDIO -> MAX_AUDIO_BYTES;
            case RtmpMessage.VIDEO, RtmpMessage.AGGREGATE -> MAX_VIDEO_BYTES;
            case RtmpMessage.SET_CHUNK_SIZE,
                    RtmpMessage.ABORT,
                    RtmpMessage.ACKNOWLEDGEMENT,
                    RtmpMessage.USER_CONTROL,
                    RtmpMessage.WINDOW_SIZE,
                    RtmpMessage.PEER_BANDWIDTH -> MAX_CONTROL_BYTES;
            default -> MAX_OTHER_BYTES;
        };
    }

    private int u24(int at) {
        return (header[at] & 0xFF) << 16 | (header[at + 1] & 0xFF) << 8 | header[at + 2] & 0xFF;
    }

    private int i32(int at) {
        return u24(at) << 8 | header[at + 3] & 0xFF;
    }
}
