package tapedeck.protocol.webrtc;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h265.H265Sps;
import tapedeck.media.Codec;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.payload.H264Parameters;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// What we offer to another server, RFC 9725 4.2: the first picture and the first sound of a stream that WebRTC
/// carries, each as what it is, on one bundled transport.
///
/// @param sections what stands in each section of the description
record PushOffer(List<AgreedMedia> sections, SessionDescription description) {
    private static final int FIRST_VIDEO_TYPE = 96;
    private static final int AUDIO_TYPE = 111;
    private static final int VIDEO_HZ = 90_000;
    /// Decoders take more of H.264 than their servers say: who knows only this profile may say so.
    private static final String CONSTRAINED_BASELINE = "42e01f";

    private static final int DISCARD_PORT = 9;
    private static final Map<String, Integer> EXTENSIONS =
            Map.of(AgreedMedia.MID, 1, AgreedMedia.ABS_SEND_TIME, 2, AgreedMedia.TRANSPORT_WIDE, 3);
    private static final int ORIENTATION_ID = 4;

    PushOffer {
        sections = List.copyOf(sections);
    }

    /// Those of a stream's codecs that go out: one picture, one sound.
    static List<Codec> sendable(List<Codec> codecs) {
        List<Codec> sendable = new ArrayList<>();
        for (boolean video : new boolean[] {true, false}) {
            codecs.stream()
                    .filter(codec -> codec instanceof Codec.Video == video && OutboundTrack.carries(codec))
                    .findFirst()
                    .ifPresent(sendable::add);
        }
        return sendable;
    }

    /// @param codecs as [#sendable] has them
    static PushOffer of(List<Codec> codecs, Answer.Ours ours) {
        String cname = IceCredentials.chars(Answer.CNAME_CHARS);
        List<AgreedMedia> sections = new ArrayList<>();
        for (Codec codec : codecs) {
            boolean video = codec instanceof Codec.Video;
            Map<String, Integer> extensions = new HashMap<>(EXTENSIONS);
            if (video) {
                extensions.put(AgreedMedia.ORIENTATION, ORIENTATION_ID);
            }
            sections.add(new AgreedMedia(
                    video ? AgreedMedia.Kind.VIDEO : AgreedMedia.Kind.AUDIO,
                    String.valueOf(sections.size()),
                    video ? withRepeats(videoFormats(codec)) : List.of(audioFormat(codec)),
                    extensions,
                    List.of(),
                    true,
                    Answer.source(video, cname)));
        }
        List<String> mids = sections.stream().map(AgreedMedia::mid).toList();
        SessionDescription description = new SessionDescription(
                "- %d 1 IN IP4 127.0.0.1".formatted(ours.sessionId()),
                "-",
                "",
                "0 0",
                List.of(
                        new Attribute("group", "BUNDLE " + String.join(" ", mids)),
                        new Attribute("ice-options", "ice2")),
                sections.stream().map(section -> describe(section, ours)).toList());
        return new PushOffer(sections, description);
    }

    private static List<PayloadFormat> videoFormats(Codec codec) {
        if (codec instanceof Codec.H264 h264) {
            return h264(h264.sps().getFirst().slice(1, 4).toHex());
        }
        if (codec instanceof Codec.H265 h265) {
            return List.of(video("H265", h265(h265)));
        }
        return List.of(described(codec, FIRST_VIDEO_TYPE));
    }

    private static PayloadFormat described(Codec codec, int type) {
        return PayloadFormat.describing(codec, type).orElseThrow(() -> new IllegalArgumentException(codec.name()));
    }

    private static PayloadFormat video(String name, String parameters) {
        return new PayloadFormat(FIRST_VIDEO_TYPE, name, VIDEO_HZ, 1, parameters, List.of());
    }

    private static List<PayloadFormat> h264(String profileLevelId) {
        String parameters = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=";
        PayloadFormat own = video("H264", parameters + profileLevelId);
        PayloadFormat modest = new PayloadFormat(
                FIRST_VIDEO_TYPE + 2, "H264", VIDEO_HZ, 1, parameters + CONSTRAINED_BASELINE, List.of());
        return H264Parameters.parse(own).matches(H264Parameters.parse(modest)) ? List.of(own) : List.of(own, modest);
    }

