package tapedeck.protocol.rtsp;

import tapedeck.bytes.Bytes;

/// Packets between the messages of the connection, RFC 2326 10.12.
///
/// @param channel for RTP
/// @param controlChannel for RTCP
record InterleavedPath(InterleavedBatch batch, int channel, int controlChannel) implements MediaPath {
    /// Larger ones would be cheaper, but some clients have room for an Ethernet frame only.
    static final int PAYLOAD_BYTES = 1400;
    /// Between two looks at whether the connection takes more.
    private static final int BURST_BYTES = 256 * 1024;

    @Override
    public void media(byte[] packet, int length) {
        batch.packet(channel, length).writeBytes(packet, 0, length);
    }

    @Override
    public void control(Bytes compound) {
        batch.packet(controlChannel, compound.length()).writeBytes(compound.asByteBuffer());
    }

    @Override
    public void flush() {
        batch.flush();
    }

    @Override
    public boolean isWritable() {
        return batch.isWritable();
    }

    /// TCP has its own window.
    @Override
    public boolean isPaced() {
        return false;
    }

    @Override
    public int burstBytes() {
        return BURST_BYTES;
    }

    @Override
    public int payloadBytes() {
        return PAYLOAD_BYTES;
    }

    @Override
    public String header() {
        return "RTP/AVP/TCP;unicast;interleaved=%d-%d".formatted(channel, controlChannel);
    }

    @Override
    public String offer() {
        return header();
    }

    @Override
    public void close() {}
}
