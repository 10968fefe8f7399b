package tapedeck.container.matroska;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Where the frames of a track stand and when they are shown, in some seven bytes each: numbers of seven bits a byte,
/// each
/// the difference to what the frame before lets expect.
final class PackedFrames {
    private static final int CHUNK_BYTES = 1 << 12;
    /// Four numbers.
    private static final int MAX_FRAME_BYTES = 4 * 10;

    private static final int SYNC = 1;
    private static final int LACED = 2;
    private static final int IN_UNITS = 4;
    private static final int FLAG_BITS = 3;

    private final long unitNanos;
    private final List<byte[]> chunks = new ArrayList<>();
    private byte[] chunk = {};
    private int at;
    private int count;
    private long endAt;
    private long lastNanos;

    /// @param unitNanos of which most times are a multiple
    PackedFrames(long unitNanos) {
        this.unitNanos = unitNanos;
    }

    /// A frame.
    ///
    /// @param lace how it shares a block, and which of those it is; 0 for one alone
    record Frame(long contentAt, int contentBytes, int lace, long ptsNanos, boolean sync) {}

    int count() {
        return count;
    }

    /// @return by how many bytes all became larger
    int add(Frame frame) {
        int grown = 0;
        if (at + MAX_FRAME_BYTES > chunk.length) {
            if (count > 0) {
                chunks.set(chunks.size() - 1, Arrays.copyOf(chunk, at));
            }
            chunk = new byte[CHUNK_BYTES];
            chunks.add(chunk);
            at = 0;
            grown = CHUNK_BYTES;
        }
        long step = frame.ptsNanos() - lastNanos;
        boolean inUnits = step % unitNanos == 0;
        int flags = (frame.sync() ? SYNC : 0) | (frame.lace() != 0 ? LACED : 0) | (inUnits ? IN_UNITS : 0);
        put((long) frame.contentBytes() << FLAG_BITS | flags);
        putSigned(frame.contentAt() - endAt);
        putSigned(inUnits ? step / unitNanos : step);
        if (frame.lace() != 0) {
            put(frame.lace());
        }
        endAt = frame.contentAt() + frame.contentBytes();
        lastNanos = frame.ptsNanos();
        count++;
        return grown;
    }

    private void putSigned(long value) {
        put(value << 1 ^ value >> Long.SIZE - 1);
    }

    private void put(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            chunk[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        chunk[at++] = (byte) rest;
    }

    /// Goes over them once they are all there; any number of threads may do so, each with one of its own.
    Reader open() {
        return new Reader();
    }

    final class Reader {
        private int read;
        private int nextChunk;
        private byte[] in = {};
        private int from;
        private long expectedAt;
        private long beforeNanos;

        boolean hasNext() {
            return read < count;
        }

        Frame next() {
            if (nextChunk < chunks.size() && from == in.length) {
                in = chunks.get(nextChunk++);
                from = 0;
            }
            read++;
            long head = get();
            int flags = (int) head & SYNC + LACED + IN_UNITS;
            int bytes = (int) (head >>> FLAG_BITS);
            long contentAt = expectedAt + getSigned();
            long step = getSigned();
            beforeNanos += (flags & IN_UNITS) != 0 ? step * unitNanos : step;
            int lace = (flags & LACED) != 0 ? (int) get() : 0;
            expectedAt = contentAt + bytes;
            return new Frame(contentAt, bytes, lace, beforeNanos, (flags & SYNC) != 0);
        }

        private long getSigned() {
            long value = get();
            return value >>> 1 ^ -(value & 1);
        }

        private long get() {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = in[from++];
                value |= (next & 0x7FL) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }
    }
}
