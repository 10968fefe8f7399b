package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// A peer's offer and the questions that an answer asks of it, whoever of the two sends.
record Offer(SessionDescription description) {

    private static final String RTP_OVER_DTLS = "UDP/TLS/RTP/SAVPF";

    /// RFC 8122 5: MD5 and SHA-1 prove nothing any more.
    private static final Set<String> SAFE_HASHES = Set.of("sha-256", "sha-384", "sha-512");

    /// RFC 8839 5.4: what ICE fragments may look like.
    private static final String UFRAG = "[A-Za-z0-9+/]{4,256}";

    /// @throws MalformedException if this is no session description
    static Offer parse(String text) {
        SessionDescription description = SessionDescription.parse(text);
        if (description.media().isEmpty()) {
            throw new MalformedException("SDP: the offer has no media");
        }
        return new Offer(description);
    }

    List<MediaDescription> media() {
        return description.media();
    }

    /// Whether the section is RTP as browsers speak it and not rejected by the peer itself.
    static boolean usable(MediaDescription section) {
        return !section.rejected() && section.protocol().equals(RTP_OVER_DTLS);
    }

    /// Whether both share one transport, RFC 9143 5.
    boolean bundled(MediaDescription one, MediaDescription other) {
        String mid = one.mid();
        String otherMid = other.mid();
        return mid != null
                && otherMid != null
                && description.bundles().stream().anyMatch(group -> group.contains(mid) && group.contains(otherMid));
    }

    /// Of the sections that are accepted, the one whose transport all use: RFC 9143 7.3.2 wants the first that the
    /// group names.
    MediaDescription tagged(List<MediaDescription> accepted) {
        for (List<String> group : description.bundles()) {
            for (String mid : group) {
                for (MediaDescription section : accepted) {
                    if (mid.equals(section.mid())) {
                        return section;
                    }
                }
            }
        }
        return accepted.getFirst();
    }

    /// The peer's ICE fragment. Its password has to be there, although the lite side never needs it.
    String ufrag(MediaDescription section) {
        String ufrag = description.attribute(section, "ice-ufrag");
        String password = description.attribute(section, "ice-pwd");
        if (ufrag == null || password == null || !ufrag.strip().matches(UFRAG)) {
            throw new MalformedException("SDP: a=ice-ufrag or a=ice-pwd is missing or wrong");
        }
        return ufrag.strip();
    }

    /// Who the peer is in DTLS. Where it leaves the choice to us, as RFC 9725 4.2 wants it to, it is the active side;
    /// ffmpeg's WHIP up to 8.0 wants to be passive.
    DtlsPeer peer(MediaDescription section) {
        String setup = description.attribute(section, "setup");
        return switch (setup == null ? "actpass" : setup.strip()) {
            case "actpass", "active" -> DtlsPeer.client(fingerprint(section));
            case "passive" -> DtlsPeer.server(fingerprint(section));
            default -> throw new MalformedException("SDP: a=setup has to be actpass, active or passive");
        };
    }

    private Fingerprint fingerprint(MediaDescription section) {
        List<String> values = new ArrayList<>(section.attributes("fingerprint"));
        String ofSession = description.attribute("fingerprint");
        if (values.isEmpty() && ofSession != null) {
            values.add(ofSession);
        }
        if (values.isEmpty()) {
            throw new MalformedException("SDP: a=fingerprint is missing");
        }
        // RFC 8122 5.1: there may be one for each hash.
        return values.stream()
                .map(Fingerprint::parse)
                .filter(fingerprint -> SAFE_HASHES.contains(fingerprint.algorithm()))
                .findFirst()
                .orElseThrow(() -> new MalformedException("SDP: a=fingerprint has to be sha-256, sha-384 or sha-512"));
    }

    /// RFC 5761 5.1.3: we have one port for both.
    static void demandMux(@Nullable MediaDescription section) {
        if (section != null && !section.has("rtcp-mux")) {
            throw new MalformedException("SDP: a=rtcp-mux is missing in the %s section".formatted(section.type()));
        }
    }
}
