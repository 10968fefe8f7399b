package tapedeck.container.matroska;

import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Writes EBML elements (RFC 8794) one behind the other. Masters are written by handing over their finished content.
final class EbmlWriter {
    /// RFC 8794 11.3.1: what a CRC-32 element takes.
    static final int CRC_32_BYTES = 6;

    private final ByteWriter out = new ByteWriter(256);

    int length() {
        return out.length();
    }

    Bytes toBytes() {
        return out.toBytes();
    }

    /// The low bits of `id` are written as they stand: identifiers carry their own length marker.
    EbmlWriter id(int id) {
        int bytes = idBytes(id);
        for (int i = bytes - 1; i >= 0; i--) {
            out.u8(id >>> 8 * i);
        }
        return this;
    }

    /// A data size in as few bytes as it fits in, RFC 8794 6.
    EbmlWriter size(long size) {
        return size(size, vintBytes(size));
    }

    EbmlWriter size(long size, int bytes) {
        for (int i = bytes - 1; i >= 0; i--) {
            int value = (int) (size >>> 8 * i) & 0xFF;
            out.u8(i == bytes - 1 ? value | 1 << (8 - bytes) : value);
        }
        return this;
    }

    EbmlWriter uint(int id, long value) {
        int bytes = uintBytes(value);
        id(id).size(bytes);
        for (int i = bytes - 1; i >= 0; i--) {
            out.u8((int) (value >>> 8 * i));
        }
        return this;
    }

    /// A number in eight bytes whatever its value, so that it can be overwritten in place.
    EbmlWriter uint64(int id, long value) {
        id(id).size(Long.BYTES);
        out.u64(value);
        return this;
    }

    EbmlWriter real(int id, double value) {
        id(id).size(Double.BYTES);
        out.f64(value);
        return this;
    }

    EbmlWriter text(int id, String text) {
        return binary(id, Bytes.ofUtf8(text));
    }

    EbmlWriter binary(int id, Bytes content) {
        id(id).size(content.length());
        out.bytes(content);
        return this;
    }

    EbmlWriter master(int id, EbmlWriter content) {
        return binary(id, content.toBytes());
    }

    /// A master whose first child is the CRC-32 of the others: RFC 8794 11.3.1.
    EbmlWriter checkedMaster(int id, EbmlWriter content) {
        Bytes children = content.toBytes();
        id(id).size(CRC_32_BYTES + (long) children.length());
        return raw(crc32(children)).raw(children);
    }

    EbmlWriter raw(Bytes bytes) {
        out.bytes(bytes);
        return this;
    }

    /// A Void of exactly `bytes` bytes (0, or 2 and more) with its header.
    EbmlWriter voidOf(int bytes) {
        int end = out.length() + bytes;
        raw(voidHeader(bytes));
        out.zeros(end - out.length());
        return this;
    }

    /// The header of a Void that takes `bytes` bytes (0, or 2 and more) with it.
    static Bytes voidHeader(long bytes) {
        if (bytes == 0) {
            return Bytes.EMPTY;
        }
        int sizeBytes = bytes <= 128 ? 1 : 8;
        return new EbmlWriter()
                .id(ElementId.VOID)
                .size(bytes - 1 - sizeBytes, sizeBytes)
                .toBytes();
    }

    /// The CRC-32 element of `content`: the checksum of ISO 3309, stored little-endian.
    static Bytes crc32(Bytes content) {
        var crc = new java.util.zip.CRC32();
        content.update(crc);
        return crc32(crc.getValue());
    }

    /// Whether this is the content of a [#checkedMaster], and whole.
    static boolean isChecked(Bytes content) {
        return content.length() > CRC_32_BYTES
                && content.slice(0, CRC_32_BYTES).equals(crc32(content.slice(CRC_32_BYTES)));
    }

    static Bytes crc32(long value) {
        return new ByteWriter(CRC_32_BYTES)
                .u8(ElementId.CRC_32)
                .u8(0x84)
                .u32Le(value)
                .toBytes();
    }

    static int idBytes(int id) {
        return id >>> 24 != 0 ? 4 : id >>> 16 != 0 ? 3 : id >>> 8 != 0 ? 2 : 1;
    }

    /// RFC 8794 6.2: all ones mean "unknown" and are left out.
    static int vintBytes(long value) {
        int bytes = 1;
        while (value >= (1L << 7 * bytes) - 1) {
            bytes++;
        }
        return bytes;
    }

    static int uintBytes(long value) {
        return Math.max(1, (64 - Long.numberOfLeadingZeros(value) + 7) / 8);
    }
}
