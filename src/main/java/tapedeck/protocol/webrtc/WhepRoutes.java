package tapedeck.protocol.webrtc;

import java.util.List;
import java.util.stream.Collectors;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rights.Request;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// WHEP, draft-ietf-wish-whep-03 4.2.1: a viewer's offer is posted to `/whep/NAME` and answered with the codecs that
/// the stream has. The other way round, a counter-offer of the server, is never used.
final class WhepRoutes {
    static final int RETRY_AFTER_SECONDS = 2;
    /// Of an answer: the codecs of the stream that do not go along.
    static final String LEFT_OUT = "Left-Out";

    private final SessionRoutes sessions;
    private final Streams streams;
    private final SessionRoutes.House house;
    private final Audiences audiences;

    WhepRoutes(SessionRoutes.House house, Streams streams, Audiences audiences) {
        this.house = house;
        this.sessions = new SessionRoutes(house, "whep", Request.Action.PLAY);
        this.streams = streams;
        this.audiences = audiences;
    }

    void addTo(HttpRoutes routes) {
        sessions.addTo(routes);
        routes.add("POST", "/whep/*", this::offer);
    }

    private void offer(HttpExchange exchange) throws Exception {
        SessionRoutes.allowOrigins(exchange);
        StreamName name = new StreamName(exchange.pathRest());
        SessionRoutes.demand(exchange, SessionRoutes.SDP);
        LayerLimit limit = LayerLimit.parse(exchange.query("layer"), exchange.query("max_height"));
        Offer offer = sessions.offer(exchange, name);
        Stream stream = streams.find(name).orElse(null);
        if (stream == null) {
            throw retry(exchange, 404, "there is no stream \"%s\" now".formatted(name));
        }
        List<Codec> codecs = codecs(stream);
        if (codecs.isEmpty()) {
            throw retry(exchange, 409, "stream \"%s\" has begun, but nothing of it has come yet".formatted(name));
        }
        IceCredentials ice = IceCredentials.random();
        Answer answer = sessions.answer(exchange, offer, new Part.Sending(codecs), ice);
        PeerSession.Agreed agreed = PeerSession.Agreed.of(name, answer);
        PeerSession.Place place = new PeerSession.Place(house.port(), house.identity(), streams, sessions::ended);
        WhepSession session = new WhepSession(agreed, stream, limit, audiences, ice, place);
        String leftOut = leftOut(codecs, answer);
        if (!leftOut.isEmpty()) {
            exchange.set(LEFT_OUT, leftOut);
        }
        sessions.created(exchange, session, ice, answer);
    }

    /// The codecs of the stream that this viewer does not get: WebRTC does not carry them, or it did not offer them.
    static String leftOut(List<Codec> codecs, Answer answer) {
        return codecs.stream()
                .filter(codec -> answer.agreed().stream()
                        .noneMatch(one -> Formats.isVideo(one.format()) == codec instanceof Codec.Video))
                .map(Codec::name)
                .collect(Collectors.joining(", "));
    }

    private static HttpProblem retry(HttpExchange exchange, int status, String reason) {
        exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
        return new HttpProblem(status, reason);
    }

    /// The codecs of the stream's tracks, as soon as those are there that its publisher has announced.
    static List<Codec> codecs(Stream stream) throws InterruptedException {
        return stream.awaitTracks().stream().map(Track::codec).toList();
    }
}
