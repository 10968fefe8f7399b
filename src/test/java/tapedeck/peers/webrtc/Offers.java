package tapedeck.peers.webrtc;

import java.util.List;
import tapedeck.media.Codec;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.ice.IceCredentials;

/// SDP offers as browsers make them, as far as they matter here.
final class Offers {
    static final int TRANSPORT_WIDE_ID = 3;
    static final int MID_ID = 4;
    private static final String TRANSPORT_WIDE =
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    private static final String MID = "urn:ietf:params:rtp-hdrext:sdes:mid";

    /// One section.
    ///
    /// @param payloadTypes one for each codec; its RTX has the number behind it, video only
    /// @param ssrc of the sender, 0 for a receiver
    record Section(List<Codec> codecs, List<Integer> payloadTypes, boolean rtx, long ssrc, long rtxSsrc) {
        /// Data channels, and no media.
        static final Section DATA = new Section(List.of(), List.of(), false, 0, 0);

        boolean video() {
            return codecs.getFirst() instanceof Codec.Video;
        }
    }

    private Offers() {}

    static String of(IceCredentials ice, DtlsIdentity identity, List<Section> sections) {
        StringBuilder sdp = new StringBuilder(
                "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
        for (int mid = 0; mid < sections.size(); mid++) {
            sdp.append(' ').append(mid);
        }
        sdp.append("\r\na=msid-semantic: WMS\r\n");
        for (int mid = 0; mid < sections.size(); mid++) {
            section(sdp, ice, identity, sections.get(mid), mid);
        }
        return sdp.toString();
    }

    private static void section(
            StringBuilder sdp, IceCredentials ice, DtlsIdentity identity, Section section, int mid) {
        if (section.codecs().isEmpty()) {
            data(sdp, ice, identity, mid);
            return;
        }
        sdp.append(section.video() ? "m=video" : "m=audio").append(" 9 UDP/TLS/RTP/SAVPF");
        for (int type : section.payloadTypes()) {
            sdp.append(' ').append(type);
            if (section.rtx()) {
                sdp.append(' ').append(type + 1);
            }
        }
        sdp.append("\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n");
        sdp.append("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n".formatted(ice.ufrag(), ice.password()));
        sdp.append("a=fingerprint:%s\r\na=setup:actpass\r\na=mid:%d\r\n".formatted(identity.fingerprint(), mid));
        sdp.append("a=extmap:%d %s\r\n".formatted(TRANSPORT_WIDE_ID, TRANSPORT_WIDE));
        sdp.append("a=extmap:%d %s\r\n".formatted(MID_ID, MID));
        sdp.append(section.ssrc() == 0 ? "a=recvonly\r\n" : "a=sendonly\r\na=msid:- track%d\r\n".formatted(mid));
        sdp.append("a=rtcp-mux\r\na=rtcp-rsize\r\n");
        for (int i = 0; i < section.codecs().size(); i++) {
            format(sdp, section.codecs().get(i), section.payloadTypes().get(i), section.rtx());
        }
        if (section.ssrc() != 0) {
            if (section.rtx()) {
                sdp.append("a=ssrc-group:FID %d %d\r\n".formatted(section.ssrc(), section.rtxSsrc()));
                sdp.append("a=ssrc:%d cname:load\r\n".formatted(section.rtxSsrc()));
            }
            sdp.append("a=ssrc:%d cname:load\r\n".formatted(section.ssrc()));
        }
    }

    /// RFC 8841 12.1.
    private static void data(StringBuilder sdp, IceCredentials ice, DtlsIdentity identity, int mid) {
        sdp.append("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n");
        sdp.append("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n".formatted(ice.ufrag(), ice.password()));
        sdp.append("a=fingerprint:%s\r\na=setup:actpass\r\na=mid:%d\r\n".formatted(identity.fingerprint(), mid));
        sdp.append("a=sctp-port:5000\r\na=max-message-size:262144\r\n");
    }

    private static void format(StringBuilder sdp, Codec codec, int type, boolean rtx) {
        sdp.append("a=rtpmap:%d %s\r\n".formatted(type, rtpmap(codec)));
        if (codec instanceof Codec.Video) {
            for (String kind : List.of("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")) {
                sdp.append("a=rtcp-fb:%d %s\r\n".formatted(type, kind));
            }
        } else {
            sdp.append("a=rtcp-fb:%d transport-cc\r\n".formatted(type));
            sdp.append("a=rtcp-fb:%d nack\r\n".formatted(type));
        }
        if (codec instanceof Codec.H264) {
            sdp.append("a=fmtp:%d level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
                    .formatted(type));
        }
        if (rtx) {
            sdp.append("a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n".formatted(type + 1, type + 1, type));
        }
    }

    private static String rtpmap(Codec codec) {
        return switch (codec) {
            case Codec.H264 _ -> "H264/90000";
            case Codec.H265 _ -> "H265/90000";
            case Codec.Vp8 _ -> "VP8/90000";
            case Codec.Vp9 _ -> "VP9/90000";
            case Codec.Av1 _ -> "AV1/90000";
            case Codec.Opus _ -> "opus/48000/2";
            case Codec.Pcma _ -> "PCMA/8000";
            case Codec.Pcmu _ -> "PCMU/8000";
            case Codec.G722 _ -> "G722/8000";
            case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> throw new IllegalArgumentException(codec.name());
        };
    }
}
