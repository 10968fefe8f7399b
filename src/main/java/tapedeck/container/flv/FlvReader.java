package tapedeck.container.flv;

import java.util.Arrays;
import java.util.function.Consumer;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// An FLV file in pieces of any size, E.2 and E.3: its header, then tags. A tag's body is an array of its own, which
/// grows with what comes, not with what is said.
public final class FlvReader {
    /// Headers exist that are longer than the nine bytes of version 1, but not by much.
    static final int MAX_HEADER_BYTES = 1_024;

    private static final int HEADER_BYTES = 9;
    private static final int TAG_HEADER_BYTES = 11;
    private static final int SIZE_BYTES = 4;
    private static final int FIRST_BODY_BYTES = 64 * 1024;

    private enum Part {
        HEADER,
        HEADER_REST,
        TAG_HEADER,
        BODY,
        SIZE
    }

    private final Consumer<FlvTag> tags;
    private Part part = Part.HEADER;
    private byte[] array = new byte[HEADER_BYTES];
    private int length;
    private int wanted = HEADER_BYTES;
    private int type;
    private int timestampMillis;

    /// @param tags gets each tag when it is whole; audio, video and script tags
    public FlvReader(Consumer<FlvTag> tags) {
        this.tags = tags;
    }

    /// Room for what has come of what is not whole yet.
    public int pendingBytes() {
        return array.length;
    }

    /// @throws MalformedException if it is no FLV; what comes behind cannot be read any more
    public void receive(Bytes bytes) {
        int at = 0;
        while (at < bytes.length() || length == wanted) {
            int count = Math.min(wanted - length, bytes.length() - at);
            reserve(length + count);
            bytes.copyTo(at, array, length, count);
            length += count;
            at += count;
            if (length < wanted) {
                return;
            }
            complete();
        }
    }

    private void reserve(int count) {
        if (count > array.length) {
            array = Arrays.copyOf(array, Math.min(wanted, Math.max(count, 2 * array.length)));
        }
    }

    private void complete() {
        Bytes whole = Bytes.wrap(array, 0, length);
        switch (part) {
            case HEADER -> header(whole);
            case HEADER_REST, SIZE -> next(Part.TAG_HEADER, TAG_HEADER_BYTES);
            case TAG_HEADER -> tagHeader(whole);
            case BODY -> {
                next(Part.SIZE, SIZE_BYTES);
                tags.accept(new FlvTag(type, timestampMillis, whole));
            }
        }
    }

    private void header(Bytes header) {
        if (header.u24(0) != 0x464C56 || header.u8(3) != 1) {
            throw new MalformedException("FLV: no header of version 1 in %s".formatted(header));
        }
        long dataOffset = header.u32(5);
        if (dataOffset < HEADER_BYTES || dataOffset > MAX_HEADER_BYTES) {
            throw new MalformedException("FLV: a header of %d bytes".formatted(dataOffset));
        }
        // And PreviousTagSize0
        next(Part.HEADER_REST, (int) dataOffset - HEADER_BYTES + SIZE_BYTES);
    }

    private void tagHeader(Bytes header) {
        type = header.u8(0) & 0x1F;
        if ((header.u8(0) & 0x20) != 0) {
            throw new MalformedException("FLV: an encrypted tag");
        }
        if (type != FlvTag.AUDIO && type != FlvTag.VIDEO && type != FlvTag.SCRIPT) {
            throw new MalformedException("FLV: a tag of type %d".formatted(type));
        }
        timestampMillis = header.u24(4) | header.u8(7) << 24;
        next(Part.BODY, header.u24(1));
    }

    private void next(Part following, int bytes) {
        part = following;
        wanted = bytes;
        length = 0;
        array = new byte[Math.min(bytes, FIRST_BODY_BYTES)];
    }
}
