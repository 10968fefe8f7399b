package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.dtls.DtlsPeer;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.DataSection;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// Our answer to an offer, RFC 9725 4.2 and RFC 9429 5.3: at most one video and one audio section, and one of data
/// channels, on one bundled transport, with the payload types and extension numbers of the offer. Everything else is
/// answered with port 0.
///
/// @param agreed the accepted sections, in the offer's order
/// @param data the peer's half of the data channels; null if there are none
/// @param remoteUfrag the peer's ICE fragment
/// @param peer the certificate that the peer will show, and its side of DTLS
record Answer(
        List<AgreedMedia> agreed,
        @Nullable DataSection data,
        String remoteUfrag,
        DtlsPeer peer,
        SessionDescription description) {
    Answer {
        agreed = List.copyOf(agreed);
    }

    /// What is ours in every answer.
    ///
    /// @param sessionId for `o=`
    record Ours(long sessionId, IceCredentials ice, Fingerprint fingerprint, List<Candidate> candidates) {
        Ours {
            candidates = List.copyOf(candidates);
        }
    }

    /// An accepted section: as it was offered, and what was agreed on.
    ///
    /// @param index its place in the offer
    record Accepted(int index, MediaDescription offered, AgreedMedia agreed) {}

    static final Set<String> FEEDBACK = Set.of("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc");

    /// RFC 8285 4.2: larger numbers need the two-byte form, 15 has no meaning.
    private static final int MAX_EXTENSION_ID = 14;

    static final int CNAME_CHARS = 16;

    boolean hasVideo() {
        return agreed.stream().anyMatch(AgreedMedia::isVideo);
    }

    boolean hasAudio() {
        return agreed.stream().anyMatch(media -> !media.isVideo());
    }

    /// @throws MalformedException if the offer breaks the rules, with the reason in words
    /// @throws NothingFitsException if there is no section that both sides could use
    static Answer to(Offer offer, Part part, Ours ours) throws NothingFitsException {
        String cname = IceCredentials.chars(CNAME_CHARS);
        List<Accepted> accepted = new ArrayList<>();
        for (int i = 0; i < offer.media().size(); i++) {
            MediaDescription section = offer.media().get(i);
            AgreedMedia.@Nullable Kind kind = kind(section);
            if (kind == null
                    || !Offer.usable(section)
                    || !part.fits(offer.description().direction(section))
                    || accepted.stream().anyMatch(other -> other.agreed().kind() == kind)
                    || !accepted.isEmpty()
                            && !offer.bundled(section, accepted.getFirst().offered())) {
                continue;
            }
            PayloadFormat format = part.choose(section.type(), section.payloadFormats());
            if (format != null) {
                Offer.demandMux(section);
                accepted.add(new Accepted(i, section, agree(kind, section, format, part, cname)));
            }
        }
        if (accepted.isEmpty()) {
            throw new NothingFitsException(part.nothingFits(offered(offer, part)));
        }
        MediaDescription tagged =
                offer.tagged(accepted.stream().map(Accepted::offered).toList());
        DtlsPeer peer = offer.peer(tagged);
        int data = dataIndex(offer, accepted.getFirst().offered());
        return new Answer(
                accepted.stream().map(Accepted::agreed).toList(),
                data < 0 ? null : DataSection.of(offer.media().get(data)),
                offer.ufrag(tagged),
                peer,
                new AnswerWriter(part, ours, peer.side()).describe(offer, accepted, data));
    }

    /// Where in the offer the data channels are that share the transport of `media`, or -1.
    private static int dataIndex(Offer offer, MediaDescription media) {
        for (int i = 0; i < offer.media().size(); i++) {
            MediaDescription section = offer.media().get(i);
            if (DataSection.of(section) != null && offer.bundled(section, media)) {
                return i;
            }
        }
        return -1;
    }

    private static AgreedMedia.@Nullable Kind kind(MediaDescription section) {
        return switch (section.type()) {
            case "video" -> AgreedMedia.Kind.VIDEO;
            case "audio" -> AgreedMedia.Kind.AUDIO;
            default -> null;
        };
    }

    private static List<PayloadFormat> offered(Offer offer, Part part) {
        List<PayloadFormat> formats = new ArrayList<>();
        for (MediaDescription section : offer.media()) {
            if (Offer.usable(section) && part.fits(offer.description().direction(section))) {
                formats.addAll(section.payloadFormats());
            }
        }
        return formats;
    }

    private static AgreedMedia agree(
            AgreedMedia.Kind kind, MediaDescription section, PayloadFormat format, Part part, String cname) {
        List<PayloadFormat> formats = new ArrayList<>();
        formats.add(format.withFeedback(
                format.feedback().stream().filter(FEEDBACK::contains).distinct().toList()));
        OptionalInt rtx = section.rtxOf(format.payloadType());
        rtx.ifPresent(type -> formats.add(
                new PayloadFormat(type, "rtx", format.clockRateHz(), 1, "apt=" + format.payloadType(), List.of())));
        List<String> rids = List.of();
        AgreedMedia.@Nullable Source source = null;
        switch (part) {
            case Part.Receiving _ -> {
                if (kind == AgreedMedia.Kind.VIDEO) {
                    rids = Simulcast.layers(section, format);
                }
                if (kind == AgreedMedia.Kind.AUDIO) {
                    Formats.redundant(format, section.payloadFormats()).ifPresent(formats::add);
                }
            }
            case Part.Sending _ -> source = source(rtx.isPresent(), cname);
        }
        Map<String, Integer> extensions = extensions(section, part, !rids.isEmpty());
        return new AgreedMedia(kind, section.mid(), formats, extensions, rids, section.has("rtcp-rsize"), source);
    }

    /// Two equal numbers among four are as likely as a collision with any other SSRC, RFC 3550 8.1; only the pair of
    /// one section is kept apart.
    static AgreedMedia.Source source(boolean rtx, String cname) {
        long ssrc = ThreadLocalRandom.current().nextLong(1, 1L << 31) * 2;
        return new AgreedMedia.Source(ssrc, rtx ? OptionalLong.of(ssrc + 1) : OptionalLong.empty(), cname);
    }

    /// RFC 8285 6: `/recvonly` and the like are the peer's direction.
    private static Map<String, Integer> extensions(MediaDescription section, Part part, boolean layered) {
        Set<String> wanted = part.extensions(layered);
        String against = part.direction().attribute();
        Map<String, Integer> ids = new HashMap<>();
        for (MediaDescription.ExtensionMap map : section.extensionMaps()) {
            if (wanted.contains(map.uri())
                    && map.id() >= 1
                    && map.id() <= MAX_EXTENSION_ID
                    && !map.direction().equals(against)
                    && !map.direction().equals(MediaDescription.Direction.INACTIVE.attribute())) {
                ids.putIfAbsent(map.uri(), map.id());
            }
        }
        return ids;
    }
}
