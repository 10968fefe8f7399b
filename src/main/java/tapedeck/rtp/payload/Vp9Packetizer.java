package tapedeck.rtp.payload;

import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// VP9, RFC 9628: each frame (a superframe as well) as one layer, with a picture id of 15 bits, by which
/// receivers see that no picture is missing, and the picture's size with each keyframe.
final class Vp9Packetizer implements Packetizer {
    private static final int I = 0x80;
    private static final int P = 0x40;
    private static final int B = 0x08;
    private static final int E = 0x04;
    private static final int V = 0x02;
    private static final int M = 0x80;
    /// One spatial layer, its size follows.
    private static final int N_S_1_Y = 0x10;

    private final int maxPayloadBytes;
    private int pictureId;

    Vp9Packetizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        int head = frame.keyframe() ? I : I | P;
        Bytes first = descriptor(head | B);
        Bytes only = descriptor(head | B | E);
        if (frame.keyframe() && frame.track().codec() instanceof Codec.Vp9 codec) {
            first = withSize(head | B | V, codec);
            only = withSize(head | B | E | V, codec);
        }
        var headers = new EqualParts.Headers(first, descriptor(head), descriptor(head | E), only);
        EqualParts.cut(frame.data(), headers, maxPayloadBytes, true, out);
        pictureId = pictureId + 1 & 0x7FFF;
        return true;
    }

    private Bytes descriptor(int head) {
        return Bytes.ofU8(head, M | pictureId >> 8, pictureId);
    }

    private Bytes withSize(int head, Codec.Vp9 codec) {
        return new ByteWriter(8)
                .bytes(descriptor(head))
                .u8(N_S_1_Y)
                .u16(codec.width())
                .u16(codec.height())
                .toBytes();
    }
}
