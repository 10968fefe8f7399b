package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.payload.H264Parameters;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// Our answer to a publisher's offer, RFC 9725 4.2 and RFC 8829 5.3: one video (H.264 or VP8, whichever the offer has
/// first) and one audio (Opus), received on one bundled transport, with the payload types and extension numbers of the
/// offer. Everything else is answered with port 0.
///
/// @param remoteUfrag the peer's ICE fragment
/// @param fingerprint of the certificate that the peer will show
record WhipAnswer(
        String remoteUfrag,
        Fingerprint fingerprint,
        Optional<Accepted> video,
        Optional<Accepted> audio,
        SessionDescription description) {

    /// Chromium and Safari begin at this rate instead of 300 kbit/s, and so with the whole picture: a picture
    /// that grows in the first seconds would split an H.264 recording. Others ignore it.
    private static final int START_KBPS = 1_500;

    /// An accepted section: as it was offered, and what was agreed on.
    record Accepted(MediaDescription offered, AgreedMedia agreed, List<MediaDescription.ExtensionMap> extensions) {
        Accepted {
            extensions = List.copyOf(extensions);
        }
    }

    /// What is ours in every answer.
    ///
    /// @param sessionId for `o=`
    record Ours(long sessionId, IceCredentials ice, Fingerprint fingerprint, List<Candidate> candidates) {
        Ours {
            candidates = List.copyOf(candidates);
        }
    }

    /// Video orientation is left out on purpose: a browser that may not say how the picture is turned turns it itself.
    private static final Set<String> EXTENSIONS =
            Set.of(AgreedMedia.MID, AgreedMedia.ABS_SEND_TIME, AgreedMedia.TRANSPORT_WIDE);

    private static final Set<String> FEEDBACK = Set.of("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc");

    /// RFC 8122 5: MD5 and SHA-1 prove nothing any more.
    private static final Set<String> SAFE_HASHES = Set.of("sha-256", "sha-384", "sha-512");

    private static final String RTP_OVER_DTLS = "UDP/TLS/RTP/SAVPF";

    /// RFC 8445 5.3: what ICE fragments and passwords may look like.
    private static final String UFRAG = "[A-Za-z0-9+/]{4,256}";

    /// The accepted sections.
    List<AgreedMedia> agreed() {
        return Stream.concat(video.stream(), audio.stream())
                .map(Accepted::agreed)
                .toList();
    }

    /// @throws MalformedException if the offer breaks the rules, with the reason in words
    static WhipAnswer to(SessionDescription offer, Ours ours) {
        MediaDescription video = null;
        MediaDescription audio = null;
        for (MediaDescription section : offer.media()) {
            if (!usable(offer, section) || !bundled(offer, section, video != null ? video : audio)) {
                continue;
            }
            if (section.type().equals("video") && video == null && videoFormat(section) != null) {
                video = section;
            } else if (section.type().equals("audio") && audio == null && audioFormat(section) != null) {
                audio = section;
            }
        }
        MediaDescription first = video != null ? video : audio;
        if (first == null) {
            throw new MalformedException(
                    "the offer sends neither H264 (packetization-mode=1) or VP8 video nor Opus audio");
        }
        Optional<Accepted> acceptedVideo = accept(video, video == null ? null : videoFormat(video));
        Optional<Accepted> acceptedAudio = accept(audio, audio == null ? null : audioFormat(audio));
        return new WhipAnswer(
                ufrag(offer, first),
                fingerprint(offer, first),
                acceptedVideo,
                acceptedAudio,
                describe(offer, ours, acceptedVideo, acceptedAudio));
    }

    /// Whether the peer would send here at all.
    private static boolean usable(SessionDescription offer, MediaDescription section) {
        if (section.rejected() || !section.protocol().equals(RTP_OVER_DTLS)) {
            return false;
        }
        return switch (offer.direction(section)) {
            case SENDRECV, SENDONLY -> true;
            case RECVONLY, INACTIVE -> false;
        };
    }

    /// Whether the section shares the transport of `first`, the one accepted before.
    private static boolean bundled(
            SessionDescription offer, MediaDescription section, @Nullable MediaDescription first) {
        if (first == null) {
            return true;
        }
        String mid = section.mid();
        String firstMid = first.mid();
        return mid != null
                && firstMid != null
                && offer.bundles().stream().anyMatch(group -> group.contains(mid) && group.contains(firstMid));
    }

    private static @Nullable PayloadFormat videoFormat(MediaDescription section) {
        for (PayloadFormat format : section.payloadFormats()) {
            if (format.is("VP8")
                    || format.is("H264") && H264Parameters.parse(format).packetizationMode() == 1) {
                return format;
            }
        }
        return null;
    }

    private static @Nullable PayloadFormat audioFormat(MediaDescription section) {
        for (PayloadFormat format : section.payloadFormats()) {
            if (format.is("opus")) {
                return format;
            }
        }
        return null;
    }

    private static Optional<Accepted> accept(@Nullable MediaDescription section, @Nullable PayloadFormat format) {
        if (section == null || format == null) {
            return Optional.empty();
        }
        if (!section.has("rtcp-mux")) {
            throw new MalformedException("SDP: a=rtcp-mux is missing in the %s section".formatted(section.type()));
        }
        List<MediaDescription.ExtensionMap> extensions = section.extensionMaps().stream()
                .filter(map -> EXTENSIONS.contains(map.uri()))
                .toList();
        Map<String, Integer> ids = new HashMap<>();
        extensions.forEach(map -> ids.putIfAbsent(map.uri(), map.id()));
        AgreedMedia agreed = new AgreedMedia(
                section.type().equals("video") ? AgreedMedia.Kind.VIDEO : AgreedMedia.Kind.AUDIO,
                section.mid(),
                formats(section, format),
                ids,
                List.of(),
                section.has("rtcp-rsize"));
        return Optional.of(new Accepted(section, agreed, extensions));
    }

    private static List<PayloadFormat> formats(MediaDescription section, PayloadFormat format) {
        List<PayloadFormat> formats = new ArrayList<>();
        formats.add(new PayloadFormat(
                format.payloadType(),
                format.encodingName(),
                format.clockRateHz(),
                format.channels(),
                format.parameters(),
                format.feedback().stream().filter(FEEDBACK::contains).distinct().toList()));
        section.rtxOf(format.payloadType())
                .ifPresent(type -> formats.add(new PayloadFormat(
                        type, "rtx", format.clockRateHz(), 1, "apt=" + format.payloadType(), List.of())));
        return formats;
    }

    private static String ufrag(SessionDescription offer, MediaDescription section) {
        String ufrag = offer.attribute(section, "ice-ufrag");
        String password = offer.attribute(section, "ice-pwd");
        if (ufrag == null || password == null || !ufrag.matches(UFRAG)) {
            throw new MalformedException("SDP: a=ice-ufrag or a=ice-pwd is missing or wrong");
        }
        return ufrag;
    }

    private static Fingerprint fingerprint(SessionDescription offer, MediaDescription section) {
        String setup = offer.attribute(section, "setup");
        if (setup != null && !setup.equals("actpass") && !setup.equals("active")) {
            throw new MalformedException("SDP: a=setup has to be actpass or active, this server is passive");
        }
        String value = offer.attribute(section, "fingerprint");
        if (value == null) {
            throw new MalformedException("SDP: a=fingerprint is missing");
        }
        Fingerprint fingerprint = Fingerprint.parse(value);
        if (!SAFE_HASHES.contains(fingerprint.algorithm())) {
            throw new MalformedException("SDP: a=fingerprint has to be sha-256, sha-384 or sha-512");
        }
        return fingerprint;
    }

    private static SessionDescription describe(
            SessionDescription offer, Ours ours, Optional<Accepted> video, Optional<Accepted> audio) {
        List<MediaDescription> sections = new ArrayList<>();
        List<String> bundle = new ArrayList<>();
        for (MediaDescription section : offer.media()) {
            Optional<Accepted> accepted = video.filter(v -> v.offered().equals(section))
                    .or(() -> audio.filter(a -> a.offered().equals(section)));
            String mid = section.mid();
            if (accepted.isPresent() && mid != null) {
                bundle.add(mid);
            }
            sections.add(accepted.map(a -> describe(a, ours)).orElseGet(() -> reject(section)));
        }
        List<Attribute> attributes = new ArrayList<>();
        if (!bundle.isEmpty()) {
            attributes.add(new Attribute("group", "BUNDLE " + String.join(" ", bundle)));
        }
        attributes.add(new Attribute("ice-lite"));
        String origin = "- %d 1 IN IP4 127.0.0.1".formatted(ours.sessionId());
        return new SessionDescription(origin, "-", "", "0 0", attributes, sections);
    }

    private static MediaDescription describe(Accepted accepted, Ours ours) {
        MediaDescription offered = accepted.offered();
        List<Attribute> attributes = new ArrayList<>();
        String mid = offered.mid();
        if (mid != null) {
            attributes.add(new Attribute("mid", mid));
        }
        attributes.add(new Attribute("ice-ufrag", ours.ice().ufrag()));
        attributes.add(new Attribute("ice-pwd", ours.ice().password()));
        attributes.add(new Attribute("fingerprint", ours.fingerprint().toString()));
        attributes.add(new Attribute("setup", "passive"));
        attributes.add(new Attribute("rtcp-mux"));
        if (offered.has("rtcp-rsize")) {
            attributes.add(new Attribute("rtcp-rsize"));
        }
        attributes.add(new Attribute("recvonly"));
        accepted.extensions().forEach(map -> attributes.add(new Attribute("extmap", map.id() + " " + map.uri())));
        AgreedMedia agreed = accepted.agreed();
        PayloadFormat format = agreed.format();
        attributes.add(new Attribute("rtpmap", format.rtpmap()));
        String parameters = parameters(format);
        if (!parameters.isEmpty()) {
            attributes.add(new Attribute("fmtp", format.payloadType() + " " + parameters));
        }
        format.feedback().forEach(kind -> attributes.add(new Attribute("rtcp-fb", format.payloadType() + " " + kind)));
        List<String> formats = new ArrayList<>(List.of(String.valueOf(format.payloadType())));
        for (PayloadFormat companion :
                agreed.formats().subList(1, agreed.formats().size())) {
            formats.add(String.valueOf(companion.payloadType()));
            attributes.add(new Attribute("rtpmap", companion.rtpmap()));
            attributes.add(new Attribute("fmtp", companion.payloadType() + " " + companion.parameters()));
        }
        ours.candidates().forEach(candidate -> attributes.add(new Attribute("candidate", candidate.toString())));
        attributes.add(new Attribute("end-of-candidates"));
        Candidate first = ours.candidates().getFirst();
        return new MediaDescription(
                offered.type(), first.port(), offered.protocol(), formats, connection(first.address()), attributes);
    }

    /// What H.264 and Opus say holds for both sides; VP8's limits are about what the other side receives.
    private static String parameters(PayloadFormat format) {
        String agreed = format.is("VP8") ? "" : format.parameters();
        if (format.is("opus")) {
            return agreed;
        }
        return (agreed.isEmpty() ? "" : agreed + ";") + "x-google-start-bitrate=" + START_KBPS;
    }

    static String connection(String address) {
        return (address.contains(":") ? "IN IP6 " : "IN IP4 ") + address;
    }

    /// RFC 3264 6: port 0, and the formats as they were.
    private static MediaDescription reject(MediaDescription section) {
        String mid = section.mid();
        List<Attribute> attributes = mid == null
                ? List.of(new Attribute("inactive"))
                : List.of(new Attribute("mid", mid), new Attribute("inactive"));
        return new MediaDescription(
                section.type(), 0, section.protocol(), section.formats(), "IN IP4 0.0.0.0", attributes);
    }
}
