package tapedeck.container.mp4;

import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Where things stand in a file of ours.
///
/// ```
/// 0      40      48                    E-48      E-32        E
/// | ftyp | free  | reserve (a hole)    | 16 zero | ftyp2     | moov | { moof mdat free } …    R: recording
/// | ftyp | moov  | body  | free        | mdat    | hidden    everything                       F: finished
/// | ftyp | mdat, 64-bit size           everything                                   | moov    T: finished, large index
/// ```
/// R becomes F or T by one aligned write of the eight bytes at [#FLIP_AT]; all else is written before, where R has its
/// `free`. `ftyp2` and the first `moov` are neighbours and never move: together they are the initialization section
/// for players of byte ranges, in all three states.
///
/// A file of many streams has a `moov` that moves each time a track joins ([MoovPlace]). Its fragments stay where they
/// are; between them and the `moov` is a `free`:
///
/// ```
/// 0      40      E-48      E-32                    the size that was asked for
/// | ftyp | free  | 16 zero | ftyp2 | moov | free  | { moof mdat free } …
/// ```
final class Layout {
    static final int FTYP_BYTES = 40;
    /// The header that decides whether a file is R, F or T.
    static final int FLIP_AT = FTYP_BYTES;
    /// Where the body of the `free`, and later of the `moov`, begins.
    static final int BODY_AT = FLIP_AT + BoxWriter.HEADER_BYTES;

    /// In state T, where the reserve ended: nothing else says it there.
    static final int MARK_AT = BODY_AT + 8;

    private static final int MARK_MAGIC = 0x72737276; // rsrv

    static final int HIDDEN_FTYP_BYTES = 32;
    static final int LARGE_HEADER_BYTES = 16;
    /// What stands at the end of the reserve in state R: room for an `mdat` header, then the hidden `ftyp`.
    static final int RESERVE_TAIL_BYTES = LARGE_HEADER_BYTES + HIDDEN_FTYP_BYTES;

    static final int RESERVE_ALIGNMENT = 4096;
    static final int MIN_RESERVE_BYTES = 2 * RESERVE_ALIGNMENT;
    static final int MAX_RESERVE_BYTES = 1 << 30;

    /// Where a reserve that is too small becomes larger: behind the block with the header that decides.
    static final int GROWS_AT = RESERVE_ALIGNMENT;

    /// The checksum behind each fragment: a `free` of this size with [#CRC_MAGIC] and CRC32C of moof and mdat.
    static final int CRC_BOX_BYTES = 16;

    static final int CRC_MAGIC = 0x63333263; // c32c

    private Layout() {}

    /// The reserve that the options ask for, as the layout needs it.
    static int reserve(int wantedBytes) {
        int wanted = Math.clamp(wantedBytes, MIN_RESERVE_BYTES, MAX_RESERVE_BYTES);
        return (wanted + RESERVE_ALIGNMENT - 1) / RESERVE_ALIGNMENT * RESERVE_ALIGNMENT;
    }

    /// The smallest reserve that holds a `moov` of this size, and the header of a `free` behind it.
    static long reserveFor(long moovBytes) {
        long wanted = FLIP_AT + moovBytes + BoxWriter.HEADER_BYTES + RESERVE_TAIL_BYTES;
        return Math.max(MIN_RESERVE_BYTES, Math.ceilDiv(wanted, RESERVE_ALIGNMENT) * RESERVE_ALIGNMENT);
    }

    /// `ftyp` and the header of the `free` behind it: the first 48 bytes of a new file.
    static Bytes head(long reserveBytes) {
        return ftyp(new BoxWriter(BODY_AT), "isom", "isom", "iso6", "iso5", "iso2", "avc1", "mp41")
                .u32(reserveBytes - FLIP_AT)
                .ascii("free")
                .toBytes();
    }

    /// The last 48 bytes of the reserve.
    static BoxWriter reserveTail(BoxWriter out) {
        return ftyp(out.zeros(LARGE_HEADER_BYTES), "iso6", "iso6", "iso5", "cmfc", "mp41");
    }

    private static BoxWriter ftyp(BoxWriter out, String major, String... compatible) {
        return out.box("ftyp", b -> {
            b.ascii(major).u32(major.equals("isom") ? 0x200 : 0);
            for (String brand : compatible) {
                b.ascii(brand);
            }
        });
    }

    static Bytes crcBox(int crc) {
        return new ByteWriter(CRC_BOX_BYTES)
                .u32(CRC_BOX_BYTES)
                .ascii("free")
                .u32(CRC_MAGIC)
                .u32(crc)
                .toBytes();
    }

    static Bytes header(String type, long size) {
        return new ByteWriter(BoxWriter.HEADER_BYTES).u32(size).ascii(type).toBytes();
    }

    /// A box of this size that says nothing, 8.1.2.
    static Bytes free(int bytes) {
        return new ByteWriter(bytes)
                .u32(bytes)
                .ascii("free")
                .zeros(bytes - BoxWriter.HEADER_BYTES)
                .handOver();
    }

    static Bytes reserveMark(long reserveBytes) {
        return new ByteWriter(8).u32(MARK_MAGIC).u32(reserveBytes).toBytes();
    }

    /// Where the reserve ended, as eight bytes at [#MARK_AT] say; 0 if they do not.
    static long marked(Bytes mark) {
        return mark.i32(0) == MARK_MAGIC ? mark.u32(4) : 0;
    }

    /// A box header with its size in 64 bits, 4.2.2.
    static Bytes largeHeader(String type, long size) {
        return new ByteWriter(LARGE_HEADER_BYTES).u32(1).ascii(type).u64(size).toBytes();
    }

    enum State {
        RECORDING,
        FINISHED,
        /// Not written by us.
        FOREIGN
    }

    /// @param head the file's first 48 bytes, or as many as there are
    static State state(Bytes head) {
        if (head.length() < BODY_AT
                || head.u32(0) != FTYP_BYTES
                || !type(head, 4).equals("ftyp")) {
            return State.FOREIGN;
        }
        return switch (type(head, FLIP_AT + 4)) {
            case "free" -> isReserve(head.u32(FLIP_AT)) ? State.RECORDING : State.FOREIGN;
            case "moov", "mdat" -> State.FINISHED;
            default -> State.FOREIGN;
        };
    }

    private static boolean isReserve(long freeBytes) {
        long reserve = freeBytes + FLIP_AT;
        return reserve >= MIN_RESERVE_BYTES && reserve <= MAX_RESERVE_BYTES && reserve % RESERVE_ALIGNMENT == 0;
    }

    /// The four characters of a box type; anything that is not ASCII becomes `?`.
    static String type(Bytes bytes, int at) {
        if (at + 4 > bytes.length()) {
            throw new MalformedException("MP4: 4 bytes of a box type needed at %d".formatted(at));
        }
        char[] type = new char[4];
        for (int i = 0; i < 4; i++) {
            int c = bytes.u8(at + i);
            type[i] = c >= 0x20 && c < 0x7F || c == 0xA9 ? (char) c : '?';
        }
        return new String(type);
    }
}
