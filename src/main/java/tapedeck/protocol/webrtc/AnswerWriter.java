package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.sctp.SctpAssociation;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// Puts an answer into words: the sections of the offer in their order, each accepted or refused.
final class AnswerWriter {
    /// Chromium and Safari begin at this rate instead of 300 kbit/s, and so with the whole picture: a picture
    /// that grows in the first seconds would split an H.264 recording. Others ignore it.
    private static final int START_KBPS = 1_500;

    /// RFC 8840 4.1.1: the peer's candidates may come later. RFC 8839 5.6: who follows RFC 8445 says so.
    private static final String ICE_OPTIONS = "trickle ice2";

    private final Part part;
    private final Answer.Ours ours;
    private final DtlsPeer.Side peerSide;

    AnswerWriter(Part part, Answer.Ours ours, DtlsPeer.Side peerSide) {
        this.part = part;
        this.ours = ours;
        this.peerSide = peerSide;
    }

    /// @param dataIndex where in the offer the data channels are that we take, or -1
    SessionDescription describe(Offer offer, List<Answer.Accepted> accepted, int dataIndex) {
        List<MediaDescription> sections = new ArrayList<>();
        List<String> bundle = new ArrayList<>();
        for (int i = 0; i < offer.media().size(); i++) {
            int index = i;
            MediaDescription section = offer.media().get(i);
            Optional<Answer.Accepted> taken =
                    accepted.stream().filter(a -> a.index() == index).findFirst();
            String mid = section.mid();
            if ((taken.isPresent() || i == dataIndex) && mid != null) {
                bundle.add(mid);
            }
            sections.add(
                    i == dataIndex ? data(section) : taken.map(this::describe).orElseGet(() -> reject(section)));
        }
        List<Attribute> attributes = new ArrayList<>();
        if (!bundle.isEmpty()) {
            attributes.add(new Attribute("group", "BUNDLE " + String.join(" ", bundle)));
        }
        attributes.add(new Attribute("ice-lite"));
        attributes.add(new Attribute("ice-options", ICE_OPTIONS));
        String origin = "- %d 1 IN IP4 127.0.0.1".formatted(ours.sessionId());
        return new SessionDescription(origin, "-", "", "0 0", attributes, sections);
    }

    /// What changes of an answer when ICE is restarted, RFC 8840 9 and draft-ietf-wish-whep-03 4.4.3: credentials, with
    /// the candidates as they were.
    static String fragment(SessionDescription answer, IceCredentials renewed) {
        MediaDescription tagged = answer.media().stream()
                .filter(section -> section.port() != 0)
                .findFirst()
                .orElseThrow();
        StringBuilder out = new StringBuilder();
        answer.attributes().forEach(attribute -> line(out, attribute));
        out.append("m=%s %d %s %s\r\n"
                .formatted(tagged.type(), tagged.port(), tagged.protocol(), String.join(" ", tagged.formats())));
        for (Attribute attribute : tagged.attributes()) {
            switch (attribute.name()) {
                case "mid", "candidate", "end-of-candidates" -> line(out, attribute);
                case "ice-ufrag" -> line(out, new Attribute("ice-ufrag", renewed.ufrag()));
                case "ice-pwd" -> line(out, new Attribute("ice-pwd", renewed.password()));
                default -> {}
            }
        }
        return out.toString();
    }

    private static void line(StringBuilder out, Attribute attribute) {
        out.append("a=").append(attribute).append("\r\n");
    }

    private MediaDescription describe(Answer.Accepted accepted) {
        MediaDescription offered = accepted.offered();
        AgreedMedia agreed = accepted.agreed();
        List<Attribute> attributes = new ArrayList<>();
        String mid = offered.mid();
        if (mid != null) {
            attributes.add(new Attribute("mid", mid));
        }
        transport(attributes);
        attributes.add(new Attribute("rtcp-mux"));
        if (agreed.reducedSize()) {
            attributes.add(new Attribute("rtcp-rsize"));
        }
        attributes.add(new Attribute(part.direction().attribute()));
        agreed.extensions().entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .forEach(map -> attributes.add(new Attribute("extmap", map.getValue() + " " + map.getKey())));
        List<String> formats = new ArrayList<>();
        for (PayloadFormat format : agreed.formats()) {
            // The first of the list is what browsers send: with redundancy where that was agreed on.
            formats.add(format.is("red") ? 0 : formats.size(), String.valueOf(format.payloadType()));
            describe(format, attributes);
        }
        if (!agreed.rids().isEmpty()) {
            agreed.rids().forEach(rid -> attributes.add(new Attribute("rid", rid + " recv")));
            attributes.add(new Attribute("simulcast", "recv " + String.join(";", agreed.rids())));
        }
        AgreedMedia.@Nullable Source source = agreed.source();
        if (source != null) {
            describe(source, offered.type(), attributes);
        }
        return section(offered, formats, attributes);
    }

