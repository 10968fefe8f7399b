package tapedeck.api;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.record.Recordings;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// `stream/…`: the live streams.
final class StreamCalls {
    private final Streams streams;
    private final Recordings recordings;
    private final Bitrates bitrates;
    private final InstantSource clock;

    StreamCalls(Streams streams, Recordings recordings, Bitrates bitrates, InstantSource clock) {
        this.streams = streams;
        this.recordings = recordings;
        this.bitrates = bitrates;
        this.clock = clock;
    }

    /// All live streams, oldest first.
    void findAll(HttpExchange exchange) throws Exception {
        Json.body(exchange);
        Json.respond(exchange, matching(_ -> true));
    }

    /// The live streams that have all of the values in the body; 404 if there is none.
    void find(HttpExchange exchange) throws Exception {
        Json.Body body = Json.body(exchange);
        List<LiveStream> found = matching(stream -> fits(body.optionalText("mediaSessionId"), stream.mediaSessionId())
                && fits(body.optionalText("name"), stream.name())
                && fits(body.optionalText("sessionId"), stream.sessionId())
                && fits(body.optionalText("status"), stream.status())
                && fits(body.optionalFlag("published"), stream.published()));
        if (found.isEmpty()) {
            throw new HttpProblem(404, "no such stream");
        }
        Json.respond(exchange, found);
    }

    void terminate(HttpExchange exchange) throws Exception {
        String mediaSessionId = Json.body(exchange).text("mediaSessionId");
        Stream stream = streams.findBySession(mediaSessionId).orElseThrow(() -> new HttpProblem(404, "no such stream"));
        stream.terminate("ended over REST");
        exchange.respond(200);
    }

    private static <T> boolean fits(Optional<T> wanted, T actual) {
        return wanted.map(actual::equals).orElse(true);
    }

    private List<LiveStream> matching(Predicate<LiveStream> wanted) {
        Instant now = clock.instant();
        return streams.all().stream()
                .map(stream -> LiveStream.of(
                        stream, recordings.isRecording(stream.mediaSessionId()), bitrates.bitsPerSecond(stream), now))
                .filter(wanted)
                .sorted(Comparator.comparingLong(LiveStream::creationDate).thenComparing(LiveStream::name))
                .toList();
    }
}
