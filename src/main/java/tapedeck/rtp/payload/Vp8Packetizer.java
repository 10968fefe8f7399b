package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;

/// VP8, RFC 7741, with a picture id of 15 bits, which receivers use to see the order of frames.
final class Vp8Packetizer implements Packetizer {
    private static final int DESCRIPTOR_BYTES = 4;

    private final int maxPayloadBytes;
    private int pictureId;

    Vp8Packetizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public void packetize(Frame frame, Output out) {
        Bytes data = frame.data();
        int parts = Math.ceilDiv(data.length(), maxPayloadBytes - DESCRIPTOR_BYTES);
        for (int i = 0; i < parts; i++) {
            int from = (int) ((long) data.length() * i / parts);
            int to = (int) ((long) data.length() * (i + 1) / parts);
            byte[] payload = new byte[DESCRIPTOR_BYTES + to - from];
            payload[0] = (byte) (0x80 | (i == 0 ? 0x10 : 0));
            payload[1] = (byte) 0x80;
            payload[2] = (byte) (0x80 | pictureId >> 8);
            payload[3] = (byte) pictureId;
            data.copyTo(from, payload, DESCRIPTOR_BYTES, to - from);
            out.payload(Bytes.wrap(payload), i == parts - 1);
        }
        pictureId = pictureId + 1 & 0x7FFF;
    }
}
