package tapedeck.protocol.http;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Track;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpStream;
import tapedeck.rights.HttpEntrance;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// `GET /live/NAME.flv` and its kind.
public final class LiveHttp implements AutoCloseable {
    /// How long a player waits for the tracks of a stream that has just begun.
    static final long MAX_TRACK_WAIT_NANOS = TimeUnit.SECONDS.toNanos(3);
    /// A publisher that did not say what it sends may bring another track until its stream is so old.
    static final long UNKNOWN_TRACKS_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

    static final int RETRY_AFTER_SECONDS = 2;
    private static final String PATH = "/live/*";
    private static final int TRACK_POLL_MILLIS = 20;

    private final Streams streams;
    private final HttpEntrance entrance;
    private final Broadcasts broadcasts;

    public LiveHttp(Rights rights, Streams streams, HttpRoutes routes) {
        this.streams = streams;
        this.broadcasts = new Broadcasts(streams);
        this.entrance = HttpEntrance.ofAddresses(rights, Request.Action.PLAY, "http");
        routes.problemDetails(PATH).add("GET", PATH, this::play).add("OPTIONS", PATH, LiveHttp::options);
    }

    /// What may be played is for rights to say, not for CORS.
    private static void allowOrigins(HttpExchange exchange) {
        exchange.set("Access-Control-Allow-Origin", "*")
                .set("Access-Control-Expose-Headers", "Content-Type, Retry-After, WWW-Authenticate")
                .set("Cache-Control", "no-store");
    }

    private static void options(HttpExchange exchange) throws Exception {
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
            throw new HttpProblem(404, "a live stream can be had as NAME.flv, NAME.ts and NAME.mp4");
        }
        StreamName name = new StreamName(path.substring(0, dot));
        entrance.demand(exchange, name.value());
        Stream stream = streams.find(name).orElse(null);
        if (stream == null) {
            throw retry(exchange, 404, "there is no stream \"%s\" now".formatted(name));
        }
        List<Track> tracks = tracks(stream);
        if (tracks.isEmpty()) {
            throw retry(exchange, 409, "stream \"%s\" has begun, but nothing of it has come yet".formatted(name));
        }
        String missing = missing(tracks, format.get());
        if (missing != null) {
            throw new HttpProblem(
                    406, "%s cannot carry %s of \"%s\"".formatted(format.get().title(), missing, name));
        }
        HttpStream answer = exchange.open(200, format.get().mediaType(tracks));
        if (exchange.method().equals("HEAD")) {
            answer.end();
            return;
        }
        broadcasts.join(stream, format.get(), tracks, answer, exchange.peer());
    }

    private static HttpProblem retry(HttpExchange exchange, int status, String reason) {
        exchange.set("Retry-After", String.valueOf(RETRY_AFTER_SECONDS));
        return new HttpProblem(status, reason);
    }

    /// The codecs that do not fit, or null.
    private static @Nullable String missing(List<Track> tracks, LiveFormat format) {
        List<String> names = tracks.stream()
                .map(Track::codec)
                .filter(codec -> !format.canCarry(codec))
                .map(codec -> codec.name())
                .toList();
        return names.isEmpty() ? null : String.join(" and ", names);
    }

    /// The stream's tracks, as soon as those are there that its publisher has announced.
    private static List<Track> tracks(Stream stream) throws InterruptedException {
        long deadline = System.nanoTime() + MAX_TRACK_WAIT_NANOS;
        List<Track> tracks = stream.tracks();
        while (!complete(tracks, stream) && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(TRACK_POLL_MILLIS);
            tracks = stream.tracks();
        }
        return tracks;
    }

    private static boolean complete(List<Track> tracks, Stream stream) {
        Publisher.Expects expects = stream.publisher().expects();
        boolean video = tracks.stream().anyMatch(Track::isVideo);
        boolean audio = tracks.stream().anyMatch(Track::isAudio);
        if (expects == Publisher.Expects.UNKNOWN) {
            Stream.Statistics now = stream.statistics();
            return video && audio || now.ended() || !tracks.isEmpty() && now.mediaNanos() >= UNKNOWN_TRACKS_NANOS;
        }
        return (!expects.video() || video) && (!expects.audio() || audio);
    }

    @Override
    public void close() {
        broadcasts.close();
    }
}
