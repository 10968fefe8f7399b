package tapedeck.container.mp4;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A box in memory, ISO/IEC 14496-12 4.2.
///
/// @param body what follows size and type; for a full box with version and flags
record Box(String type, Bytes body) {
    /// More children than any container box has.
    static final int MAX_CHILDREN = 4096;

    /// The boxes that fill `body`.
    static List<Box> children(String parent, Bytes body) {
        List<Box> boxes = new ArrayList<>();
        ByteReader in = body.reader();
        while (in.hasRemaining()) {
            if (in.remaining() < BoxWriter.HEADER_BYTES) {
                // QuickTime ends lists with four zeros; others leave rubbish. Nothing of ours.
                break;
            }
            int start = in.position();
            long size = in.u32();
            String type = Layout.type(in.take(4), 0);
            long header = BoxWriter.HEADER_BYTES;
            if (size == 1) {
                size = in.i64();
                header = Layout.LARGE_HEADER_BYTES;
            } else if (size == 0) {
                size = (long) body.length() - start;
            }
            if (size < header || size - header > in.remaining()) {
                throw new MalformedException("MP4: box %s of %d bytes at %d in %s, which has %d"
                        .formatted(type, size, start, parent, body.length()));
            }
            if (boxes.size() == MAX_CHILDREN) {
                throw new MalformedException("MP4: more than %d boxes in %s".formatted(MAX_CHILDREN, parent));
            }
            boxes.add(new Box(type, in.take(size - header)));
        }
        return boxes;
    }

    List<Box> children() {
        return children(type, body);
    }

    static @Nullable Box find(List<Box> boxes, String type) {
        for (Box box : boxes) {
            if (box.type.equals(type)) {
                return box;
            }
        }
        return null;
    }

    static Box need(String parent, List<Box> boxes, String type) {
        Box box = find(boxes, type);
        if (box == null) {
            throw new MalformedException("MP4: no %s in %s".formatted(type, parent));
        }
        return box;
    }

    Box need(String child) {
        return need(type, children(), child);
    }

    /// Of a full box.
    int version() {
        return body.reader().u8();
    }

    /// A cursor behind version and flags.
    ByteReader fullBody() {
        ByteReader in = body.reader();
        in.skip(4);
        return in;
    }

    /// `count` entries of `entryBytes` that `in` says to have: checked against what is there.
    int count(ByteReader in, int entryBytes) {
        long count = in.u32();
        if (count * entryBytes > in.remaining()) {
            throw new MalformedException("MP4: %s claims %d entries of %d bytes, %d bytes are there"
                    .formatted(type, count, entryBytes, in.remaining()));
        }
        return (int) count;
    }
}
