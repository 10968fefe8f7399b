package tapedeck.mix;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/// Tells a backend of a finished mix, by POST of the recording page's JSON; several times if it does not take it.
public final class MixCallback {
    static final Duration CONNECT_DEADLINE = Duration.ofSeconds(5);
    static final Duration DEADLINE = Duration.ofSeconds(10);
    static final int ATTEMPTS = 5;
    static final Duration FIRST_RETRY = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(MixCallback.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    /// As MP4 counts, ISO/IEC 14496-12 8.2.2.
    private static final Instant START_OF_TIME = Instant.parse("1904-01-01T00:00:00Z");

    private final Duration firstRetry;

    /// What the recorder says of the file that was mixed; what it does not say is taken from the file.
    ///
    /// @param creationTime seconds since 1904
    /// @param uri of the recorder
    public record Recording(Path file, OptionalLong creationTime, OptionalLong durationMillis, String uri) {
        /// Of which the recorder says nothing.
        public static Recording of(Path file) {
            return new Recording(file, OptionalLong.empty(), OptionalLong.empty(), "");
        }
    }

    /// The members in the order of the page.
    record Body(
            long multiRecorderCreationModificationTime,
            long multiRecorderDurationInMS,
            String multiRecorderFilePath,
            String recorderUri,
            List<Mix> mixerParams) {
        public Body {
            mixerParams = List.copyOf(mixerParams);
        }
    }

    record Mix(String path, long durationInMs, long creationModificationTime) {}

    public MixCallback() {
        this(FIRST_RETRY);
    }

    MixCallback(Duration firstRetry) {
        this.firstRetry = firstRetry;
    }

    /// @return whether it was taken
    public boolean tell(String url, Recording recording, Mixed mixed) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(DEADLINE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        JsonMapper.builder().build().writeValueAsString(body(recording, mixed))))
                .build();
        // A redirect could lead anywhere: it counts as a failure.
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT_DEADLINE)
                .build()) {
            Duration wait = firstRetry;
            for (int attempt = 1; ; attempt++, wait = wait.multipliedBy(2)) {
                String problem = attempt(client, request);
                if (problem.isEmpty()) {
                    return true;
                }
                log.warn("callback {}: {}, attempt {} of {}", request.uri().getHost(), problem, attempt, ATTEMPTS);
                if (attempt == ATTEMPTS) {
                    return false;
                }
                TimeUnit.NANOSECONDS.sleep(wait.toNanos());
            }
        }
    }

    private static String attempt(HttpClient client, HttpRequest request) throws InterruptedException {
        try {
            int status =
                    client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            return status / 100 == 2 ? "" : "status " + status;
        } catch (IOException e) {
            return String.valueOf(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        }
    }

    private static Body body(Recording recording, Mixed mixed) {
        return new Body(
                recording.creationTime().orElse(seconds(mixed.recordedAt())),
                recording.durationMillis().orElse(mixed.recordedNanos() / NANOS_PER_MILLI),
                recording.file().toAbsolutePath().toString(),
                recording.uri(),
                List.of(new Mix(
                        mixed.file().toAbsolutePath().toString(),
                        mixed.durationNanos() / NANOS_PER_MILLI,
                        seconds(mixed.createdAt()))));
    }

    private static long seconds(Instant time) {
        return time.getEpochSecond() - START_OF_TIME.getEpochSecond();
    }
}
