package tapedeck.codec.av1;

import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One open bitstream unit with a size field: AV1 specification 5.3.
///
/// @param headerBytes 1, or 2 with an extension
/// @param whole header, size and payload
public record Obu(int type, int headerBytes, Bytes payload, Bytes whole) {
    // obu_type, 6.2.2
    public static final int SEQUENCE_HEADER = 1;
    public static final int TEMPORAL_DELIMITER = 2;
    public static final int FRAME_HEADER = 3;
    public static final int FRAME = 6;
    public static final int TILE_LIST = 8;
    public static final int PADDING = 15;

    /// obu_has_size_field in the first byte.
    public static final int HAS_SIZE = 2;
    /// obu_extension_flag in the first byte.
    public static final int HAS_EXTENSION = 4;

    private static final int MAX_LEB128_BYTES = 8;

    /// The first one in these bytes.
    public static Obu read(Bytes bytes) {
        ByteReader in = bytes.reader();
        int header = in.u8();
        if ((header & 0x80) != 0) {
            throw new MalformedException("OBU with its forbidden bit set");
        }
        if ((header & HAS_SIZE) == 0) {
            throw new MalformedException("OBU without a size");
        }
        int headerBytes = (header & HAS_EXTENSION) != 0 ? 2 : 1;
        in.skip(headerBytes - 1);
        Bytes payload = in.take(leb128(in));
        return new Obu(type(header), headerBytes, payload, bytes.slice(0, in.position()));
    }

    /// @param header the first byte
    public static int type(int header) {
        return header >> 3 & 15;
    }

    /// 4.10.5: seven bits a byte, lowest first, at most eight bytes and 32 bits.
    public static long leb128(ByteReader in) {
        long value = 0;
        for (int i = 0; i < MAX_LEB128_BYTES; i++) {
            int next = in.u8();
            value |= (next & 0x7FL) << 7 * i;
            if ((next & 0x80) == 0) {
                if (value > 0xFFFF_FFFFL) {
                    throw new MalformedException("OBU of %d bytes".formatted(value));
                }
                return value;
            }
        }
        throw new MalformedException("OBU size of more than 8 bytes");
    }

    /// How long a number is in the form of 4.10.5.
    public static int leb128Bytes(int value) {
        return value == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
    }

    /// Writes a number in the form of 4.10.5; returns where it ends.
    public static int putLeb128(int value, byte[] out, int at) {
        int rest = value;
        int to = at;
        while (rest > 0x7F) {
            out[to++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        out[to++] = (byte) rest;
        return to;
    }
}
