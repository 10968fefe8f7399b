package tapedeck.protocol.webrtc;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.HeaderExtensions;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpSender;
import tapedeck.stream.SessionReport.TrackReport;

/// One agreed section on its way to a viewer.
final class OutboundTrack {
    final AgreedMedia agreed;
    final RtpSender sender;
    final String cname;
    private @Nullable Track taken;
    final HeaderExtensions extensions;
    /// Packets that the viewer asked for again.
    long nacks;

    private String codec;
    private int width;
    private int height;
    private long frames;

    OutboundTrack(AgreedMedia agreed) {
        this.agreed = agreed;
        this.extensions = new HeaderExtensions(
                agreed.extension(AgreedMedia.TRANSPORT_WIDE),
                agreed.extension(AgreedMedia.ABS_SEND_TIME),
                agreed.extension(AgreedMedia.MID),
                agreed.mid(),
                agreed.extension(AgreedMedia.ORIENTATION));
        AgreedMedia.Source source = agreed.source();
        if (source == null) {
            throw new IllegalArgumentException("a section in which the peer sends");
        }
        this.sender = new RtpSender(agreed.formats(), extensions, source.ssrc(), source.rtxSsrc());
        this.cname = source.cname();
        this.codec = agreed.format().encodingName().toLowerCase(Locale.ROOT);
    }

    /// SDES with our CNAME, which says that sound and picture belong together, RFC 3550 6.5.1.
    Rtcp.SourceDescription name() {
        return Rtcp.SourceDescription.named(sender.ssrc(), cname);
    }

    /// Whether the peer tells of each packet when it came.
    boolean transportWide() {
        return extensions.transportWide() && agreed.feedsBack("transport-cc");
    }

    /// Whether WebRTC has a payload format for this codec that browsers know.
    static boolean carries(Codec codec) {
        return encodingName(codec) != null;
    }

    /// Whether frames of this codec can go where these are agreed on.
    boolean takes(Track track) {
        if (!track.equals(taken)) {
            String name = encodingName(track.codec());
            if (name == null || !agreed.format().is(name)) {
                return false;
            }
            taken = track;
        }
        return true;
    }

    /// Whether a picture goes to a viewer.
    ///
    /// @param from the layer that it is of, or [Layers#STREAM]
    /// @param place what the viewer has
    boolean takes(FramePackets picture, int from, ViewerLayer place) {
        int had = place.current();
        if (!place.takes(picture, from)) {
            return false;
        }
        if (place.current() != had) {
            // Repeats of the other layer would only be in the way of this one.
            sender.forget();
        }
        return true;
    }

    /// A frame that goes out on this track, whole or not.
    void frame(Frame frame) {
        frames++;
        Codec now = frame.track().codec();
        codec = now.name();
        if (now instanceof Codec.Video picture) {
            width = picture.width();
            height = picture.height();
        }
    }

    /// Of sound: it never waits.
    TrackReport report() {
        return report("", frames, 0, 0);
    }

    /// @param layer of a simulcast, or ""
    /// @param whole frames that were sent
    /// @param leftOut frames that were not
    /// @param keyframeRequests of the viewer
    TrackReport report(String layer, long whole, long leftOut, long keyframeRequests) {
        RtpSender.Statistics counted = sender.statistics();
        return new TrackReport(
                agreed.isVideo() ? "video" : "audio",
                codec,
                layer,
                width,
                height,
                0,
                counted.packets(),
                counted.octets(),
                counted.lost(),
                counted.repeated(),
                nacks,
                keyframeRequests,
                whole,
                leftOut,
                0,
                0,
                counted.jitterNanos());
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
            case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> null;
        };
    }
}
