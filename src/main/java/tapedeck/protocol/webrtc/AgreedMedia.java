package tapedeck.protocol.webrtc;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.payload.PayloadFormat;

/// One media section as offer and answer agreed on it: all that [InboundMedia] needs to receive it, or an outgoing
/// session to send it. Numbers are those of the offer, RFC 3264 6.1.
///
/// @param mid its name in the bundle, or null where the peer does not bundle
/// @param formats the one to send or expect first, then its companions: `rtx` (with `apt`), `red`; each with the
///     `rtcp-fb` that both sides want
/// @param extensions URI of a header extension → its id
/// @param rids layers of a simulcast in the offer's order, RFC 8853; empty where there is one picture only
/// @param reducedSize whether feedback may go without a report in front, RFC 5506
/// @param source what we send under, as our answer said it; null where the peer sends
record AgreedMedia(
        Kind kind,
        @Nullable String mid,
        List<PayloadFormat> formats,
        Map<String, Integer> extensions,
        List<String> rids,
        boolean reducedSize,
        @Nullable Source source) {

    /// The sources of what we send, RFC 5576: both have to be used, peers find their sections by them.
    ///
    /// @param ssrc of the frames' packets
    /// @param rtxSsrc of what is sent again (RFC 4588); empty where the peer takes no `rtx`
    /// @param cname the same for all sections of a session, RFC 7022
    record Source(long ssrc, OptionalLong rtxSsrc, String cname) {}

    enum Kind {
        VIDEO,
        AUDIO
    }

    static final String MID = "urn:ietf:params:rtp-hdrext:sdes:mid";
    static final String RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    static final String REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
    static final String ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
    static final String TRANSPORT_WIDE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    /// 3GPP TS 26.114 7.4.5, coordination of video orientation.
    static final String ORIENTATION = "urn:3gpp:video-orientation";

    AgreedMedia {
        formats = List.copyOf(formats);
        extensions = Map.copyOf(extensions);
        rids = List.copyOf(rids);
        if (formats.isEmpty()) {
            throw new IllegalArgumentException("an agreed section without a format");
        }
    }

    /// A section in which the peer sends.
    AgreedMedia(
            Kind kind,
            @Nullable String mid,
            List<PayloadFormat> formats,
            Map<String, Integer> extensions,
            List<String> rids,
            boolean reducedSize) {
        this(kind, mid, formats, extensions, rids, reducedSize, null);
    }

    boolean isVideo() {
        return kind == Kind.VIDEO;
    }

    /// What the frames travel in.
    PayloadFormat format() {
        return formats.getFirst();
    }

    /// What repairs [#format()], RFC 4588; null where the peer has no such thing.
    @Nullable
    PayloadFormat rtx() {
        for (PayloadFormat format : formats) {
            if (format.is("rtx")) {
                return format;
            }
        }
        return null;
    }

    OptionalInt extension(String uri) {
        Integer id = extensions.get(uri);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    boolean feedsBack(String kind) {
        return format().feedback().contains(kind);
    }
}
