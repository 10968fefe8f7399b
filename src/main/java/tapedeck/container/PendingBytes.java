package tapedeck.container;

import java.util.Arrays;
import tapedeck.bytes.Bytes;

/// What came of a stream and was not read yet, in one array that is used again and again.
public final class PendingBytes {
    private static final int LEAST_BYTES = 64 * 1024;

    private byte[] array = new byte[LEAST_BYTES];
    private int from;
    private int to;
    private long position;

    public void append(Bytes bytes) {
        int needed = length() + bytes.length();
        if (to + bytes.length() > array.length) {
            byte[] target = needed > array.length ? new byte[Math.max(needed, 2 * array.length)] : array;
            System.arraycopy(array, from, target, 0, length());
            to -= from;
            from = 0;
            array = target;
        }
        bytes.copyTo(0, array, to, bytes.length());
        to += bytes.length();
    }

    public int length() {
        return to - from;
    }

    /// Where the first of these bytes stands in the stream.
    public long position() {
        return position;
    }

    public int u8(int at) {
        return array[from + at] & 0xFF;
    }

    public long u32(int at) {
        return (long) u8(at) << 24 | (long) u8(at + 1) << 16 | (long) u8(at + 2) << 8 | u8(at + 3);
    }

    /// In an array of their own.
    public Bytes copy(int at, int count) {
        return Bytes.wrap(Arrays.copyOfRange(array, from + at, from + at + count));
    }

    public void skip(int count) {
        from += count;
        position += count;
        if (from == to) {
            from = 0;
            to = 0;
            if (array.length > LEAST_BYTES * 16) {
                array = new byte[LEAST_BYTES];
            }
        }
    }

    /// Forgets all of them.
    public void clear() {
        skip(length());
    }
}