    /// RFC 8841 10.
    private MediaDescription data(MediaDescription offered) {
        List<Attribute> attributes = new ArrayList<>();
        String mid = offered.mid();
        if (mid != null) {
            attributes.add(new Attribute("mid", mid));
        }
        transport(attributes);
        attributes.add(new Attribute("sctp-port", String.valueOf(SctpAssociation.PORT)));
        attributes.add(new Attribute("max-message-size", String.valueOf(SctpAssociation.MAX_MESSAGE_BYTES)));
        return section(offered, offered.formats(), attributes);
    }

    private MediaDescription section(MediaDescription offered, List<String> formats, List<Attribute> attributes) {
        ours.candidates().forEach(candidate -> attributes.add(new Attribute("candidate", candidate.toString())));
        attributes.add(new Attribute("end-of-candidates"));
        Candidate first = ours.candidates().getFirst();
        return new MediaDescription(
                offered.type(), first.port(), offered.protocol(), formats, connection(first.address()), attributes);
    }

    private void transport(List<Attribute> attributes) {
        attributes.add(new Attribute("ice-ufrag", ours.ice().ufrag()));
        attributes.add(new Attribute("ice-pwd", ours.ice().password()));
        attributes.add(new Attribute("fingerprint", ours.fingerprint().toString()));
        attributes.add(new Attribute(
                "setup",
                switch (peerSide) {
                    case CLIENT -> "passive";
                    case SERVER -> "active";
                }));
    }

    private void describe(PayloadFormat format, List<Attribute> attributes) {
        attributes.add(new Attribute("rtpmap", format.rtpmap()));
        String parameters = parameters(format);
        if (!parameters.isEmpty()) {
            attributes.add(new Attribute("fmtp", format.payloadType() + " " + parameters));
        }
        format.feedback().forEach(kind -> attributes.add(new Attribute("rtcp-fb", format.payloadType() + " " + kind)));
    }

    /// What holds for both sides, [PayloadFormat#answer()].
    private String parameters(PayloadFormat format) {
        String agreed = format.answer().map(PayloadFormat::parameters).orElseGet(format::parameters);
        boolean starts = switch (part) {
            case Part.Receiving _ -> Formats.isVideo(format);
            case Part.Sending _ -> false;
        };
        if (!starts) {
            return agreed;
        }
        return (agreed.isEmpty() ? "" : agreed + ";") + "x-google-start-bitrate=" + START_KBPS;
    }

    /// RFC 5576 4 and RFC 8830 2. One stream for all sections: browsers play what is in one stream in sync.
    static void describe(AgreedMedia.Source source, String type, List<Attribute> attributes) {
        attributes.add(new Attribute("msid", source.cname() + " " + type));
        source.rtxSsrc()
                .ifPresent(rtx ->
                        attributes.add(new Attribute("ssrc-group", "FID %d %d".formatted(source.ssrc(), rtx))));
        ssrc(source.ssrc(), source.cname(), type, attributes);
        source.rtxSsrc().ifPresent(rtx -> ssrc(rtx, source.cname(), type, attributes));
    }

    private static void ssrc(long ssrc, String cname, String type, List<Attribute> attributes) {
        attributes.add(new Attribute("ssrc", "%d cname:%s".formatted(ssrc, cname)));
        attributes.add(new Attribute("ssrc", "%d msid:%s %s".formatted(ssrc, cname, type)));
    }

    private static String connection(String address) {
        return (address.contains(":") ? "IN IP6 " : "IN IP4 ") + address;
    }

    /// RFC 3264 6: port 0, and the formats as they were. The transport means nothing here, but GStreamer's webrtcbin
    /// refuses the whole answer without.
    private MediaDescription reject(MediaDescription section) {
        List<Attribute> attributes = new ArrayList<>();
        String mid = section.mid();
        if (mid != null) {
            attributes.add(new Attribute("mid", mid));
        }
        transport(attributes);
        attributes.add(new Attribute("inactive"));
        return new MediaDescription(
                section.type(), 0, section.protocol(), section.formats(), "IN IP4 0.0.0.0", attributes);
    }
}
