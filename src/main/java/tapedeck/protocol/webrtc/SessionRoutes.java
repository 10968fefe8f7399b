package tapedeck.protocol.webrtc;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import tapedeck.bytes.Bytes;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.IceLinks;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.rights.HttpEntrance;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.rtp.sdp.IceFragment;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.StreamName;

/// What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) have in common: answers to offers, and the resources of the
/// sessions that come of them, with DELETE, and PATCH for candidates and restarts of ICE.
final class SessionRoutes {
    static final int MAX_OFFER_BYTES = SessionDescription.MAX_CHARACTERS;
    static final int MAX_FRAGMENT_BYTES = IceFragment.MAX_CHARACTERS;
    /// PATCH requests of one session at once, and how many it gets back each second.
    static final int PATCH_BURST = 50;

    static final int PATCHES_PER_SECOND = 5;
    static final int RETRY_AFTER_SECONDS = 10;

    static final String SDP = "application/sdp";
    static final String FRAGMENT = "application/trickle-ice-sdpfrag";
    private static final int ID_CHARS = 22;

    /// Of the server, the same for both protocols.
    record House(
            PeerPort port,
            DtlsIdentity identity,
            Addresses addresses,
            OfferLimits limits,
            IceLinks iceLinks,
            Rights rights,
            LongSupplier nanoClock) {}

    private record Kept(IceState ice, Answer answer, InetAddress from, RateLimit patches) {}

    private final House house;
    private final String prefix;
    private final HttpEntrance entrance;
    private final Map<String, Kept> byResource = new ConcurrentHashMap<>();

    /// @param protocol `whip` or `whep`
    /// @param action what its sessions do
    SessionRoutes(House house, String protocol, Request.Action action) {
        this.house = house;
        this.prefix = "/" + protocol;
        this.entrance = new HttpEntrance(house.rights(), action, protocol);
    }

    void addTo(HttpRoutes routes) {
        String endpoints = prefix + "/*";
        String sessions = prefix + "/session/*";
        routes.problemDetails(endpoints)
                .add("OPTIONS", endpoints, this::options)
                .add("GET", endpoints, this::nothingToSee)
                .add("DELETE", sessions, this::delete)
                .add("PATCH", sessions, this::patch)
                .add("GET", sessions, this::nothingToSee)
                .add("OPTIONS", sessions, this::options);
    }

    /// RFC 9725 4.2: pages of other origins may publish and play; what they may is for rights to say, not for CORS.
    static void allowOrigins(HttpExchange exchange) {
        exchange.set("Access-Control-Allow-Origin", "*")
                .set(
                        "Access-Control-Expose-Headers",
                        "Location, ETag, Link, Left-Out, Retry-After, Accept-Patch, WWW-Authenticate");
    }

    private void options(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        exchange.set("Access-Control-Allow-Methods", "POST, DELETE, PATCH, OPTIONS")
                .set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
                .set("Access-Control-Max-Age", "86400")
                .set("Accept-Post", SDP)
                .set("Accept-Patch", FRAGMENT);
        // A preflight comes without Authorization, and passwords of TURN servers are not for everybody.
        if (entrance.isOpen(exchange, exchange.pathRest())) {
            tellIceServers(exchange);
        }
        exchange.respond(204);
    }

    /// RFC 9725 4.6: before the offer with OPTIONS, or else with the answer.
    private void tellIceServers(HttpExchange exchange) {
        String links = house.iceLinks().header();
        if (!links.isEmpty()) {
            exchange.set("Link", links);
        }
    }

    /// RFC 9725 4.1: a success without content, since the resources have no representation.
    private void nothingToSee(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        exchange.respond(204);
    }

    /// @throws HttpProblem 415 unless the body is said to be of this type
    static void demand(HttpExchange exchange, String mediaType) throws HttpProblem {
        String given = exchange.header("Content-Type").orElse("");
        if (!given.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals(mediaType)) {
            throw new HttpProblem(415, "Content-Type has to be " + mediaType);
        }
    }

