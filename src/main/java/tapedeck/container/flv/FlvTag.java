package tapedeck.container.flv;

import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// One FLV tag, E.4.1, as in a file and in RTMP's aggregate messages.
///
/// ```
/// type 8 · size 24 · timestamp 24 · timestamp's highest byte 8 · stream id 24 (0) · body · size of all this 32
/// ```
/// @param timestampMillis 32 bits that may wrap
public record FlvTag(int type, int timestampMillis, Bytes body) {
    public static final int AUDIO = 8;
    public static final int VIDEO = 9;
    public static final int SCRIPT = 18;

    /// Size of a tag without its body.
    public static final int FRAMING_BYTES = 11 + 4;

    private static final int HEADER_BYTES = 11;

    /// The next tag. The body shares the array of `in`.
    public static FlvTag read(ByteReader in) {
        int type = in.u8();
        if ((type & 0x20) != 0) {
            throw new MalformedException("FLV: an encrypted tag");
        }
        int size = in.u24();
        int timestampMillis = in.u24() | in.u8() << 24;
        in.skip(3);
        Bytes body = in.take(size);
        // The size behind the tag is wrong in too many files, and missing at the end of some.
        in.skip(Math.min(4, in.remaining()));
        return new FlvTag(type & 0x1F, timestampMillis, body);
    }

    public void write(ByteWriter out) {
        out.u8(type).u24(body.length()).u24(timestampMillis & 0xFFFFFF).u8(timestampMillis >>> 24);
        out.u24(0).bytes(body).u32(HEADER_BYTES + body.length());
    }
}
