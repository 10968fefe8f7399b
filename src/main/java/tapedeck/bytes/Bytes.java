package tapedeck.bytes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// Immutable bytes: a view of a part of one array that nobody writes to any more.
///
/// Slices share the array, so a frame is assembled once and then handed to every reader without a copy.
public final class Bytes {
    public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

    private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long LOWEST_BITS = 0x0101_0101_0101_0101L;
    private static final long HIGHEST_BITS = 0x8080_8080_8080_8080L;

    /// Four times eight.
    private static final int BLOCK_BYTES = 32;

    private final byte[] array;
    private final int offset;
    private final int length;

    private Bytes(byte[] array, int offset, int length) {
        this.array = array;
        this.offset = offset;
        this.length = length;
    }

    /// Takes over `array`: the caller never writes to it again.
    public static Bytes wrap(byte[] array) {
        return array.length == 0 ? EMPTY : new Bytes(array, 0, array.length);
    }

    /// Takes over the part `[from, to)` of `array`: the caller never writes to it again.
    public static Bytes wrap(byte[] array, int from, int to) {
        if (from < 0 || to < from || to > array.length) {
            throw new IndexOutOfBoundsException("[%d, %d) of %d bytes".formatted(from, to, array.length));
        }
        return from == to ? EMPTY : new Bytes(array, from, to - from);
    }

    /// Copies what remains in `buffer`, and leaves its position as it was.
    public static Bytes copyOf(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return wrap(copy);
    }

    public static Bytes ofHex(String hex) {
        return wrap(HexFormat.of().parseHex(hex.replaceAll("\\s", "")));
    }

    public static Bytes ofUtf8(String text) {
        return wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    public static Bytes ofU8(int... values) {
        byte[] array = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            array[i] = (byte) values[i];
        }
        return wrap(array);
    }

    public int length() {
        return length;
    }

    public boolean isEmpty() {
        return length == 0;
    }

    /// The unsigned byte at `index`.
    public int u8(int index) {
        return array[offset + checkIndex(index, 1)] & 0xFF;
    }

    public int u16(int index) {
        int at = offset + checkIndex(index, 2);
        return (array[at] & 0xFF) << 8 | array[at + 1] & 0xFF;
    }

    public int u24(int index) {
        int at = offset + checkIndex(index, 3);
        return (array[at] & 0xFF) << 16 | (array[at + 1] & 0xFF) << 8 | array[at + 2] & 0xFF;
    }

    /// 32 bits as they stand; [#u32(int)] for the unsigned value.
    public int i32(int index) {
        int at = offset + checkIndex(index, 4);
        return (array[at] & 0xFF) << 24
                | (array[at + 1] & 0xFF) << 16
                | (array[at + 2] & 0xFF) << 8
                | array[at + 3] & 0xFF;
    }

    public long u32(int index) {
        return i32(index) & 0xFFFF_FFFFL;
    }

    /// Where the first zero at or behind `from` is, or the length.
    public int indexOfZero(int from) {
        int at = from;
        while (at < length && array[offset + at] != 0) {
            at++;
        }
        return at;
    }

    /// Where the first two zeros in a row at or behind `from` begin, or the length. Blocks without such a pair are
    /// passed over whole: what is compressed has few.
    public int indexOfZeros(int from) {
        int at = offset + from;
        int end = offset + length;
        for (; at + BLOCK_BYTES < end; at += BLOCK_BYTES) {
            if (((pairs(at) | pairs(at + 8) | pairs(at + 16) | pairs(at + 24)) & HIGHEST_BITS) != 0) {
                int found = indexOfZeros(at, at + BLOCK_BYTES + 1);
                if (found >= 0) {
                    return found - offset;
                }
            }
        }
        int found = indexOfZeros(at, end);
        return found >= 0 ? found - offset : length;
    }

    /// The highest bit of one of its bytes is set if, and only if, one of the eight places from `at` on has a zero and
    /// another behind it: each byte is taken together with the next one.
    private long pairs(int at) {
        long both = (long) EIGHT.get(array, at) | (long) EIGHT.get(array, at + 1);
        return both - LOWEST_BITS & ~both;
    }

    private int indexOfZeros(int from, int to) {
        for (int at = from; at + 1 < to; ) {
            if (array[at + 1] != 0) {
                at += 2;
            } else if (array[at] == 0) {
                return at;
            } else {
                at++;
            }
        }
        return -1;
    }

    /// The part `[from, to)`, sharing the array.
    public Bytes slice(int from, int to) {
        if (from < 0 || to < from || to > length) {
            throw new IndexOutOfBoundsException("[%d, %d) of %d bytes".formatted(from, to, length));
        }
        return from == to ? EMPTY : new Bytes(array, offset + from, to - from);
    }

    /// The part from `from` to the end, sharing the array.
    public Bytes slice(int from) {
        return slice(from, length);
    }

    public ByteReader reader() {
        return new ByteReader(this);
    }

    /// A read-only view with position 0 and this length.
    public ByteBuffer asByteBuffer() {
        return ByteBuffer.wrap(array, offset, length).slice().asReadOnlyBuffer();
    }

    /// Puts all bytes into `target` at its position.
    public void writeTo(ByteBuffer target) {
        target.put(array, offset, length);
    }

    public void copyTo(int from, byte[] target, int at, int count) {
        if (count > 0) {
            System.arraycopy(array, offset + checkIndex(from, count), target, at, count);
        }
    }

    /// Feeds all bytes to `checksum`, without a copy.
    public void update(java.util.zip.Checksum checksum) {
        checksum.update(array, offset, length);
    }

    /// The same in an array of their own, for whoever keeps what was only lent.
    public Bytes copy() {
        return wrap(toByteArray());
    }

    public byte[] toByteArray() {
        return Arrays.copyOfRange(array, offset, offset + length);
    }

    /// The same behind `room` bytes that the caller writes: what is in them is nothing. Faster than a new array, which
    /// is filled with zeros first.
    public byte[] toByteArray(int room) {
        if (offset >= room) {
            return Arrays.copyOfRange(array, offset - room, offset + length);
        }
        byte[] copy = new byte[room + length];
        System.arraycopy(array, offset, copy, room, length);
        return copy;
    }

    public String toUtf8() {
        return new String(array, offset, length, StandardCharsets.UTF_8);
    }

    public String toHex() {
        return HexFormat.of().formatHex(array, offset, offset + length);
    }

    private int checkIndex(int index, int count) {
        if (index < 0 || index > length - count) {
            throw new IndexOutOfBoundsException("%d bytes at %d of %d bytes".formatted(count, index, length));
        }
        return index;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that
                && Arrays.equals(array, offset, offset + length, that.array, that.offset, that.offset + that.length);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + array[i];
        }
        return hash;
    }

    @Override
    public String toString() {
        return length <= 16 ? toHex() : slice(0, 16).toHex() + "… (" + length + " bytes)";
    }
}
