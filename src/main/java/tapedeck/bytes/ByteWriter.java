package tapedeck.bytes;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A growing array of bytes with a cursor at its end. Sizes that are known only later are patched in place.
public final class ByteWriter {
    private byte[] array;
    private int length;

    public ByteWriter() {
        this(64);
    }

    public ByteWriter(int capacity) {
        array = new byte[capacity];
    }

    public int length() {
        return length;
    }

    /// How long it may become before it needs a larger array.
    public int capacity() {
        return array.length;
    }

    public ByteWriter u8(int value) {
        int at = grow(1);
        array[at] = (byte) value;
        return this;
    }

    public ByteWriter u16(int value) {
        int at = grow(2);
        array[at] = (byte) (value >> 8);
        array[at + 1] = (byte) value;
        return this;
    }

    public ByteWriter u24(int value) {
        int at = grow(3);
        array[at] = (byte) (value >> 16);
        array[at + 1] = (byte) (value >> 8);
        array[at + 2] = (byte) value;
        return this;
    }

    /// The low 32 bits of `value`.
    public ByteWriter u32(long value) {
        int at = grow(4);
        patch32(at, value);
        return this;
    }

    public ByteWriter u64(long value) {
        int at = grow(8);
        patch32(at, value >> 32);
        patch32(at + 4, value);
        return this;
    }

    public ByteWriter u16Le(int value) {
        return u16(Short.reverseBytes((short) value));
    }

    public ByteWriter u32Le(long value) {
        return u32(Integer.reverseBytes((int) value));
    }

    public ByteWriter f64(double value) {
        return u64(Double.doubleToRawLongBits(value));
    }

    public ByteWriter ascii(String text) {
        return bytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    public ByteWriter utf8(String text) {
        return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    public ByteWriter bytes(byte[] source) {
        int at = grow(source.length);
        System.arraycopy(source, 0, array, at, source.length);
        return this;
    }

    public ByteWriter bytes(Bytes source) {
        int at = grow(source.length());
        source.copyTo(0, array, at, source.length());
        return this;
    }

    /// The part `[from, to)`.
    public ByteWriter bytes(Bytes source, int from, int to) {
        int at = grow(to - from);
        source.copyTo(from, array, at, to - from);
        return this;
    }

    public ByteWriter zeros(int count) {
        int at = grow(count);
        Arrays.fill(array, at, at + count, (byte) 0);
        return this;
    }

    /// The 16 bits that were written at `index`.
    public int u16At(int index) {
        java.util.Objects.checkFromIndexSize(index, 2, length);
        return (array[index] & 0xFF) << 8 | array[index + 1] & 0xFF;
    }

    /// Overwrites four bytes at `index` with the low 32 bits of `value`.
    public void patch32(int index, long value) {
        array[index] = (byte) (value >> 24);
        array[index + 1] = (byte) (value >> 16);
        array[index + 2] = (byte) (value >> 8);
        array[index + 3] = (byte) value;
    }

    /// Starts again at length 0 with the same array.
    public void clear() {
        length = 0;
    }

    public void copyTo(java.nio.ByteBuffer target) {
        target.put(array, 0, length);
    }

    /// What was written so far, as a copy of exactly that length.
    public Bytes toBytes() {
        return Bytes.wrap(toByteArray());
    }

    /// What was written so far, without a copy and only until more is written.
    public Bytes lend() {
        return Bytes.wrap(array, 0, length);
    }

    /// What was written so far, without a copy: the writer gives its array away and is empty.
    public Bytes handOver() {
        Bytes bytes = Bytes.wrap(array, 0, length);
        array = new byte[0];
        length = 0;
        return bytes;
    }

    public byte[] toByteArray() {
        return Arrays.copyOf(array, length);
    }

    private int grow(int count) {
        int at = length;
        length = Math.addExact(length, count);
        if (length > array.length) {
            array = Arrays.copyOf(array, Math.max(length, array.length * 2));
        }
        return at;
    }
}
