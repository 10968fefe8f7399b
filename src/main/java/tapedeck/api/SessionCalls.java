package tapedeck.api;

import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.stream.Session;
import tapedeck.stream.SessionReport;
import tapedeck.stream.Streams;

/// `/sessions`: how each peer does, track by track, and ending its conversation.
final class SessionCalls {
    static final String PATH = "/sessions";

    /// Milliseconds with a fraction: on one machine a round trip is far below one.
    record Path(
            String transport,
            String local,
            String remote,
            String protection,
            double roundTripMillis,
            long availableBitrate) {
        static Path of(SessionReport.Path path) {
            return new Path(
                    path.transport(),
                    path.local(),
                    path.remote(),
                    path.protection(),
                    millis(path.roundTripNanos()),
                    path.availableBitsPerSecond());
        }
    }

    /// @param lossPercent of all packets that should have come, counted from the beginning
    record TrackState(
            String kind,
            String codec,
            String layer,
            int width,
            int height,
            long bitrate,
            long packets,
            long bytes,
            long lost,
            double lossPercent,
            long recovered,
            long nacks,
            long keyframeRequests,
            long frames,
            long missingFrames,
            long freezes,
            double frozenMillis,
            double jitterMillis) {
        static TrackState of(SessionReport.TrackReport track) {
            return new TrackState(
                    track.kind(),
                    LiveStream.codecName(track.codec()),
                    track.layer(),
                    track.width(),
                    track.height(),
                    track.bitsPerSecond(),
                    track.packets(),
                    track.bytes(),
                    track.lost(),
                    percent(track.lost(), track.lost() + track.packets()),
                    track.recovered(),
                    track.nacks(),
                    track.keyframeRequests(),
                    track.frames(),
                    track.missingFrames(),
                    track.freezes(),
                    millis(track.frozenNanos()),
                    millis(track.jitterNanos()));
        }
    }

    /// @param path null until the peer can be reached
    record Entry(
            String sessionId,
            String direction,
            String stream,
            String protocol,
            long startMillis,
            long uptimeMillis,
            @Nullable Path path,
            List<TrackState> tracks) {}

    private final Streams streams;
    private final InstantSource clock;

    SessionCalls(Streams streams, InstantSource clock) {
        this.streams = streams;
        this.clock = clock;
    }

    /// Oldest first; `?stream=NAME` and `?direction=publishes|plays` leave the others out.
    void list(HttpExchange exchange) throws Exception {
        Optional<String> stream = exchange.query("stream");
        Optional<SessionReport.Direction> direction =
                exchange.query("direction").map(SessionCalls::direction);
        Json.respond(
                exchange,
                streams.sessions().stream()
                        .map(Session::report)
                        .filter(report ->
                                stream.isEmpty() || report.stream().value().equals(stream.get()))
                        .filter(report -> direction.isEmpty() || report.direction() == direction.get())
                        .sorted(Comparator.comparing(SessionReport::since).thenComparing(SessionReport::id))
                        .map(this::entry)
                        .toList());
    }

    void one(HttpExchange exchange) throws Exception {
        Json.respond(exchange, entry(find(exchange).report()));
    }

    void terminate(HttpExchange exchange) throws Exception {
        find(exchange).terminate("ended over REST");
        exchange.respond(204);
    }

    private Session find(HttpExchange exchange) throws HttpProblem {
        String id = exchange.pathRest();
        return streams.sessions().stream()
                .filter(session -> session.report().id().equals(id))
                .findAny()
                .orElseThrow(() -> new HttpProblem(404, "no such session"));
    }

    private Entry entry(SessionReport report) {
        return new Entry(
                report.id(),
                word(report.direction()),
                report.stream().value(),
                report.protocol().name(),
                report.since().toEpochMilli(),
                Math.max(0, clock.millis() - report.since().toEpochMilli()),
                report.path().map(Path::of).orElse(null),
                report.tracks().stream().map(TrackState::of).toList());
    }

    static String word(SessionReport.Direction direction) {
        return direction.name().toLowerCase(Locale.ROOT);
    }

    private static SessionReport.Direction direction(String word) {
        for (SessionReport.Direction direction : SessionReport.Direction.values()) {
            if (word(direction).equals(word)) {
                return direction;
            }
        }
        throw new MalformedException("\"direction\": publishes, plays allowed");
    }

    private static double millis(long nanos) {
        return Math.round(nanos / 1e4) / 100.0;
    }

    private static double percent(long part, long whole) {
        return whole == 0 ? 0 : Math.round(part * 1e4 / whole) / 100.0;
    }
}
