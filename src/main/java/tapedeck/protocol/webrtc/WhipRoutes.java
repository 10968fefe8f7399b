package tapedeck.protocol.webrtc;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rights.Request;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// WHIP, RFC 9725: an offer is posted to `/whip/NAME`, and the answer's Location is where the session is ended again.
///
/// A name is taken from the offer on, although the stream begins only when the peer has proved who it is: an
/// offer costs nothing, and so must not bring forth a stream.
final class WhipRoutes {
    private final SessionRoutes.House house;
    private final SessionRoutes sessions;
    private final Streams streams;
    private final Audiences audiences;
    private final Map<StreamName, WhipSession> byName = new ConcurrentHashMap<>();

    WhipRoutes(SessionRoutes.House house, Streams streams, Audiences audiences) {
        this.audiences = audiences;
        this.house = house;
        this.sessions = new SessionRoutes(house, "whip", Request.Action.PUBLISH);
        this.streams = streams;
    }

    void addTo(HttpRoutes routes) {
        sessions.addTo(routes);
        routes.add("POST", "/whip/*", this::offer);
    }

    private void offer(HttpExchange exchange) throws Exception {
        SessionRoutes.allowOrigins(exchange);
        StreamName name = new StreamName(exchange.pathRest());
        SessionRoutes.demand(exchange, SessionRoutes.SDP);
        Publisher.RecordWish wish = recordWish(exchange.query("record"));
        IceCredentials ice = IceCredentials.random();
        Answer answer = sessions.answer(exchange, sessions.offer(exchange, name), new Part.Receiving(), ice);
        PeerSession.Agreed agreed = PeerSession.Agreed.of(name, answer);
        PeerSession.Place place = new PeerSession.Place(house.port(), house.identity(), streams, this::ended);
        WhipSession session = new WhipSession(agreed, wish, audiences, ice, place);
        if (streams.find(name).isPresent() || byName.putIfAbsent(name, session) != null) {
            throw new HttpProblem(409, "stream \"%s\" is already being published".formatted(name));
        }
        try {
            sessions.created(exchange, session, ice, answer);
        } catch (HttpProblem full) {
            byName.remove(name, session);
            throw full;
        }
    }

    private void ended(PeerSession session) {
        byName.remove(session.name(), session);
        sessions.ended(session);
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
