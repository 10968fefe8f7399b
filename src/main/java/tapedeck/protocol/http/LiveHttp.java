package tapedeck.protocol.http;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import tapedeck.media.Carried;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpSocket;
import tapedeck.net.http.HttpStream;
import tapedeck.rights.HttpEntrance;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// `GET /live/NAME.flv` and its kind; `NAME.mp4` also over a WebSocket.
public final class LiveHttp implements AutoCloseable {
    static final int RETRY_AFTER_SECONDS = 2;
    /// Said with 503 where [KeptBytes] lets nobody in.
    static final String NO_ROOM = "there is no memory left for players of another stream now";

    private static final String LEFT_OUT = "Left-Out";
    private static final String PATH = "/live/*";

    private final Streams streams;
    private final HttpEntrance entrance;
    private final Broadcasts broadcasts;

    /// @param kept shared by all that keeps something for players
    public LiveHttp(Rights rights, Streams streams, HttpRoutes routes, KeptBytes kept) {
        this.streams = streams;
        this.broadcasts = new Broadcasts(streams, kept);
        this.entrance = HttpEntrance.ofAddresses(rights, Request.Action.PLAY, "http");
        routes.problemDetails(PATH).add("GET", PATH, this::play).add("OPTIONS", PATH, LiveHttp::options);
    }

    /// How a live stream can be had, behind the dot of its name.
    public static List<String> extensions() {
        return Arrays.stream(LiveFormat.values()).map(LiveFormat::extension).toList();
    }

    /// What may be played is for rights to say, not for CORS.
    static void allowOrigins(HttpExchange exchange) {
        exchange.set("Access-Control-Allow-Origin", "*")
                .set("Access-Control-Expose-Headers", "Content-Type, Left-Out, Retry-After, WWW-Authenticate")
                .set("Cache-Control", "no-store");
    }

    static void options(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        exchange.set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
                .set("Access-Control-Allow-Headers", "Authorization, Range")
                .set("Access-Control-Max-Age", "86400")
                .respond(204);
    }

    private void play(HttpExchange exchange) throws Exception {
        allowOrigins(exchange);
        String path = exchange.pathRest();
        int dot = path.lastIndexOf('.');
        Optional<LiveFormat> format = LiveFormat.ofExtension(path.substring(dot + 1));
        if (dot < 0 || format.isEmpty()) {
            throw new HttpProblem(404, "a live stream can be had as NAME." + String.join(", NAME.", extensions()));
        }
        StreamName name = new StreamName(path.substring(0, dot));
        entrance.demand(exchange, name.value());
        Stream stream = streams.find(name).orElse(null);
        if (stream == null) {
            throw retry(exchange, 404, "there is no stream \"%s\" now".formatted(name));
        }
        List<Track> tracks = stream.awaitTracks();
        if (tracks.isEmpty()) {
            throw retry(exchange, 409, "stream \"%s\" has begun, but nothing of it has come yet".formatted(name));
        }
        Carried carried =
                demand(exchange, tracks, format.get()::canCarry, format.get().title(), name);
        if (!broadcasts.hasRoom(stream, format.get())) {
            throw retry(exchange, 503, NO_ROOM);
        }
        if (exchange.wantsSocket()) {
            socket(exchange, stream, format.get(), carried.tracks());
            return;
        }
        HttpStream answer = exchange.open(200, format.get().mediaType(carried.tracks()));
        if (exchange.method().equals("HEAD")) {
            answer.end();
            return;
        }
        broadcasts.join(stream, format.get(), carried.tracks(), answer, exchange.peer());
    }

    /// What a format carries of a stream; the answer names what it leaves out.
    static Carried demand(
            HttpExchange exchange, List<Track> tracks, Predicate<Codec> carries, String format, StreamName name)
            throws HttpProblem {
        Carried carried = Carried.of(tracks, carries);
        if (!carried.isEnough()) {
            throw new HttpProblem(406, "%s cannot carry %s of \"%s\"".formatted(format, carried.missing(), name));
        }
        nameLeftOut(exchange, carried);
        return carried;
    }

    static void nameLeftOut(HttpExchange exchange, Carried carried) {
        if (!carried.leftOut().isEmpty()) {
            exchange.set(LEFT_OUT, carried.leftOutNames());
        }
    }

    /// For a page's `MediaSource`: the first message says what to make of the others, each of which is a part of the
    /// file.
    private void socket(HttpExchange exchange, Stream stream, LiveFormat format, List<Track> tracks) throws Exception {
        if (format != LiveFormat.MP4) {
            throw new HttpProblem(400, "over a WebSocket a live stream can be had as NAME.mp4");
        }
        exchange.upgrade(socket -> {
            socket.say(format.mediaType(tracks));
            broadcasts.join(stream, format, tracks, socket, exchange.peer());
            return HttpSocket.Listener.NONE;
        });
    }

    /// A refusal that is worth another try soon.
    static HttpProblem retry(HttpExchange exchange, int status, String reason) {
        exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
        return new HttpProblem(status, reason);
    }

    @Override
    public void close() {
        broadcasts.close();
    }
}
