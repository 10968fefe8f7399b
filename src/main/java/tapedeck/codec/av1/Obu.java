package tapedeck.codec.av1;

import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One open bitstream unit with a size field: AV1 specification 5.3.
///
/// @param whole header, size and payload
record Obu(int type, Bytes payload, Bytes whole) {
    static final int SEQUENCE_HEADER = 1;
    static final int TEMPORAL_DELIMITER = 2;
    static final int FRAME_HEADER = 3;
    static final int FRAME = 6;

    private static final int MAX_LEB128_BYTES = 8;

    static Obu read(Bytes bytes) {
        ByteReader in = bytes.reader();
        int header = in.u8();
        if ((header & 0x80) != 0) {
            throw new MalformedException("OBU with its forbidden bit set");
        }
        if ((header & 2) == 0) {
            throw new MalformedException("OBU without a size");
        }
        if ((header & 4) != 0) {
            in.skip(1);
        }
        Bytes payload = in.take(leb128(in));
        return new Obu(header >> 3 & 15, payload, bytes.slice(0, in.position()));
    }

    /// 4.10.5: seven bits a byte, lowest first, at most eight bytes and 32 bits.
    private static long leb128(ByteReader in) {
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
}
