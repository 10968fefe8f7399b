package tapedeck.container.ts;

import tapedeck.bytes.Bytes;

/// CRC_32 of sections, ISO/IEC 13818-1 annex A: polynomial 04C11DB7, most significant bit first, nothing inverted.
final class Crc32Mpeg {
    private static final int POLYNOMIAL = 0x04C1_1DB7;
    private static final int[] TABLE = new int[256];

    static {
        for (int i = 0; i < TABLE.length; i++) {
            int value = i << 24;
            for (int bit = 0; bit < 8; bit++) {
                value = value << 1 ^ (value < 0 ? POLYNOMIAL : 0);
            }
            TABLE[i] = value;
        }
    }

    private Crc32Mpeg() {}

    /// Over a section with its CRC_32 this is 0.
    static int of(Bytes bytes) {
        int crc = -1;
        for (int i = 0; i < bytes.length(); i++) {
            crc = crc << 8 ^ TABLE[crc >>> 24 ^ bytes.u8(i)];
        }
        return crc;
    }
}
