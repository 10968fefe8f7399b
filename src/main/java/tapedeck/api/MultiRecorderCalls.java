package tapedeck.api;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.record.MultiRecording;
import tapedeck.record.MultiRecordings;
import tapedeck.record.RecordingRefusedException;

/// `multipleRecorder/…`: many streams into one file.
final class MultiRecorderCalls {
    /// As the recording page has it, and what is on disk so far.
    record Active(List<String> mediaSessionsId, String uri, String fileName, long durationMillis, long size) {
        static Active of(MultiRecording recording) {
            return new Active(
                    recording.mediaSessionIds(),
                    recording.uri(),
                    recording.fileName(),
                    recording.durationNanos() / 1_000_000,
                    recording.sizeBytes());
        }
    }

    private interface Call {
        void run(Json.Body body) throws RecordingRefusedException;
    }

    private final MultiRecordings recordings;

    MultiRecorderCalls(MultiRecordings recordings) {
        this.recordings = recordings;
    }

    void start(HttpExchange exchange) throws Exception {
        run(exchange, body -> recordings.start(uri(body), fileName(body)));
    }

    void add(HttpExchange exchange) throws Exception {
        run(exchange, body -> recordings.add(uri(body), body.text("mediaSessionId")));
    }

    void remove(HttpExchange exchange) throws Exception {
        run(exchange, body -> recordings.remove(uri(body), body.text("mediaSessionId")));
    }

    void terminate(HttpExchange exchange) throws Exception {
        run(exchange, body -> recordings.terminate(uri(body)));
    }

    /// 404 if there is none.
    void findAll(HttpExchange exchange) throws Exception {
        Json.body(exchange);
        List<Active> all = recordings.all().stream().map(Active::of).toList();
        if (all.isEmpty()) {
            throw new HttpProblem(404, "there is no recorder");
        }
        Json.respond(exchange, all);
    }

    private static void run(HttpExchange exchange, Call call) throws Exception {
        Json.Body body = Json.body(exchange);
        try {
            call.run(body);
        } catch (RecordingRefusedException e) {
            throw RecorderCalls.problem(e);
        }
        exchange.respond(200);
    }

    /// `filename` in the page's table of parameters, `fileName` in its answers.
    private static @Nullable String fileName(Json.Body body) {
        return body.optionalText("filename")
                .or(() -> body.optionalText("fileName"))
                .orElse(null);
    }

    private static String uri(Json.Body body) {
        String uri = body.text("uri");
        if (uri.isBlank()
                || uri.length() > MultiRecordings.MAX_URI_LENGTH
                || uri.chars().anyMatch(Character::isISOControl)) {
            throw new MalformedException("\"uri\": 1 to %d characters allowed, and no control characters"
                    .formatted(MultiRecordings.MAX_URI_LENGTH));
        }
        return uri;
    }
}
