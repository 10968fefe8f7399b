package tapedeck.bytes;

/// A cursor over [Bytes] that throws [MalformedException] where they end too early.
public final class ByteReader {
    private final Bytes bytes;
    private int position;

    public ByteReader(Bytes bytes) {
        this.bytes = bytes;
    }

    public int position() {
        return position;
    }

    public int remaining() {
        return bytes.length() - position;
    }

    public boolean hasRemaining() {
        return position < bytes.length();
    }

    public int u8() {
        return bytes.u8(advance(1));
    }

    public int u16() {
        return bytes.u16(advance(2));
    }

    public int u24() {
        return bytes.u24(advance(3));
    }

    public int i32() {
        return bytes.i32(advance(4));
    }

    public long u32() {
        return bytes.u32(advance(4));
    }

    public long i64() {
        int at = advance(8);
        return (long) bytes.i32(at) << 32 | bytes.u32(at + 4);
    }

    public int u16Le() {
        return Short.reverseBytes((short) u16()) & 0xFFFF;
    }

    public int i32Le() {
        return Integer.reverseBytes(i32());
    }

    public double f64() {
        return Double.longBitsToDouble(i64());
    }

    /// The next `count` bytes, sharing the array.
    public Bytes take(long count) {
        if (count < 0 || count > remaining()) {
            throw new MalformedException("%d bytes needed at %d, %d there".formatted(count, position, remaining()));
        }
        int at = advance((int) count);
        return bytes.slice(at, at + (int) count);
    }

    public Bytes rest() {
        return take(remaining());
    }

    public void skip(long count) {
        take(count);
    }

    private int advance(int count) {
        if (count > remaining()) {
            throw new MalformedException("%d bytes needed at %d, %d there".formatted(count, position, remaining()));
        }
        int at = position;
        position += count;
        return at;
    }
}
