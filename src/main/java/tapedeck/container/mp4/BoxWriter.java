package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Writes boxes (ISO/IEC 14496-12 4.2) inside each other; their sizes are filled in when they end.
final class BoxWriter {
    static final int HEADER_BYTES = 8;

    private final ByteWriter out;
    private final List<Room> rooms = new ArrayList<>();
    private long roomBytes;

    /// Bytes between these boxes that somebody else writes.
    ///
    /// @param index in front of which of the bytes here
    private record Room(int index, long bytes) {}

    /// Bytes that stand together, and where.
    record Piece(long at, Bytes bytes) {}

    BoxWriter(int capacity) {
        out = new ByteWriter(capacity);
    }

    BoxWriter box(String type, Consumer<BoxWriter> body) {
        int start = out.length();
        long before = allBytes();
        out.u32(0);
        type(type);
        body.accept(this);
        out.patch32(start, allBytes() - before);
        return this;
    }

    /// Leaves so many bytes to somebody else, who writes them behind what is here so far.
    ///
    /// @return where
    long room(long bytes) {
        long at = allBytes();
        rooms.add(new Room(out.length(), bytes));
        roomBytes += bytes;
        return at;
    }

    BoxWriter fullBox(String type, int version, int flags, Consumer<BoxWriter> body) {
        return box(type, b -> body.accept(b.u32((long) version << 24 | flags)));
    }

    /// A box whose body exists.
    BoxWriter box(String type, Bytes body) {
        return u32(HEADER_BYTES + body.length()).type(type).bytes(body);
    }

    /// A box type, which may hold the © of old metadata: one byte each.
    private BoxWriter type(String type) {
        for (int i = 0; i < 4; i++) {
            out.u8(type.charAt(i));
        }
        return this;
    }

    BoxWriter u8(int value) {
        out.u8(value);
        return this;
    }

    BoxWriter u16(int value) {
        out.u16(value);
        return this;
    }

    BoxWriter u32(long value) {
        out.u32(value);
        return this;
    }

    BoxWriter u64(long value) {
        out.u64(value);
        return this;
    }

    BoxWriter ascii(String text) {
        out.ascii(text);
        return this;
    }

    BoxWriter bytes(Bytes bytes) {
        out.bytes(bytes);
        return this;
    }

    BoxWriter zeros(int count) {
        out.zeros(count);
        return this;
    }

    void patch32(int index, long value) {
        out.patch32(index, value);
    }

    /// Without what others write.
    int length() {
        return out.length();
    }

    private long allBytes() {
        return out.length() + roomBytes;
    }

    /// The boxes, without a copy; the writer is spent. Not for those with room for others.
    Bytes toBytes() {
        if (!rooms.isEmpty()) {
            throw new IllegalStateException("there are bytes of others in between");
        }
        return out.handOver();
    }

    /// What is here, around what others write; the writer is spent.
    List<Piece> toPieces() {
        Bytes all = out.handOver();
        List<Piece> pieces = new ArrayList<>();
        long at = 0;
        int from = 0;
        for (Room room : rooms) {
            pieces.add(new Piece(at, all.slice(from, room.index())));
            at += room.index() - from + room.bytes();
            from = room.index();
        }
        pieces.add(new Piece(at, all.slice(from)));
        return pieces;
    }
}