    /// RFC 7798 7.1, out of general_profile_space to general_level_idc (ITU-T H.265 7.3.3).
    private static String h265(Codec.H265 codec) {
        Bytes stream = H265Sps.parse(codec.sps().getFirst()).profileTierLevel();
        return "level-id=%d;profile-id=%d;tier-flag=%d;tx-mode=SRST"
                .formatted(stream.u8(11), stream.u8(0) & 0x1F, stream.u8(0) >> 5 & 1);
    }

    private static List<PayloadFormat> withRepeats(List<PayloadFormat> formats) {
        List<PayloadFormat> all = new ArrayList<>();
        for (PayloadFormat format : formats) {
            all.add(format.withFeedback(List.of("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")));
            all.add(new PayloadFormat(
                    format.payloadType() + 1, "rtx", VIDEO_HZ, 1, "apt=" + format.payloadType(), List.of()));
        }
        return all;
    }

    private static PayloadFormat audioFormat(Codec codec) {
        PayloadFormat format = described(codec, AUDIO_TYPE);
        String usual = codec instanceof Codec.Opus ? "minptime=10;useinbandfec=1" : "";
        String own = format.parameters();
        return new PayloadFormat(
                format.payloadType(),
                format.encodingName(),
                format.clockRateHz(),
                format.channels(),
                usual.isEmpty() || own.isEmpty() ? usual + own : usual + ";" + own,
                List.of("nack", "transport-cc"));
    }

    private static MediaDescription describe(AgreedMedia section, Answer.Ours ours) {
        String type = section.isVideo() ? "video" : "audio";
        List<Attribute> attributes = new ArrayList<>();
        attributes.add(new Attribute("mid", String.valueOf(section.mid())));
        attributes.add(new Attribute("ice-ufrag", ours.ice().ufrag()));
        attributes.add(new Attribute("ice-pwd", ours.ice().password()));
        attributes.add(new Attribute("fingerprint", ours.fingerprint().toString()));
        attributes.add(new Attribute("setup", "actpass"));
        attributes.add(new Attribute("rtcp-mux"));
        attributes.add(new Attribute("rtcp-rsize"));
        attributes.add(new Attribute("sendonly"));
        section.extensions().entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .forEach(map -> attributes.add(new Attribute("extmap", map.getValue() + " " + map.getKey())));
        for (PayloadFormat format : section.formats()) {
            attributes.add(new Attribute("rtpmap", format.rtpmap()));
            if (!format.parameters().isEmpty()) {
                attributes.add(new Attribute("fmtp", format.payloadType() + " " + format.parameters()));
            }
            format.feedback()
                    .forEach(kind -> attributes.add(new Attribute("rtcp-fb", format.payloadType() + " " + kind)));
        }
        AgreedMedia.@Nullable Source source = section.source();
        if (source != null) {
            AnswerWriter.describe(source, type, attributes);
        }
        ours.candidates().forEach(candidate -> attributes.add(new Attribute("candidate", candidate.toString())));
        attributes.add(new Attribute("end-of-candidates"));
        return new MediaDescription(
                type,
                DISCARD_PORT,
                "UDP/TLS/RTP/SAVPF",
                section.formats().stream()
                        .map(format -> String.valueOf(format.payloadType()))
                        .toList(),
                "IN IP4 0.0.0.0",
                attributes);
    }

    /// What the other side agreed to.
    ///
    /// @param remote its credentials of ICE
    /// @param candidates where it can be reached, as it likes them
    record Accepted(Answer answer, IceCredentials remote, List<InetSocketAddress> candidates) {}

