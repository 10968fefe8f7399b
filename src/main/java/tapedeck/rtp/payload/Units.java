package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;

/// The NAL units or OBUs of a frame that is not whole yet: each a few bytes of header and slices of packets,
/// which are copied together once.
final class Units {
    /// More than any picture has that is not cut to packets.
    static final int MAX_UNITS = 1024;

    private final String codecName;
    private final int maxUnits;
    private final List<Unit> units = new ArrayList<>();
    private final List<Bytes> pieces = new ArrayList<>();
    private int sizeBytes;
    /// The last one, while more of it may come.
    private boolean open;

    Units(String codecName) {
        this(codecName, MAX_UNITS);
    }

    Units(String codecName, int maxUnits) {
        this.codecName = codecName;
        this.maxUnits = maxUnits;
    }

    /// A unit, whole or not.
    static final class Unit {
        private final int header;
        private final int headerBytes;
        private final int firstPiece;
        private int pieces;
        private int length;

        private Unit(int header, int headerBytes, int firstPiece) {
            this.header = header;
            this.headerBytes = headerBytes;
            this.firstPiece = firstPiece;
            this.length = headerBytes;
        }

        int length() {
            return length;
        }
    }

    boolean isOpen() {
        return open;
    }

    boolean isEmpty() {
        return units.isEmpty();
    }

    List<Unit> all() {
        return units;
    }

    /// @param header the bytes of its header that are not part of the pieces, as many as `headerBytes`
    void begin(int header, int headerBytes) {
        if (units.size() == maxUnits) {
            throw new MalformedException("%s: frame of more than %d units".formatted(codecName, maxUnits));
        }
        units.add(new Unit(header, headerBytes, pieces.size()));
        open = true;
    }

    /// A part of the open unit.
    void add(Bytes piece) {
        if (pieces.size() == Pieces.MAX_PIECES || piece.length() > Pieces.MAX_FRAME_BYTES - sizeBytes) {
            throw new MalformedException(
                    "%s: frame of %d bytes in %d parts".formatted(codecName, sizeBytes, pieces.size() + 1));
        }
        pieces.add(piece);
        sizeBytes += piece.length();
        Unit unit = units.getLast();
        unit.pieces++;
        unit.length += piece.length();
    }

    /// The open unit is whole.
    Unit end() {
        open = false;
        return units.getLast();
    }

    void removeLast() {
        Unit last = units.removeLast();
        pieces.subList(last.firstPiece, pieces.size()).clear();
        sizeBytes -= last.length - last.headerBytes;
    }

    void clear() {
        units.clear();
        pieces.clear();
        sizeBytes = 0;
        open = false;
    }

    /// The byte at this place of a unit; it has to be there.
    int u8(Unit unit, int index) {
        if (index < unit.headerBytes) {
            return unit.header >> 8 * (unit.headerBytes - 1 - index) & 0xFF;
        }
        int at = index - unit.headerBytes;
        for (int i = unit.firstPiece; i < unit.firstPiece + unit.pieces; i++) {
            if (at < pieces.get(i).length()) {
                return pieces.get(i).u8(at);
            }
            at -= pieces.get(i).length();
        }
        throw new MalformedException("%s: unit of %d bytes".formatted(codecName, unit.length));
    }

    /// All of them, each behind its length as in a [tapedeck.media.Frame].
    Bytes lengthPrefixed() {
        int size = 0;
        for (Unit unit : units) {
            size += H264.NAL_LENGTH_BYTES + unit.length;
        }
        byte[] out = new byte[size];
        int at = 0;
        for (Unit unit : units) {
            for (int shift = 24; shift >= 0; shift -= 8) {
                out[at++] = (byte) (unit.length >> shift);
            }
            at = copy(unit, 0, out, at);
        }
        return Bytes.wrap(out);
    }

    Bytes bytes(Unit unit) {
        byte[] out = new byte[unit.length];
        copy(unit, 0, out, 0);
        return Bytes.wrap(out);
    }

    /// Copies a unit from this byte on; returns where it ends.
    int copy(Unit unit, int from, byte[] out, int at) {
        int to = at;
        for (int i = from; i < unit.headerBytes; i++) {
            out[to++] = (byte) u8(unit, i);
        }
        int skip = Math.max(0, from - unit.headerBytes);
        for (int i = unit.firstPiece; i < unit.firstPiece + unit.pieces; i++) {
            Bytes piece = pieces.get(i);
            int skipped = Math.min(skip, piece.length());
            piece.copyTo(skipped, out, to, piece.length() - skipped);
            to += piece.length() - skipped;
            skip -= skipped;
        }
        return to;
    }
}
