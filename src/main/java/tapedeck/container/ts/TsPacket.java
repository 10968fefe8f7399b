package tapedeck.container.ts;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One packet as read, 2.4.3.2 and 2.4.3.4.
///
/// @param pcrTicks program_clock_reference_base, -1 without
/// @param payload shares the array; empty without
record TsPacket(
        int pid,
        boolean unitStart,
        boolean transportError,
        boolean scrambled,
        int counter,
        boolean hasPayload,
        boolean discontinuity,
        boolean randomAccess,
        long pcrTicks,
        Bytes payload) {
    static final int BYTES = 188;
    static final int HEADER_BYTES = 4;
    static final byte SYNC = 0x47;
    static final int NULL_PID = 0x1FFF;

    private static final int PCR_END = 7;

    /// @param packet 188 bytes
    static TsPacket parse(Bytes packet) {
        if (packet.length() != BYTES || packet.u8(0) != SYNC) {
            throw new MalformedException("MPEG-TS: no packet in %s".formatted(packet));
        }
        int head = packet.u16(1);
        int control = packet.u8(3);
        boolean hasPayload = (control & 0x10) != 0;
        int at = HEADER_BYTES;
        int flags = 0;
        long pcrTicks = -1;
        if ((control & 0x20) != 0) {
            int length = packet.u8(at);
            at++;
            if (length > BYTES - at) {
                throw new MalformedException("MPEG-TS: adaptation field of %d bytes".formatted(length));
            }
            flags = length > 0 ? packet.u8(at) : 0;
            if ((flags & 0x10) != 0 && length >= PCR_END) {
                pcrTicks = packet.u32(at + 1) << 1 | packet.u8(at + 5) >> 7;
            }
            at += length;
        }
        return new TsPacket(
                head & NULL_PID,
                (head & 0x4000) != 0,
                (head & 0x8000) != 0,
                (control & 0xC0) != 0,
                control & 0xF,
                hasPayload,
                (flags & 0x80) != 0,
                (flags & 0x40) != 0,
                pcrTicks,
                hasPayload ? packet.slice(at) : Bytes.EMPTY);
    }
}
