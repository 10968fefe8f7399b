package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;

/// The NAL units or OBUs of a frame that is not whole yet, each behind its length as in a [tapedeck.media.Frame].
final class Units {
    /// More than any picture has that is not cut to packets.
    static final int MAX_UNITS = 1024;

    private final String codecName;
    private final int maxUnits;
    private final List<Unit> units = new ArrayList<>();
    private final Pieces pieces;
    /// The last one, while more of it may come.
    private boolean open;

    Units(String codecName) {
        this(codecName, MAX_UNITS);
    }

    Units(String codecName, int maxUnits) {
        this.codecName = codecName;
        this.maxUnits = maxUnits;
        this.pieces = new Pieces(codecName);
    }

    /// A unit, whole or not.
    static final class Unit {
        private final int lengthAt;
        private final int piecesBefore;
        private final int framingBefore;
        private int length;

        private Unit(Pieces before) {
            this.lengthAt = before.sizeBytes();
            this.piecesBefore = before.count();
            this.framingBefore = before.framingBytes();
        }

        private int start() {
            return lengthAt + H264.NAL_LENGTH_BYTES;
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
        Unit unit = new Unit(pieces);
        units.add(unit);
        pieces.addFraming(header, H264.NAL_LENGTH_BYTES + headerBytes);
        unit.length = headerBytes;
        open = true;
    }

    /// A part of the open unit.
    void add(Bytes piece) {
        pieces.add(piece);
        units.getLast().length += piece.length();
    }

    /// The open unit is whole.
    Unit end() {
        open = false;
        Unit unit = units.getLast();
        pieces.patch32(unit.lengthAt, unit.length);
        return unit;
    }

    void removeLast() {
        Unit last = units.removeLast();
        pieces.cut(last.lengthAt, last.piecesBefore, last.framingBefore);
    }

    void clear() {
        units.clear();
        pieces.clear();
        open = false;
    }

    /// The byte at this place of a unit; it has to be there.
    int u8(Unit unit, int index) {
        if (index >= unit.length) {
            throw new MalformedException("%s: unit of %d bytes".formatted(codecName, unit.length));
        }
        return pieces.u8(unit.start() + index);
    }

    /// All of them, each behind its length.
    Bytes lengthPrefixed() {
        return Bytes.wrap(pieces.joined(0));
    }

    Bytes bytes(Unit unit) {
        byte[] out = new byte[unit.length];
        copy(unit, 0, out, 0);
        return Bytes.wrap(out);
    }

    /// Copies a unit from this byte on; returns where it ends.
    int copy(Unit unit, int from, byte[] out, int at) {
        int length = unit.length - from;
        pieces.copyTo(unit.start() + from, out, at, length);
        return at + length;
    }
}
