package tapedeck.bytes;

/// A cursor over the bits of [Bytes], most significant first, with the Exp-Golomb codes of ISO/IEC 14496-10 9.1.
public final class BitReader {
    private final Bytes bytes;
    private long position;

    public BitReader(Bytes bytes) {
        this.bytes = bytes;
    }

    public long remaining() {
        return bytes.length() * 8L - position;
    }

    public boolean flag() {
        return bits(1) != 0;
    }

    /// The next `count` bits (0 to 32) as an unsigned number.
    public long bits(int count) {
        if (count > remaining()) {
            throw new MalformedException("%d bits needed, %d there".formatted(count, remaining()));
        }
        long value = 0;
        for (int left = count; left > 0; ) {
            int inByte = (int) (position & 7);
            int step = Math.min(left, 8 - inByte);
            int chunk = bytes.u8((int) (position >> 3)) >> (8 - inByte - step) & ((1 << step) - 1);
            value = value << step | chunk;
            position += step;
            left -= step;
        }
        return value;
    }

    /// At most 31 bits as an int.
    public int u(int count) {
        return (int) bits(count);
    }

    public void skip(long count) {
        if (count < 0 || count > remaining()) {
            throw new MalformedException("%d bits needed, %d there".formatted(count, remaining()));
        }
        position += count;
    }

    /// `ue(v)`: unsigned Exp-Golomb.
    public long ue() {
        int zeros = 0;
        while (!flag()) {
            if (++zeros > 32) {
                throw new MalformedException("Exp-Golomb code of more than 32 leading zeros");
            }
        }
        return (1L << zeros) - 1 + bits(zeros);
    }

    /// `se(v)`: signed Exp-Golomb.
    public long se() {
        long code = ue();
        return (code & 1) == 1 ? (code + 1) / 2 : -(code / 2);
    }
}
