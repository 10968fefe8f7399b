package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;

/// MPEG audio, RFC 2250 3.5: one frame in a packet, or in as many as it needs.
final class Mp3Packetizer implements Packetizer {
    private static final int HEADER_BYTES = 4;
    /// Frag_offset has 16 bits.
    private static final int MAX_FRAME_BYTES = 0xFFFF;

    private final int maxPayloadBytes;

    Mp3Packetizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        Bytes data = frame.data();
        if (data.length() > MAX_FRAME_BYTES) {
            return false;
        }
        int room = maxPayloadBytes - HEADER_BYTES;
        for (int at = 0; at < data.length(); at += room) {
            int end = Math.min(data.length(), at + room);
            out.payload(Bytes.ofU8(0, 0, at >> 8, at & 0xFF), data.slice(at, end), end == data.length());
        }
        return true;
    }
}
