package tapedeck.api;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
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
        Json.respond(exchange, all());
    }

    /// The live streams that have all of the values in the body; 404 if there is none.
    void find(HttpExchange exchange) throws Exception {
        Json.Body body = Json.body(exchange);
        Map<String, Object> wanted = new HashMap<>();
        for (String name : List.of("mediaSessionId", "name", "sessionId", "status")) {
            body.optionalText(name).ifPresent(value -> wanted.put(name, value));
        }
        body.optionalFlag("published").ifPresent(value -> wanted.put("published", value));
        List<? extends Map<String, Object>> found = all().stream()
                .filter(members -> members.entrySet().containsAll(wanted.entrySet()))
                .toList();
        if (found.isEmpty()) {
            throw new HttpProblem(404, "no such stream");
        }
        Json.respond(exchange, found);
    }

    void terminate(HttpExchange exchange) throws Exception {
        terminate(Json.body(exchange).text("mediaSessionId"), "ended over REST");
        exchange.respond(200);
    }

    void terminate(String mediaSessionId, String reason) throws HttpProblem {
        Stream stream = streams.findBySession(mediaSessionId).orElseThrow(() -> new HttpProblem(404, "no such stream"));
        stream.terminate(reason);
    }

    List<SequencedMap<String, Object>> all() {
        Instant now = clock.instant();
        return streams.all().stream()
                .sorted(Comparator.comparing(Stream::startedAt).thenComparing(Stream::name))
                .map(stream -> LiveStream.members(
                        stream, recordings.isRecording(stream.mediaSessionId()), bitrates.bitsPerSecond(stream), now))
                .toList();
    }
}
