package bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/// RTMP chunks: written with one announced size, read with whatever the server announces.
final class Chunks {
    static final int AUDIO = 8;
    static final int VIDEO = 9;
    static final int DATA = 18;
    static final int COMMAND = 20;
    static final int COMMAND_AMF3 = 17;
    static final int SET_CHUNK_SIZE = 1;
    static final int USER_CONTROL = 4;
    static final int SIZE = 4096;

    private Chunks() {}

    /// Appends one message.
    ///
    /// @param format 0, or 1 for a header without stream id whose `time` is a delta
    static void message(
            ByteArrayOutputStream out,
            int format,
            int chunkStream,
            int time,
            int type,
            int streamId,
            byte[] payload,
            int at,
            int length) {
        out.write(format << 6 | chunkStream);
        put24(out, time);
        put24(out, length);
        out.write(type);
        if (format == 0) {
            for (int shift = 0; shift < 32; shift += 8) {
                out.write(streamId >>> shift);
            }
        }
        for (int done = 0; ; out.write(3 << 6 | chunkStream)) {
            int count = Math.min(SIZE, length - done);
            out.write(payload, at + done, count);
            done += count;
            if (done >= length) {
                return;
            }
        }
    }

    static byte[] control(int type, int word) {
        var out = new ByteArrayOutputStream();
        message(out, 0, 2, 0, type, 0, ByteBuffer.allocate(4).putInt(word).array(), 0, 4);
        return out.toByteArray();
    }

    static byte[] command(int streamId, Amf amf) {
        var out = new ByteArrayOutputStream();
        byte[] payload = amf.bytes();
        message(out, 0, 3, 0, COMMAND, streamId, payload, 0, payload.length);
        return out.toByteArray();
    }

    static int u24(ByteBuffer in) {
        return (in.get() & 255) << 16 | (in.get() & 255) << 8 | in.get() & 255;
    }

    private static void put24(ByteArrayOutputStream out, int value) {
        out.write(value >>> 16);
        out.write(value >>> 8);
        out.write(value);
    }

    /// Puts together the messages that a server sends.
    static final class Reader {
        interface Sink {
            void message(int type, int millis, ByteBuffer payload) throws IOException;
        }

        private static final class Lane {
            int length;
            int type;
            int millis;
            int stepMillis;
            int left;
            boolean extended;
            byte[] data = {};
        }

        private final Map<Integer, Lane> lanes = new HashMap<>();
        private int size = 128;

        /// Takes whole chunks out of `in` and leaves the rest.
        void feed(ByteBuffer in, Sink sink) throws IOException {
            while (true) {
                in.mark();
                if (!chunk(in, sink)) {
                    in.reset();
                    return;
                }
            }
        }

        private boolean chunk(ByteBuffer in, Sink sink) throws IOException {
            if (in.remaining() < 1) {
                return false;
            }
            int first = in.get() & 255;
            int format = first >> 6;
            int id = first & 63;
            if (id < 2) {
                if (in.remaining() <= id) {
                    return false;
                }
                id = id == 0 ? 64 + (in.get() & 255) : 64 + (in.get() & 255) + 256 * (in.get() & 255);
            }
            if (in.remaining() < new int[] {11, 7, 3, 0}[format]) {
                return false;
            }
            Lane lane = lanes.computeIfAbsent(id, _ -> new Lane());
            int length = lane.length;
            int type = lane.type;
            int field = format < 3 ? u24(in) : lane.stepMillis;
            boolean extended = format < 3 ? field == 0xffffff : lane.extended;
            if (format < 2) {
                length = u24(in);
                type = in.get() & 255;
            }
            if (format == 0) {
                in.getInt();
            }
            int left = lane.left > 0 ? lane.left : length;
            int count = Math.min(size, left);
            if (in.remaining() < count + (extended ? 4 : 0)) {
                return false;
            }
            if (extended) {
                field = in.getInt();
            }
            if (lane.left == 0) {
                lane.stepMillis = format == 0 ? 0 : field;
                lane.millis = format == 0 ? field : lane.millis + field;
                lane.data = new byte[length];
            }
            in.get(lane.data, length - left, count);
            lane.length = length;
            lane.type = type;
            lane.extended = extended;
            lane.left = left - count;
            if (lane.left == 0) {
                ByteBuffer whole = ByteBuffer.wrap(lane.data);
                if (type == SET_CHUNK_SIZE) {
                    size = whole.getInt() & 0x7fffffff;
                } else {
                    sink.message(type, lane.millis, whole);
                }
            }
            return true;
        }
    }
}
