package tapedeck.container.ts;

import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The head of a PES packet, 2.4.3.6.
///
/// ```
/// 00 00 01 │ stream_id │ length 16 (0 = not said, video only) │ 84: aligned │ 80 PTS, 40 DTS │ length │ stamps
/// stamp: 4 bits kind │ 3 bits │ 1 │ 15 bits │ 1 │ 15 bits │ 1
/// ```
/// @param bytes of the whole packet, 0 if not said
/// @param ptsTicks 33 bits, -1 without
/// @param dtsTicks 33 bits; the same as PTS if not said
/// @param dataAt where the data begin
record PesHeader(int streamId, int bytes, long ptsTicks, long dtsTicks, int dataAt) {
    static final int LENGTH_AT = 4;

    private static final int FIXED_BYTES = 9;
    private static final int PREFIX_BYTES = 6;
    private static final int STAMP_BYTES = 5;

    static Bytes write(int streamId, long ptsTicks, long dtsTicks, long dataBytes) {
        boolean both = ptsTicks != dtsTicks;
        int stamps = both ? 2 * STAMP_BYTES : STAMP_BYTES;
        long length = FIXED_BYTES - PREFIX_BYTES + stamps + dataBytes;
        ByteWriter out = new ByteWriter(FIXED_BYTES + stamps);
        out.u24(1).u8(streamId).u16(length > 0xFFFF ? 0 : (int) length);
        out.u8(0x84).u8(both ? 0xC0 : 0x80).u8(stamps);
        stamp(out, both ? 3 : 2, ptsTicks);
        if (both) {
            stamp(out, 1, dtsTicks);
        }
        return out.toBytes();
    }

    private static void stamp(ByteWriter out, int kind, long ticks) {
        out.u8(kind << 4 | (int) (ticks >> 29) & 0x0E | 1);
        out.u16((int) (ticks >> 14) & 0xFFFE | 1);
        out.u16((int) (ticks << 1) & 0xFFFE | 1);
    }

    /// @param start the packet, or as much of it as there is
    static PesHeader parse(Bytes start) {
        ByteReader in = start.reader();
        if (in.u24() != 1) {
            throw new MalformedException("MPEG-TS: no PES packet in %s".formatted(start));
        }
        int streamId = in.u8();
        int length = in.u16();
        int bytes = length == 0 ? 0 : PREFIX_BYTES + length;
        if (!hasStamps(streamId)) {
            return new PesHeader(streamId, bytes, -1, -1, PREFIX_BYTES);
        }
        if (in.u8() >> 6 != 2) {
            throw new MalformedException("MPEG-TS: PES packet of MPEG-1");
        }
        int flags = in.u8() >> 6;
        ByteReader header = in.take(in.u8()).reader();
        long pts = (flags & 2) != 0 ? stamp(header) : -1;
        long dts = flags == 3 ? stamp(header) : pts;
        return new PesHeader(streamId, bytes, pts, dts, in.position());
    }

    private static long stamp(ByteReader in) {
        return (in.u8() & 0x0EL) << 29 | (in.u16() & 0xFFFEL) << 14 | in.u16() >> 1;
    }

    /// Table 2-21: those of maps, padding, private_stream_2, ECM, EMM, directories and DSM-CC have no such header.
    private static boolean hasStamps(int streamId) {
        return switch (streamId) {
            case 0xBC, 0xBE, 0xBF, 0xF0, 0xF1, 0xF2, 0xF8, 0xFF -> false;
            default -> true;
        };
    }
}
