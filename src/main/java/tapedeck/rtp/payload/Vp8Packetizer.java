package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;

/// VP8, RFC 7741 4.2, with a picture id of 15 bits, by which receivers see that no picture is missing. Layers are not
/// signalled: what goes to one peer is one whole stream, so no TL0PICIDX is needed.
final class Vp8Packetizer implements Packetizer {
    private static final int X = 0x80;
    private static final int S = 0x10;
    private static final int I = 0x80;
    private static final int M = 0x80;

    private final int maxPayloadBytes;
    private int pictureId;

    Vp8Packetizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        Bytes first = descriptor(X | S);
        Bytes next = descriptor(X);
        EqualParts.cut(frame.data(), new EqualParts.Headers(first, next, next, first), maxPayloadBytes, true, out);
        pictureId = pictureId + 1 & 0x7FFF;
        return true;
    }

    private Bytes descriptor(int head) {
        return Bytes.ofU8(head, I, M | pictureId >> 8, pictureId);
    }
}
