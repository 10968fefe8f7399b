package tapedeck.container.matroska;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Several frames in one block: RFC 9559 10.2.
final class Lacing {
    static final int NONE = 0;
    static final int XIPH = 2;
    static final int FIXED = 4;

    private Lacing() {}

    /// @param lacing bits of the block's flags
    /// @param content what follows the flags
    static List<Bytes> frames(int lacing, Bytes content) {
        if (lacing == NONE) {
            return List.of(content);
        }
        ByteReader in = content.reader();
        int count = in.u8() + 1;
        if (lacing == FIXED) {
            return fixed(in.rest(), count);
        }
        List<Long> sizes = lacing == XIPH ? xiphSizes(in, count - 1) : ebmlSizes(in, count - 1);
        List<Bytes> frames = new ArrayList<>(count);
        for (long size : sizes) {
            frames.add(in.take(size));
        }
        frames.add(in.rest());
        return frames;
    }

    /// 10.2.4.
    private static List<Bytes> fixed(Bytes content, int count) {
        if (content.length() % count != 0) {
            throw new MalformedException("%d bytes laced as %d frames of one size".formatted(content.length(), count));
        }
        int size = content.length() / count;
        List<Bytes> frames = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            frames.add(content.slice(i * size, (i + 1) * size));
        }
        return frames;
    }

    /// 10.2.2: 255 is added as often as it comes.
    private static List<Long> xiphSizes(ByteReader in, int count) {
        List<Long> sizes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long size = 0;
            int next;
            do {
                next = in.u8();
                size += next;
            } while (next == 255);
            sizes.add(size);
        }
        return sizes;
    }

    /// 10.2.3: the first size as it is, each other one as a difference to the one before, with the middle of the range
    /// for 0.
    private static List<Long> ebmlSizes(ByteReader in, int count) {
        List<Long> sizes = new ArrayList<>(count);
        long size = 0;
        for (int i = 0; i < count; i++) {
            int first = in.u8();
            int length = EbmlReader.vintLength(first);
            long value = EbmlReader.vintStart(first, length);
            for (int j = 1; j < length; j++) {
                value = value << 8 | in.u8();
            }
            size = i == 0 ? value : size + value - ((1L << 7 * length - 1) - 1);
            if (size < 0 || size > in.remaining()) {
                throw new MalformedException("laced frame of %d bytes, %d there".formatted(size, in.remaining()));
            }
            sizes.add(size);
        }
        return sizes;
    }
}
