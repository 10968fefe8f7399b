package tapedeck.rtp.payload;

import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;

/// Makes whole frames out of RTP payloads that come in order. A frame of which a packet is missing is never
/// handed on, and after a loss no video frame is, until the next keyframe.
public interface Depacketizer {
    /// Takes whole frames.
    @FunctionalInterface
    interface Sink {
        /// @param codec another one than before where parameter sets or the picture size changed
        /// @param timestamp as given with the packets
        void frame(Codec codec, long timestamp, boolean keyframe, Bytes data);
    }

    /// The next packet in order. A [tapedeck.bytes.MalformedException] means that its frame is lost, as after a
    /// [#gap(long)]; the next packet may be given.
    ///
    /// @param payload may be empty: padding alone. Lent: what is kept of it is copied
    /// @param timestamp that of RTP, unwrapped
    void packet(Bytes payload, long timestamp, boolean marker, Sink sink);

    /// This many packets in front of the next one are lost for good.
    void gap(long packets);

    /// Whether this is the first packet of a keyframe, as far as one packet can tell: what came before it is not
    /// needed to decode from here on. Looks only, in any order; never throws.
    default boolean beginsKeyframe(Bytes payload) {
        return false;
    }

    /// Whether nothing can be handed on before the next keyframe. Sound has no others.
    default boolean needsKeyframe() {
        return false;
    }

    /// The codec of all frames, where the description alone says it.
    default Optional<Codec> described() {
        return Optional.empty();
    }

    /// Frames that came in part, or that nobody can decode because of a loss; at least one for each loss.
    long missingFrames();

    static boolean supports(PayloadFormat format) {
        return format.is("H264") && FormatFit.isUsualMode(format)
                || format.is("VP8")
                || format.is("VP9")
                || format.is("AV1")
                || format.is("H265") && H265Parameters.isUsual(format)
                || format.is("opus")
                || format.is("PCMU")
                || format.is("PCMA")
                || format.is("G722")
                || AacParameters.isUsual(format)
                || LatmDepacketizer.isUsual(format)
                || format.is("MPA") && format.clockRateHz() == Mp3Depacketizer.CLOCK_RATE_HZ;
    }

    static Depacketizer of(PayloadFormat format) {
        if (format.is("H264")) {
            return new H264Depacketizer(H264Parameters.parse(format).parameterSets());
        }
        if (format.is("VP8")) {
            return new Vp8Depacketizer();
        }
        if (format.is("VP9")) {
            return new Vp9Depacketizer();
        }
        if (format.is("AV1")) {
            return new Av1Depacketizer();
        }
        if (format.is("H265")) {
            return new H265Depacketizer(H265Parameters.parameterSets(format));
        }
        if (format.is("mpeg4-generic")) {
            return new AacDepacketizer(format);
        }
        if (format.is("MP4A-LATM")) {
            return new LatmDepacketizer(format);
        }
        if (format.is("MPA")) {
            return new Mp3Depacketizer();
        }
        return new AudioDepacketizer(AudioDepacketizer.codec(format));
    }

    /// For the payload type `red`, RFC 2198: unpacks into `plain`, which goes on to take the packets that come
    /// without redundancy (browsers mix both). A [#gap(long)] and the count of missing frames are those of both:
    /// tell either.
    ///
    /// A frame that was lost and comes again with a later packet is handed on then, with its own timestamp, in
    /// front of the newer one: whoever uses this need not wait for a lost packet before the gap is told.
    ///
    /// @param plainFormat what stands in the blocks: `fmtp` of `red` names its payload type
    /// @param plain made by [#of] from `plainFormat`
    static Depacketizer red(PayloadFormat plainFormat, Depacketizer plain) {
        if (!(plain instanceof AudioDepacketizer audio)) {
            throw new IllegalArgumentException("redundancy of " + plainFormat);
        }
        return new RedDepacketizer(audio, plainFormat.payloadType());
    }
}
