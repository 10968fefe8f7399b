package tapedeck.protocol.rtsp;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.Collectors;
import tapedeck.rights.Decision;
import tapedeck.rights.Request;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// What a peer is asked for, and answers that say why not.
final class RtspRefusal {
    private static final int RETRY_AFTER_SECONDS = 5;

    private RtspRefusal() {}

    /// Whether this peer may: what is asked of the rights.
    static Request question(
            Request.Action action,
            StreamName name,
            RtspMessage.Request request,
            RtspAddress address,
            InetAddress peer) {
        return new Request(
                action,
                name.value(),
                "rtsp",
                peer,
                credentials(request, address),
                Request.Credentials.without(address.parameters()));
    }

    /// What a peer showed: in a header, which a player asks its user for, or in the address. Players know passwords and
    /// no tokens, so what stands where the password does is a token too: which of them counts is for the settings.
    ///
    /// @throws tapedeck.bytes.MalformedException for a header that cannot be read
    private static Request.Credentials credentials(RtspMessage.Request request, RtspAddress address) {
        String header = request.header("authorization");
        if (header == null) {
            return Request.Credentials.ofParameters(address.parameters());
        }
        Request.Credentials shown = Request.Credentials.ofAuthorization(header);
        return shown.token().isEmpty()
                ? new Request.Credentials(shown.user(), shown.password(), shown.password())
                : shown;
    }

    /// RFC 2326 11 has no status of its own for those who have to wait: 503 with the time is the nearest.
    static RtspReply of(Decision.Refused refused) {
        return switch (refused) {
            // Players know passwords and no tokens: a token goes where the password is asked for.
            case Decision.Unproven(Decision.Unproven.Cause _, String reason) ->
                new RtspReply(401, "Unauthorized: " + reason).with("WWW-Authenticate", "Basic realm=\"Tapedeck\"");
            case Decision.Forbidden(String reason) -> new RtspReply(403, "Forbidden: " + reason);
            case Decision.Wait(String reason, long seconds) ->
                new RtspReply(503, "Service Unavailable: " + reason).with("Retry-After", Long.toString(seconds));
            case Decision.Unavailable(String reason) ->
                new RtspReply(503, "Service Unavailable: " + reason)
                        .with("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
        };
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
