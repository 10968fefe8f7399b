package tapedeck.protocol.webrtc;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.net.EventLoops;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.relay.HttpCall;
import tapedeck.relay.PushClient;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.settings.Announced;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// Sends streams to other servers by WHIP (RFC 9725): `whip://` and `whips://`, or as what they are, `http://` and
/// `https://`. Option `token`: what is shown as bearer.
public final class WhipPush implements PushClient {
    static final int MAX_ANSWER_BYTES = SessionDescription.MAX_CHARACTERS;
    static final int MAX_REASON_BYTES = 8 * 1024;
    private static final int MAX_REASON_CHARS = 300;

    private static final Logger log = LoggerFactory.getLogger(WhipPush.class);
    private static final String TOKEN = "token";
    private static final Pattern DETAIL = Pattern.compile("\"(?:detail|error)\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"");

    private final EventLoops loops;
    private final Streams streams;
    private @Nullable DtlsIdentity identity;

    public WhipPush(EventLoops loops, Streams streams) {
        this.loops = loops;
        this.streams = streams;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("whip", "whips", "http", "https");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.WEBRTC;
    }

    /// Made when it is needed first: most servers push nothing.
    private synchronized DtlsIdentity identity() {
        DtlsIdentity known = identity;
        if (known == null) {
            known = DtlsIdentity.create();
            identity = known;
        }
        return known;
    }

    @Override
    public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
        Stream stream = source.stream();
        List<Codec> codecs = WhepRoutes.codecs(stream);
        List<Codec> sendable = PushOffer.sendable(codecs);
        if (sendable.isEmpty()) {
            throw codecs.isEmpty()
                    ? new IOException("nothing of \"%s\" has come yet".formatted(stream.name()))
                    : new RelayRefusedException("WebRTC carries nothing of \"%s\", which is %s"
                            .formatted(
                                    stream.name(),
                                    String.join(
                                            " and ",
                                            codecs.stream().map(Codec::name).toList())));
        }
        source.sends(codecs, "WebRTC", sendable::contains);
        try (PeerPort port = new PeerPort(loops, System::nanoTime)) {
            IceCredentials ice = IceCredentials.random();
            PushOffer offer = PushOffer.of(
                    sendable,
                    new Answer.Ours(
                            ThreadLocalRandom.current().nextLong(1L << 62),
                            ice,
                            identity().fingerprint(),
                            candidates(target, port)));
            Resource resource = post(target, offer.description().toString());
            try {
                converse(source, offer, resource, ice, port);
            } finally {
                delete(resource);
            }
        }
    }

    private static List<Candidate> candidates(RelayTarget target, PeerPort port) {
        return new Addresses(Announced.parse(List.of()), List::of)
                .candidates(target.address().getAddress(), port.port()).stream()
                        .filter(candidate -> candidate.transport().equals("udp"))
                        .toList();
    }

    /// What the other side made of our offer.
    ///
    /// @param target that answered in the end
    /// @param location of the session, as the other side says it; "" where it does not
    private record Resource(RelayTarget target, String location, Map<String, String> headers, String answer) {}

    private static Resource post(RelayTarget first, String offer) throws IOException {
        String token = first.option(TOKEN, "");
        RelayTarget target = first;
        while (true) {
            // Whom we are sent to has no right to our token.
            Map<String, String> proof = token.isEmpty() || !target.isSameServer(first)
                    ? Map.of()
                    : Map.of("Authorization", "Bearer " + token);
            Map<String, String> headers = new HashMap<>(proof);
            headers.put("Content-Type", SessionRoutes.SDP);
            try (HttpCall call = HttpCall.send(target, "POST", headers, Bytes.ofUtf8(offer))) {
                int status = call.status();
                switch (status) {
                    case 200, 201 -> {
                        String answer = call.body(MAX_ANSWER_BYTES).toUtf8();
                        return new Resource(target, call.header("location"), proof, answer);
                    }
                    case 301, 302, 307, 308 -> {
                        String location = call.header("location");
                        if (location.isEmpty()) {
                            throw new IOException("WHIP: HTTP %d without a Location".formatted(status));
                        }
                        target = target.redirected(location);
                    }
                    case 400, 401, 403, 405, 406, 415, 422 ->
                        throw new RelayRefusedException("WHIP: HTTP %d%s".formatted(status, reason(call, token)));
                    default -> throw new IOException("WHIP: HTTP %d%s".formatted(status, reason(call, token)));
                }
            }
        }
    }

    /// What the other side says about its refusal, in a line.
    private static String reason(HttpCall call, String token) throws IOException {
        String body;
        try {
            body = call.body(MAX_REASON_BYTES).toUtf8();
        } catch (MalformedException _) {
            return "";
        }
        Matcher detail = DETAIL.matcher(body);
        boolean page = call.header("content-type").toLowerCase(Locale.ROOT).contains("html");
        String said = detail.find() ? detail.group(1).replaceAll("\\\\(.)", "$1") : page ? "" : body;
        String line = said.replaceAll("\\p{Cntrl}+", " ").strip();
        if (!token.isEmpty()) {
            line = line.replace(token, "***");
        }
        return line.isEmpty() ? "" : ": " + line.substring(0, Math.min(line.length(), MAX_REASON_CHARS));
    }

    private void converse(PushSource source, PushOffer offer, Resource resource, IceCredentials ice, PeerPort port)
            throws IOException, InterruptedException {
        PushOffer.Accepted accepted;
        try {
            accepted = offer.accept(resource.answer(), resource.target()::allows);
        } catch (NothingFitsException e) {
            throw new RelayRefusedException(String.valueOf(e.getMessage()));
        }
        if (accepted.candidates().isEmpty()) {
            throw new IOException("WHIP: the answer names no address that may be sent to (see pull_allow)");
        }
        Stream stream = source.stream();
        if (accepted.answer().agreed().size() < offer.sections().size()) {
            source.leavesOut("of %s the other side takes %s"
                    .formatted(
                            offer.names(),
                            Formats.names(accepted.answer().agreed().stream()
                                    .map(AgreedMedia::format)
                                    .toList())));
        }
        PushSession session = new PushSession(
                PeerSession.Agreed.of(stream.name(), accepted.answer()),
                source,
                ice,
                new PeerSession.Place(port, identity(), streams, _ -> {}));
        session.transport().control(accepted.remote(), accepted.candidates());
        session.open();
        try {
            PushSession.Ending ending = session.ending().get();
            if (!ending.streamOver()) {
                throw new IOException("WebRTC: " + ending.reason());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a session ends with a reason", e.getCause());
        } finally {
            session.close("the push ended");
        }
    }

    /// RFC 9725 4.2. Whoever does not answer learns of the end by DTLS, or by silence.
    private static void delete(Resource resource) {
        if (resource.location().isEmpty()) {
            return;
        }
        try {
            RelayTarget session = resource.target().redirected(resource.location());
            Map<String, String> headers = session.isSameServer(resource.target()) ? resource.headers() : Map.of();
            HttpCall.send(session, "DELETE", headers, Bytes.EMPTY).close();
        } catch (IOException | MalformedException e) {
            log.debug("WHIP: DELETE: {}", e.toString());
        }
    }
}