    /// The offer in the body, of a peer that may. The address it came from has a turn less.
    ///
    /// RFC 9725 4.7: what is shown here opens the session. PATCH and DELETE need its address and nothing more:
    /// nobody can guess it, and a peer can still end what it began with a token that has expired since.
    Offer offer(HttpExchange exchange, StreamName name) throws Exception {
        house.limits().demandTurn(entrance.client(exchange), exchange);
        entrance.demand(exchange, name.value());
        Bytes body = exchange.body(MAX_OFFER_BYTES);
        if (body.length() == 0) {
            // The draft lets an endpoint make the offer itself, as an answer to one; this one never does.
            throw new HttpProblem(400, "post an SDP offer: this server answers and does not offer");
        }
        return Offer.parse(body.toUtf8());
    }

    Answer answer(HttpExchange exchange, Offer offer, Part part, IceCredentials ice) throws HttpProblem {
        Answer.Ours ours = new Answer.Ours(
                ThreadLocalRandom.current().nextLong(1L << 62),
                ice,
                house.identity().fingerprint(),
                house.addresses()
                        .candidates(entrance.client(exchange), house.port().port()));
        try {
            return Answer.to(offer, part, ours);
        } catch (NothingFitsException e) {
            throw new HttpProblem(406, String.valueOf(e.getMessage()));
        }
    }

    /// RFC 9725 7: nobody may guess it.
    static String randomId() {
        return IceCredentials.chars(ID_CHARS).replace('+', '-').replace('/', '_');
    }

    /// Opens the session and answers 201.
    void created(HttpExchange exchange, PeerSession session, IceCredentials ice, Answer answer) throws Exception {
        InetAddress from = entrance.client(exchange);
        IceState state = new IceState(session, ice, answer.remoteUfrag());
        RateLimit patches = new RateLimit(PATCH_BURST, PATCHES_PER_SECOND, house.nanoClock());
        byResource.put(session.resource(), new Kept(state, answer, from, patches));
        house.limits().opened(from, session);
        if (!session.open()) {
            ended(session);
            exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
            throw new HttpProblem(503, "the server has %d WebRTC sessions already".formatted(PeerPort.MAX_SESSIONS));
        }
        tellIceServers(exchange);
        exchange.set("Location", prefix + "/session/" + session.resource())
                .set("ETag", IceState.etag(ice))
                .respond(201, SDP, Bytes.ofUtf8(answer.description().toString()));
    }

    void ended(PeerSession session) {
        Kept kept = byResource.remove(session.resource());
        if (kept != null) {
            house.limits().ended(kept.from(), session);
        }
    }

    /// RFC 9725 4.2: whatever If-Match says.
    private void delete(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        find(exchange).ice().session().close("ended by DELETE");
        exchange.respond(200);
    }

    /// RFC 9725 4.3. Candidates of the peer are of no use to us, because as the lite side we only answer checks; they
    /// are read all the same, so that a client learns of its mistakes.
    private void patch(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        exchange.set("Accept-Patch", FRAGMENT);
        Kept kept = find(exchange);
        if (!kept.patches().take()) {
            exchange.set("Retry-After", "1");
            throw new HttpProblem(429, "more than %d PATCH requests a second".formatted(PATCHES_PER_SECOND));
        }
        demand(exchange, FRAGMENT);
        IceFragment fragment =
                IceFragment.parse(exchange.body(MAX_FRAGMENT_BYTES).toUtf8());
        List<String> tags = tags(exchange);
        if (tags.isEmpty()) {
            throw new HttpProblem(428, "If-Match is needed: the ETag of the ICE session, or * to restart it");
        }
        IceCredentials renewed = kept.ice().patch(tags, fragment);
        if (renewed == null) {
            exchange.respond(204);
            return;
        }
        exchange.set("ETag", IceState.etag(renewed))
                .respond(
                        200,
                        FRAGMENT,
                        Bytes.ofUtf8(AnswerWriter.fragment(kept.answer().description(), renewed)));
    }

    private static List<String> tags(HttpExchange exchange) {
        return exchange.headers("If-Match").stream()
                .flatMap(line -> List.of(line.split(",", -1)).stream())
                .map(String::strip)
                .filter(tag -> !tag.isEmpty())
                .toList();
    }

    private Kept find(HttpExchange exchange) throws HttpProblem {
        Kept kept = byResource.get(exchange.pathRest());
        if (kept == null) {
            throw new HttpProblem(404, "no such session");
        }
        return kept;
    }
}
