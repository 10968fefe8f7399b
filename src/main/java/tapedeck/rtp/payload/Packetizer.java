package tapedeck.rtp.payload;

import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// Cuts frames into RTP payloads. One for each track and peer: it counts pictures.
///
/// The payloads of a picture are all of the same size but the last, which is shorter (parameter sets and other
/// small units that travel alone aside), so that a run of them can go out by one system call with UDP
/// segmentation offload. A payload is never copied together here: it comes as a few bytes of header and a slice
/// of the frame, and whoever sends writes both behind its RTP header into the buffer that is encrypted.
///
/// ```java
/// packetizer.packetize(frame, (header, body, marker) -> {
///     ByteBuffer packet = next(marker);    // the RTP header is in it
///     header.writeTo(packet);
///     body.writeTo(packet);
///     history.keep(sequenceNumber, header, body);    // for RTX: no copy either, both are immutable
/// });
/// ```
public interface Packetizer {
    /// What fits into a datagram beside IP, UDP, an RTP header with extensions and an SRTP tag on every usual path.
    int USUAL_PAYLOAD_BYTES = 1180;

    /// A packet of sound that cannot be cut may be longer than that: Opus of Chromium's `MediaRecorder` is. It fits
    /// into the 2 KiB that receivers have for a datagram.
    int MAX_WHOLE_BYTES = 1900;

    /// No packetizer works with less.
    int MIN_PAYLOAD_BYTES = 64;

    /// Takes payloads in order.
    @FunctionalInterface
    interface Output {
        /// @param header what stands in front of the body in this payload; may be empty, and the same instance
        ///     may come again
        /// @param body the rest of the payload, mostly a slice of the frame; may be kept
        /// @param marker set on the last payload of a video frame
        void payload(Bytes header, Bytes body, boolean marker);
    }

    /// All payloads of a frame, in order. False if the frame cannot be sent in payloads of this size at all, and
    /// then nothing was put out: in H.264's packetization mode 0, which cannot cut a NAL unit (RFC 6184 6.2), and
    /// for a frame of sound that is larger than its payload can say.
    boolean packetize(Frame frame, Output out);

    /// For a format that [PayloadFormat#carries] the codec.
    ///
    /// @param maxPayloadBytes of header and body together; at least [#MIN_PAYLOAD_BYTES]
    static Packetizer of(Codec codec, PayloadFormat format, int maxPayloadBytes) {
        if (codec instanceof Codec.H264 && H264Parameters.parse(format).packetizationMode() == 0) {
            return new H264Packetizer(maxPayloadBytes, 0);
        }
        return of(codec, maxPayloadBytes);
    }

    /// As [#of(Codec, PayloadFormat, int)]; H.264 in packetization mode 1.
    static Packetizer of(Codec codec, int maxPayloadBytes) {
        if (maxPayloadBytes < MIN_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("RTP payloads of %d bytes".formatted(maxPayloadBytes));
        }
        return switch (codec) {
            case Codec.H264 _ -> new H264Packetizer(maxPayloadBytes, 1);
            case Codec.Vp8 _ -> new Vp8Packetizer(maxPayloadBytes);
            case Codec.Vp9 _ -> new Vp9Packetizer(maxPayloadBytes);
            case Codec.Av1 _ -> new Av1Packetizer(maxPayloadBytes, Av1Packetizer.Layers.APART);
            case Codec.H265 _ -> new H265Packetizer(maxPayloadBytes);
            // One packet is one frame; the marker of RFC 3551 4.1 (a talk spurt begins) is not used.
            case Codec.Opus _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                (frame, out) -> {
                    if (frame.data().length() > MAX_WHOLE_BYTES) {
                        return false;
                    }
                    out.payload(Bytes.EMPTY, frame.data(), false);
                    return true;
                };
            case Codec.Aac _ -> new AacPacketizer(maxPayloadBytes);
            case Codec.Mp3 _ -> new Mp3Packetizer(maxPayloadBytes);
            case Codec.Ac3 _ -> throw new IllegalArgumentException("RTP cannot carry " + codec.name() + " here");
        };
    }

    /// As [#of(Codec, int)], for receivers that take a picture with all its layers for one.
    static Packetizer ofWholePictures(Codec codec, int maxPayloadBytes) {
        return codec instanceof Codec.Av1
                ? new Av1Packetizer(maxPayloadBytes, Av1Packetizer.Layers.TOGETHER)
                : of(codec, maxPayloadBytes);
    }

    /// Header and body in one piece, for those who do not mind the copy.
    static Bytes joined(Bytes header, Bytes body) {
        if (header.isEmpty()) {
            return body;
        }
        byte[] payload = new byte[header.length() + body.length()];
        header.copyTo(0, payload, 0, header.length());
        body.copyTo(0, payload, header.length(), body.length());
        return Bytes.wrap(payload);
    }
}
