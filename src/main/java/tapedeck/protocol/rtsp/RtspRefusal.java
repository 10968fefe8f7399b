package tapedeck.protocol.rtsp;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tapedeck.net.http.Digest;
import tapedeck.rights.Decision;
import tapedeck.rights.DigestProof;
import tapedeck.rights.Request;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// What a peer is asked for, and answers that say why not.
final class RtspRefusal {
    private static final int RETRY_AFTER_SECONDS = 5;

    private RtspRefusal() {}

    /// Whether this peer may: what is asked of the rights.
    static Request question(
            Request.Action action, StreamName name, Request.Credentials shown, RtspAddress address, InetAddress peer) {
        return new Request(
                action, name.value(), "rtsp", peer, shown, Request.Credentials.without(address.parameters()));
    }

    /// What a peer showed: in a header, which a player asks its user for, or in the address. Players know passwords and
    /// no tokens, so what stands where the password does is a token too: which of them counts is for the settings.
    ///
    /// @throws tapedeck.bytes.MalformedException for a header that cannot be read
    static Request.Credentials credentials(RtspMessage.Request request, RtspAddress address) {
        String header = request.header("authorization");
        if (header == null) {
            return Request.Credentials.ofParameters(address.parameters());
        }
        Optional<DigestProof> proof = DigestProof.ofAuthorization(header, request.method());
        if (proof.isPresent()) {
            return Request.Credentials.ofDigest(proof.get());
        }
        Request.Credentials shown = Request.Credentials.ofAuthorization(header);
        return shown.token().isEmpty()
                ? new Request.Credentials(shown.user(), shown.password(), shown.password())
                : shown;
    }

    /// RFC 2326 11 has no status of its own for those who have to wait: 503 with the time is the nearest.
    ///
    /// @param nonces where Digest is taken, else null
    static RtspReply of(Decision.Refused refused, @Nullable DigestNonces nonces) {
        return switch (refused) {
            // Players know passwords and no tokens: a token goes where the password is asked for.
            case Decision.Unproven(Decision.Unproven.Cause _, String reason) ->
                unauthorized("Unauthorized: " + reason, nonces, false);
            case Decision.Forbidden(String reason) -> new RtspReply(403, "Forbidden: " + reason);
            case Decision.Wait(String reason, long seconds) ->
                new RtspReply(503, "Service Unavailable: " + reason).with("Retry-After", Long.toString(seconds));
            case Decision.Unavailable(String reason) ->
                new RtspReply(503, "Service Unavailable: " + reason)
                        .with("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
        };
    }

    /// The strongest way first, but MD5 behind SHA-256: who knows only one of them, as most do, takes the last that it
    /// knows.
    private static RtspReply unauthorized(String reason, @Nullable DigestNonces nonces, boolean stale) {
        RtspReply reply = new RtspReply(401, reason);
        if (nonces != null) {
            String nonce = nonces.fresh();
            for (Digest.Algorithm algorithm : List.of(Digest.Algorithm.SHA_256, Digest.Algorithm.MD5)) {
                reply.with(
                        "WWW-Authenticate",
                        "Digest realm=\"%s\", nonce=\"%s\", qop=\"auth\", algorithm=%s%s"
                                .formatted(DigestProof.REALM, nonce, algorithm.word(), stale ? ", stale=true" : ""));
            }
        }
        return reply.with("WWW-Authenticate", "Basic realm=\"%s\"".formatted(DigestProof.REALM));
    }

    /// What was shown was for another time; who knows the password shows it again.
    static RtspReply stale(DigestNonces nonces) {
        return unauthorized("Unauthorized: the nonce is too old", nonces, true);
    }

    static RtspReply taken(StreamName name) {
        return new RtspReply(409, "Conflict: stream \"%s\" is already being published".formatted(name));
    }

    static RtspReply nothingFits(Stream stream) {
        List<String> codecs =
                stream.tracks().stream().map(track -> track.codec().name()).toList();
        if (codecs.isEmpty()) {
            return new RtspReply(
                            503, "Service Unavailable: \"%s\" has no picture and no sound yet".formatted(stream.name()))
                    .with("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
        }
        return new RtspReply(
                415,
                "Unsupported Media Type: RTSP cannot carry " + codecs.stream().collect(Collectors.joining(" and ")));
    }
}
