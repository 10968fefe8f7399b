package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;

/// AAC as RFC 3640 3.3.6 has it (AAC-hbr): one access unit in a packet, or in as many as it needs.
final class AacPacketizer implements Packetizer {
    /// AU-headers-length and one AU-header of 13 + 3 bits.
    private static final int HEADER_BYTES = 4;
    private static final int AU_HEADER_BITS = 16;
    /// AU-size has 13 bits.
    static final int MAX_UNIT_BYTES = 0x1FFF;

    private final int maxPayloadBytes;

    AacPacketizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        Bytes data = frame.data();
        if (data.length() > MAX_UNIT_BYTES) {
            return false;
        }
        Bytes header = Bytes.ofU8(0, AU_HEADER_BITS, data.length() >> 5, data.length() << 3 & 0xFF);
        int room = maxPayloadBytes - HEADER_BYTES;
        for (int at = 0; at < data.length(); at += room) {
            int end = Math.min(data.length(), at + room);
            out.payload(header, data.slice(at, end), end == data.length());
        }
        return true;
    }
}
