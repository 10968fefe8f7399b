package tapedeck.protocol.webrtc;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// WHIP, RFC 9725: an offer is posted to `/whip/NAME`, and the answer's Location is where the session is ended again.
///
/// A name is taken from the offer on, although the stream begins only when the peer has proved who it is: an
/// offer costs nothing, and so must not bring forth a stream.
final class WhipRoutes {
    static final int MAX_OFFER_BYTES = SessionDescription.MAX_CHARACTERS;
    static final int MAX_FRAGMENT_BYTES = 16 * 1024;

    private static final String OFFERS = "/whip/*";
    private static final String SESSIONS = "/whip/session/*";
    private static final String SDP = "application/sdp";
    private static final String FRAGMENT = "application/trickle-ice-sdpfrag";

    private final PeerPort port;
    private final DtlsIdentity identity;
    private final Addresses addresses;
    private final Streams streams;
    private final Map<StreamName, WhipSession> byName = new ConcurrentHashMap<>();
    private final Map<String, WhipSession> byId = new ConcurrentHashMap<>();

    WhipRoutes(PeerPort port, DtlsIdentity identity, Addresses addresses, Streams streams) {
        this.port = port;
        this.identity = identity;
        this.addresses = addresses;
        this.streams = streams;
    }

    void addTo(HttpRoutes routes) {
        routes.add("POST", OFFERS, this::offer)
                .add("OPTIONS", OFFERS, this::options)
                .add("DELETE", SESSIONS, this::delete)
                .add("PATCH", SESSIONS, this::patch)
                .add("OPTIONS", SESSIONS, this::options);
    }

    /// RFC 9725 4.2: pages of other origins may publish; what they may is for rights to say, not for CORS.
    private static void allowOrigins(HttpExchange exchange) {
        exchange.set("Access-Control-Allow-Origin", "*");
        exchange.set("Access-Control-Expose-Headers", "Location, ETag, Link");
    }

    private void options(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        exchange.set("Access-Control-Allow-Methods", "POST, DELETE, PATCH, OPTIONS")
                .set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
                .set("Access-Control-Max-Age", "86400")
                .set("Accept-Post", SDP)
                .respond(204);
    }

    private void offer(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        StreamName name = new StreamName(exchange.pathRest());
        demand(exchange, SDP);
        Publisher.RecordWish wish = recordWish(exchange.query("record"));
        String id = IceCredentials.chars(22).replace('+', '-').replace('/', '_');
        IceCredentials ice = IceCredentials.random();
        Answer answer = answer(exchange, ice);
        WhipSession.Request request = new WhipSession.Request(name, wish, id, answer);
        WhipSession session = new WhipSession(port, identity, ice, request, streams, this::ended);
        if (streams.find(name).isPresent() || byName.putIfAbsent(name, session) != null) {
            throw new HttpProblem(409, "stream \"%s\" is already being published".formatted(name));
        }
        byId.put(id, session);
        if (!session.open()) {
            ended(session);
            throw new HttpProblem(503, "the server has %d WebRTC sessions already".formatted(PeerPort.MAX_SESSIONS));
        }
        exchange.set("Location", "/whip/session/" + id).set("ETag", "\"" + ice.ufrag() + "\"");
        exchange.respond(201, SDP, Bytes.ofUtf8(answer.description().toString()));
    }

    private Answer answer(HttpExchange exchange, IceCredentials ice) throws Exception {
        Answer.Ours ours = new Answer.Ours(
                ThreadLocalRandom.current().nextLong(1L << 62),
                ice,
                identity.fingerprint(),
                addresses.candidates(exchange.peer().getAddress(), port.port()));
        try {
            return Answer.to(Offer.parse(exchange.body(MAX_OFFER_BYTES).toUtf8()), new Part.Receiving(), ours);
        } catch (NothingFitsException e) {
            throw new HttpProblem(406, String.valueOf(e.getMessage()));
        }
    }

    private void ended(WhipSession session) {
        byName.remove(session.name(), session);
        byId.remove(session.id(), session);
    }

    private void delete(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        find(exchange).close("unpublished");
        exchange.respond(200);
    }

    /// RFC 9725 4.3: candidates of the peer are of no use to us, because as the lite side we only answer checks.
    /// A restart of ICE is refused: the peer begins a new session instead.
    private void patch(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        WhipSession session = find(exchange);
        demand(exchange, FRAGMENT);
        String fragment = exchange.body(MAX_FRAGMENT_BYTES).toUtf8();
        for (String line : fragment.lines().toList()) {
            if (line.startsWith("a=ice-ufrag:") && !line.substring(12).strip().equals(session.remoteUfrag())) {
                throw new HttpProblem(422, "ICE cannot be restarted, begin a new session");
            }
        }
        exchange.respond(204);
    }

    private WhipSession find(HttpExchange exchange) throws HttpProblem {
        WhipSession session = byId.get(exchange.pathRest());
        if (session == null) {
            throw new HttpProblem(404, "no such session");
        }
        return session;
    }

    private static void demand(HttpExchange exchange, String mediaType) throws HttpProblem {
        String given = exchange.header("Content-Type").orElse("");
        if (!given.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals(mediaType)) {
            throw new HttpProblem(415, "Content-Type has to be " + mediaType);
        }
    }

    private static Publisher.RecordWish recordWish(Optional<String> query) {
        return switch (query.orElse("")) {
            case "" -> Publisher.RecordWish.AS_CONFIGURED;
            case "true" -> Publisher.RecordWish.YES;
            case "false" -> Publisher.RecordWish.NO;
            default -> throw new MalformedException("record has to be true or false");
        };
    }
}
