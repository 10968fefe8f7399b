package tapedeck;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import tapedeck.mix.MixCallback;
import tapedeck.mix.MixFailedException.Reason;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/// The queue of a running server, asked to mix a file and watched until it is over: what hook scripts want mixed at the
/// same time then waits for a free core, goes on after a restart, and is seen in REST and the console.
final class MixQueue implements AutoCloseable {
    static final Duration ANSWER_DEADLINE = Duration.ofSeconds(10);
    static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    /// A server that does not answer so often in a row is gone: it mixes the file after its next start.
    static final int MAX_SILENCE = 5;

    private static final int OK = 200;
    private static final int CONFLICT = 409;
    private static final int UNAVAILABLE = 503;

    private final URI server;
    private final Path tokenFile;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(ANSWER_DEADLINE)
            .build();
    private final JsonMapper mapper = JsonMapper.builder().build();

    /// How a mix ended.
    ///
    /// @param exitCode as that of `./run mix`
    /// @param mixedFile empty if there is none
    record End(int exitCode, String mixedFile, String message) {}

    /// @param tokenFile of the admin token; it need not exist
    MixQueue(URI server, Path tokenFile) {
        this.server = server;
        this.tokenFile = tokenFile;
    }

    /// Empty if the server cannot be asked, or does not know the file: then it is not going to mix it.
    Optional<End> mix(MixCallback.Recording recording, IntConsumer percent) throws InterruptedException {
        Optional<String> asked = ask(recording);
        if (asked.isEmpty()) {
            return Optional.empty();
        }
        String id = asked.get();
        int silence = 0;
        while (true) {
            Optional<JsonNode> all = all();
            if (all.isEmpty()) {
                silence++;
                if (silence == MAX_SILENCE) {
                    return Optional.of(new End(
                            Reason.BUSY.exitCode(), "", "the server is gone, and mixes it after its next start"));
                }
            } else {
                silence = 0;
                JsonNode job = ofId(all.get(), id);
                switch (job.path("state").asString("")) {
                    case "waiting", "running" ->
                        percent.accept(job.path("percent").asInt());
                    case "done", "failed" -> {
                        return Optional.of(new End(
                                job.path("exitCode").asInt(),
                                job.path("mixedFile").asString(),
                                job.path("message").asString()));
                    }
                    default -> {
                        return Optional.of(new End(Reason.BROKEN.exitCode(), "", "it was taken out of the queue"));
                    }
                }
            }
            TimeUnit.NANOSECONDS.sleep(LOOK_EVERY.toNanos());
        }
    }

    /// The job's id: a new one, or that of who asked before.
    private Optional<String> ask(MixCallback.Recording recording) throws InterruptedException {
        Map<String, Object> wish = new LinkedHashMap<>();
        wish.put("fileName", recording.file().toAbsolutePath().toString());
        recording.creationTime().ifPresent(time -> wish.put("multiRecorderCreationModificationTime", time));
        recording.durationMillis().ifPresent(millis -> wish.put("multiRecorderDurationInMS", millis));
        wish.put("recorderUri", recording.uri());
        Optional<Answer> answer = post("startup", wish);
        // A server that has just begun runs the hooks of what it recovered before it answers, or before its database
        // does.
        for (int attempt = 1; isLater(answer) && attempt < MAX_SILENCE; attempt++) {
            TimeUnit.NANOSECONDS.sleep(LOOK_EVERY.toNanos());
            answer = post("startup", wish);
        }
        if (answer.isPresent() && answer.get().status() == CONFLICT) {
            String name = String.valueOf(recording.file().getFileName());
            return all().flatMap(jobs -> open(jobs, name));
        }
        return answer.filter(one -> one.status() == OK)
                .map(one -> one.body().path("id").asString());
    }

    private static boolean isLater(Optional<Answer> answer) {
        return answer.isEmpty() || answer.get().status() == UNAVAILABLE;
    }

    /// The id of the mix of this file that waits or runs. Those that are over are of other times; and there is none
    /// where too many others wait.
    static Optional<String> open(JsonNode all, String fileName) {
        for (JsonNode job : all) {
            String state = job.path("state").asString("");
            if (job.path("fileName").asString("").equals(fileName)
                    && (state.equals("waiting") || state.equals("running"))) {
                return Optional.of(job.path("id").asString());
            }
        }
        return Optional.empty();
    }

    private static JsonNode ofId(JsonNode all, String id) {
        for (JsonNode job : all) {
            if (job.path("id").asString("").equals(id)) {
                return job;
            }
        }
        return MissingNode.getInstance();
    }

    /// Empty also where the server answers, but its database does not.
    private Optional<JsonNode> all() throws InterruptedException {
        return post("find_all", Map.of())
                .filter(answer -> answer.status() == OK)
                .map(Answer::body);
    }

    private record Answer(int status, JsonNode body) {}

    /// Empty if there is no answer, or none of such a server.
    private Optional<Answer> post(String call, Map<String, ?> body) throws InterruptedException {
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve("/rest-api/offlineMixer/" + call))
                    .timeout(ANSWER_DEADLINE)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(mapper.writeValueAsString(body)));
            if (Files.isReadable(tokenFile)) {
                request.header(
                        "Authorization", "Bearer " + Files.readString(tokenFile).strip());
            }
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return Optional.of(new Answer(response.statusCode(), mapper.readTree(response.body())));
        } catch (IOException | JacksonException _) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