    /// Reads the answer, RFC 3264 6 and RFC 9429 5.3.
    ///
    /// @param allowed whether something may be sent to an address
    /// @throws NothingFitsException if it takes nothing of it
    /// @throws MalformedException if it is no answer to this
    Accepted accept(String text, Predicate<InetAddress> allowed) throws NothingFitsException {
        SessionDescription answer = SessionDescription.parse(text);
        Offer questions = new Offer(answer);
        if (answer.media().size() != sections.size()) {
            throw new MalformedException("SDP: an answer of %d sections to %d"
                    .formatted(answer.media().size(), sections.size()));
        }
        List<AgreedMedia> agreed = new ArrayList<>();
        List<MediaDescription> taken = new ArrayList<>();
        for (int i = 0; i < sections.size(); i++) {
            MediaDescription section = answer.media().get(i);
            AgreedMedia common = agree(sections.get(i), section, answer);
            if (common != null && (taken.isEmpty() || questions.bundled(section, taken.getFirst()))) {
                Offer.demandMux(section);
                agreed.add(common);
                taken.add(section);
            }
        }
        if (agreed.isEmpty()) {
            throw new NothingFitsException("the other side takes nothing of what was offered: " + names());
        }
        MediaDescription tagged = questions.tagged(taken);
        IceCredentials remote = new IceCredentials(
                questions.ufrag(tagged),
                String.valueOf(answer.attribute(tagged, "ice-pwd")).strip());
        List<InetSocketAddress> candidates = candidates(taken, allowed);
        return new Accepted(
                new Answer(agreed, null, remote.ufrag(), questions.peer(tagged), answer), remote, candidates);
    }

    /// For people.
    String names() {
        return Formats.names(sections.stream().map(AgreedMedia::format).toList());
    }

    private static @Nullable AgreedMedia agree(
            AgreedMedia offered, MediaDescription section, SessionDescription answer) {
        boolean receives = switch (answer.direction(section)) {
            case RECVONLY, SENDRECV -> true;
            case SENDONLY, INACTIVE -> false;
        };
        if (!Offer.usable(section) || !receives) {
            return null;
        }
        for (PayloadFormat theirs : section.payloadFormats()) {
            for (PayloadFormat ours : offered.formats()) {
                if (ours.payloadType() == theirs.payloadType() && ours.is(theirs.encodingName()) && !ours.is("rtx")) {
                    return agree(offered, section, ours, theirs);
                }
            }
        }
        return null;
    }

    private static AgreedMedia agree(
            AgreedMedia offered, MediaDescription section, PayloadFormat ours, PayloadFormat theirs) {
        List<PayloadFormat> formats = new ArrayList<>();
        formats.add(ours.withFeedback(
                ours.feedback().stream().filter(theirs.feedback()::contains).toList()));
        OptionalInt repeats = section.rtxOf(ours.payloadType());
        offered.formats().stream()
                .filter(format -> format.is("rtx") && repeats.equals(OptionalInt.of(format.payloadType())))
                .forEach(formats::add);
        Map<String, Integer> extensions = new HashMap<>();
        for (MediaDescription.ExtensionMap map : section.extensionMaps()) {
            if (Integer.valueOf(map.id()).equals(offered.extensions().get(map.uri()))) {
                extensions.put(map.uri(), map.id());
            }
        }
        return new AgreedMedia(
                offered.kind(),
                offered.mid(),
                formats,
                extensions,
                List.of(),
                section.has("rtcp-rsize"),
                offered.source());
    }

    /// Over UDP, given as addresses: a name is not looked up, as what it means could change after it was checked.
    private static List<InetSocketAddress> candidates(List<MediaDescription> sections, Predicate<InetAddress> allowed) {
        Set<InetSocketAddress> found = new LinkedHashSet<>();
        sections.stream()
                .flatMap(section -> section.candidates().stream())
                .filter(candidate -> candidate.transport().equals("udp") && candidate.component() == 1)
                .sorted(Comparator.comparingLong(Candidate::priority).reversed())
                .flatMap(PushOffer::address)
                .filter(address -> allowed.test(address.getAddress()))
                .forEach(found::add);
        return List.copyOf(found);
    }

    private static Stream<InetSocketAddress> address(Candidate candidate) {
        try {
            return candidate.port() == 0
                    ? Stream.empty()
                    : Stream.of(new InetSocketAddress(InetAddress.ofLiteral(candidate.address()), candidate.port()));
        } catch (IllegalArgumentException _) {
            return Stream.empty();
        }
    }
}
