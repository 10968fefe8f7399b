package tapedeck.protocol.webrtc;

import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.rtp.HeaderExtensions;
import tapedeck.rtp.RtpSender;

/// One agreed section on its way to a viewer.
final class OutboundTrack {
    final AgreedMedia agreed;
    final RtpSender sender;
    final HeaderExtensions extensions;

    OutboundTrack(AgreedMedia agreed) {
        this.agreed = agreed;
        this.extensions = new HeaderExtensions(
                agreed.extension(AgreedMedia.TRANSPORT_WIDE),
                agreed.extension(AgreedMedia.ABS_SEND_TIME),
                agreed.extension(AgreedMedia.MID),
                agreed.mid());
        this.sender = new RtpSender(agreed.formats(), extensions);
    }

    boolean isVideo() {
        return agreed.isVideo();
    }

    /// Whether WebRTC has a payload format for this codec that browsers know.
    static boolean carries(Codec codec) {
        return encodingName(codec) != null;
    }

    /// Whether frames of this codec can go where these are agreed on.
    boolean takes(Codec codec) {
        String name = encodingName(codec);
        return name != null && agreed.format().is(name);
    }

    private static @Nullable String encodingName(Codec codec) {
        return switch (codec) {
            case Codec.H264 _ -> "H264";
            case Codec.H265 _ -> "H265";
            case Codec.Vp8 _ -> "VP8";
            case Codec.Vp9 _ -> "VP9";
            case Codec.Av1 _ -> "AV1";
            case Codec.Opus _ -> "opus";
            case Codec.Pcma _ -> "PCMA";
            case Codec.Pcmu _ -> "PCMU";
            case Codec.G722 _ -> "G722";
            case Codec.Aac _, Codec.Mp3 _ -> null;
        };
    }
}
