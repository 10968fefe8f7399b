package tapedeck.api;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tapedeck.bytes.MalformedException;
import tapedeck.mix.MixCallback;
import tapedeck.mix.MixJob;
import tapedeck.mix.MixJobs;
import tapedeck.mix.QueueAwayException;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;

/// `offlineMixer/…`: recordings of many streams into one picture.
final class MixCalls {
    /// @param mixedFile empty before it is there
    /// @param exitCode with which `./run mix` would have ended
    record Entry(
            String id,
            String fileName,
            String state,
            int percent,
            int attempts,
            long createdMillis,
            long endedMillis,
            String mixedFile,
            int exitCode,
            String message) {
        static Entry of(MixJob job) {
            return new Entry(
                    job.id(),
                    name(job.file()),
                    job.state().name().toLowerCase(Locale.ROOT),
                    job.percent(),
                    job.attempts(),
                    job.createdAtMillis(),
                    job.endedAtMillis(),
                    name(job.mixedFile()),
                    job.exitCode(),
                    job.message());
        }

        private static String name(String path) {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    /// Said where the database is away; one in a file opens within a second.
    static final int RETRY_AFTER_SECONDS = 1;

    private final MixJobs jobs;
    private final List<Path> folders;

    /// @param folders in which recordings are looked for
    MixCalls(MixJobs jobs, List<Path> folders) {
        this.jobs = jobs;
        this.folders = folders;
    }

    void start(HttpExchange exchange) throws Exception {
        Json.Body body = Json.body(exchange);
        MixCallback.Recording recording = new MixCallback.Recording(
                file(body.text("fileName")),
                known(body.optionalNumber("multiRecorderCreationModificationTime")),
                known(body.optionalNumber("multiRecorderDurationInMS")),
                body.optionalText("recorderUri").orElse(""));
        try {
            MixJob job = jobs.add(recording)
                    .orElseThrow(() -> new HttpProblem(409, "it waits or is being mixed already, or too many wait"));
            Json.respond(exchange, Map.of("id", job.id()));
        } catch (QueueAwayException e) {
            throw away(exchange, e);
        }
    }

    private static HttpProblem away(HttpExchange exchange, QueueAwayException e) {
        exchange.set("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
        return new HttpProblem(503, String.valueOf(e.getMessage()));
    }

    private static OptionalLong known(Optional<Long> value) {
        return value.map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    private Path file(String name) throws HttpProblem {
        for (Path folder : folders) {
            Path root = folder.toAbsolutePath().normalize();
            Path file;
            try {
                file = root.resolve(name).normalize();
            } catch (InvalidPathException _) {
                throw new MalformedException("\"fileName\": no name of a file");
            }
            if (file.startsWith(root) && !file.equals(root) && Files.isRegularFile(file)) {
                return file;
            }
        }
        throw new HttpProblem(404, "there is no such recording");
    }

    void findAll(HttpExchange exchange) throws Exception {
        Json.body(exchange);
        try {
            Json.respond(exchange, jobs.all().stream().map(Entry::of).toList());
        } catch (QueueAwayException e) {
            throw away(exchange, e);
        }
    }

    void terminate(HttpExchange exchange) throws Exception {
        String id = Json.body(exchange).text("id");
        try {
            if (!jobs.cancel(id)) {
                throw new HttpProblem(404, "there is no such mix that waits or runs");
            }
        } catch (QueueAwayException e) {
            throw away(exchange, e);
        }
        exchange.respond(200);
    }
}
