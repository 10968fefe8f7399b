package tapedeck.container.mp4;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// The entries of one table of an index on their way into the file: kept in memory as long as there are few; else they
/// are only counted, and made once more when their place is known ([#placed]).
final class TableColumn {
    private static final long NO_PLACE = -1;

    private @Nullable ByteWriter kept = new ByteWriter(256);
    private long bytes;
    private long at = NO_PLACE;
    private @Nullable Place place;

    /// Where they are written as they come, through `kept`.
    private record Place(FileChannel file, long at, int bufferBytes) {}

    TableColumn() {}

    private TableColumn(Place place) {
        this.place = place;
    }

    void u32(long value) {
        room(Integer.BYTES);
        if (kept != null) {
            kept.u32(value);
        }
    }

    void u64(long value) {
        room(Long.BYTES);
        if (kept != null) {
            kept.u64(value);
        }
    }

    private void room(int count) {
        if (place != null && kept != null && kept.length() + count > place.bufferBytes()) {
            flush(place, kept);
        }
        bytes += count;
    }

    private void flush(Place where, ByteWriter buffer) {
        try {
            Mp4Finisher.write(where.file(), buffer.lend(), where.at() + bytes - buffer.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        buffer.clear();
    }

    long bytes() {
        return bytes;
    }

    /// From now on they are only counted.
    void forget() {
        kept = null;
    }

    /// Writes them if they are kept; else leaves room for as many bytes.
    void layInto(BoxWriter out) {
        if (kept == null) {
            at = out.room(bytes);
        } else {
            out.bytes(kept.handOver());
        }
    }

    /// The same for places in the file, which were added with 64 bits.
    void layOffsetsInto(BoxWriter out, boolean wide, long shift) {
        if (kept == null) {
            at = out.room(bytes / Long.BYTES * (wide ? Long.BYTES : Integer.BYTES));
            return;
        }
        Bytes offsets = kept.handOver();
        for (int i = 0; i < offsets.length(); i += Long.BYTES) {
            long offset = ((long) offsets.i32(i) << 32 | offsets.u32(i + 4)) + shift;
            if (wide) {
                out.u64(offset);
            } else {
                out.u32(offset);
            }
        }
    }

    /// One that takes the same entries again, for the room that was left for them.
    ///
    /// @param base where the boxes begin into which the room was laid
    TableColumn placed(FileChannel file, long base, int bufferBytes) {
        if (at == NO_PLACE) {
            // Nothing was left for this one: the index has no such table.
            TableColumn none = new TableColumn();
            none.forget();
            return none;
        }
        return new TableColumn(new Place(file, base + at, bufferBytes));
    }

    /// Writes the last of them.
    ///
    /// @param count of bytes that there was room for
    void end(long count) {
        if (place == null || kept == null) {
            return;
        }
        if (bytes != count) {
            throw new IllegalStateException("%d bytes of a table, %d before".formatted(bytes, count));
        }
        flush(place, kept);
    }
}
