package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// Cuts frames into RTP payloads.
public interface Packetizer {
    /// What fits into a datagram beside IP, UDP, an RTP header with extensions and an SRTP tag on every usual path.
    int USUAL_PAYLOAD_BYTES = 1180;

    /// Takes payloads in order.
    @FunctionalInterface
    interface Output {
        /// @param marker set on the last payload of a video frame
        void payload(Bytes payload, boolean marker);
    }

    void packetize(Frame frame, Output out);

    /// @param maxPayloadBytes at least 64
    static Packetizer of(Codec codec, int maxPayloadBytes) {
        if (maxPayloadBytes < 64) {
            throw new IllegalArgumentException("RTP payloads of %d bytes".formatted(maxPayloadBytes));
        }
        return switch (codec) {
            case Codec.H264 _ -> new H264Packetizer(maxPayloadBytes);
            case Codec.Vp8 _ -> new Vp8Packetizer(maxPayloadBytes);
            // One packet is one frame; the marker of RFC 3551 4.1 (a talk spurt begins) is not used.
            case Codec.Opus _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                (frame, out) -> out.payload(frame.data(), false);
            case Codec.H265 _, Codec.Vp9 _, Codec.Av1 _, Codec.Aac _, Codec.Mp3 _ ->
                throw new IllegalArgumentException("no packetizer for " + codec.name());
        };
    }
}
