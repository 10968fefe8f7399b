package tapedeck.record;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.record.FileEvent.Told;
import tapedeck.settings.Settings;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// Tells another server of each finished file, by POST of JSON. What is to be told is a file on disk until the other
/// side said 2xx: at least once, whatever crashes, and always with the same id. Nothing waits for it.
final class Webhook implements AutoCloseable {
    static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    static final Duration LONGEST_RETRY = Duration.ofMinutes(1);
    /// After so long it is given up.
    static final Duration MAX_AGE = Duration.ofHours(24);
    static final Duration CONNECT_DEADLINE = Duration.ofSeconds(5);
    /// For all of an attempt, until the status of the answer is there; the rest of the answer is not read.
    static final Duration DEADLINE = Duration.ofSeconds(10);
    /// How many attempts are made at once.
    static final int PARALLEL = 4;
    /// More than that are not kept.
    static final int MAX_WAITING = 10_000;

    static final String ID_HEADER = "X-Tapedeck-Delivery";
    static final String TIMESTAMP_HEADER = "X-Tapedeck-Timestamp";
    static final String SIGNATURE_HEADER = "X-Tapedeck-Signature";

    private static final Logger log = LoggerFactory.getLogger(Webhook.class);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int NO_STATUS = -1;

    private final Settings.Webhook target;
    private final Function<Journal, Path> records;
    private final Journals queue;
    private final Consumer<FileEvent> events;
    private final Duration firstRetry;
    // What a server that is gone had not delivered.
    private final List<String> left;
    private final AtomicReference<String> lastProblem = new AtomicReference<>("");
    private final AtomicInteger waiting = new AtomicInteger();
    private final ObjectMapper json = JsonMapper.builder().build();
    private final HttpClient client;
    private final ScheduledThreadPoolExecutor threads;

    /// @param id the same at every attempt, also after a restart
    record Body(
            String id,
            String streamName,
            String file,
            String fileName,
            long durationMs,
            long size,
            String mediaSessionId,
            String recordingId,
            long startTimeMillis,
            long endTimeMillis,
            String reason) {}

    /// @param folder where deliveries wait
    /// @param records where the finished file of a journal is
    /// @param events told how it went
    Webhook(
            Settings.Webhook target,
            Path folder,
            Function<Journal, Path> records,
            Consumer<FileEvent> events,
            Duration firstRetry)
            throws IOException {
        this.target = target;
        this.records = records;
        this.queue = new Journals(Files.createDirectories(folder), true);
        this.left = queue.ids();
        this.events = events;
        this.firstRetry = firstRetry;
        // A redirect could lead anywhere: it counts as a failure.
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT_DEADLINE)
                .build();
        this.threads = new ScheduledThreadPoolExecutor(PARALLEL, task -> {
            Thread created = new Thread(task, "webhook");
            created.setDaemon(true);
            return created;
        });
        threads.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    }

    /// Puts a file that is in place into the queue; from its return on it will be told.
    void tell(Journal journal) throws IOException {
        if (waiting.get() >= MAX_WAITING) {
            log.warn("webhook: {} wait already, {} will not be told", MAX_WAITING, journal.id());
            events.accept(told(journal, Told.State.FAILED, NO_STATUS, "too many wait"));
            return;
        }
        queue.write(journal);
        events.accept(told(journal, Told.State.WAITING, NO_STATUS, ""));
        waiting.incrementAndGet();
        attemptAfter(journal, firstRetry, 0);
    }

    /// Goes on with what a server that is gone had not delivered.
    void recover() throws IOException {
        for (String id : left) {
            try {
                waiting.incrementAndGet();
                attemptAfter(queue.read(id), firstRetry, 0);
            } catch (NoSuchFileException _) {
                waiting.decrementAndGet();
            } catch (MalformedException e) {
                waiting.decrementAndGet();
                log.warn("webhook: set aside: {}", e.getMessage());
                queue.setAside(id);
            }
        }
    }

    private void attemptAfter(Journal journal, Duration next, long waitNanos) {
        var _ = threads.schedule(() -> attempt(journal, next), waitNanos, TimeUnit.NANOSECONDS);
    }

    private void attempt(Journal journal, Duration next) {
        int status = NO_STATUS;
        String problem;
        try {
            status = post(journal);
            problem = status / 100 == 2 ? "" : "status " + status;
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        } catch (InterruptedException _) {
            // The server ends: it is told after the next start.
            Thread.currentThread().interrupt();
            return;
        } catch (RuntimeException e) {
            log.error("webhook {}: {}", target.url().getHost(), journal.id(), e);
            problem = e.toString();
        }
        // One line when it changes: ten thousand may wait.
        if (!problem.equals(lastProblem.getAndSet(problem)) && !problem.isEmpty()) {
            log.warn("webhook {}: {} for {}", target.url().getHost(), problem, journal.id());
        }
        if (problem.isEmpty()) {
            done(journal, told(journal, Told.State.DONE, status, ""));
            return;
        }
        if (isTooOld(journal)) {
            log.warn("webhook {}: given up for {}", target.url().getHost(), journal.id());
            done(journal, told(journal, Told.State.FAILED, status, "given up: " + problem));
            return;
        }
        events.accept(told(journal, Told.State.WAITING, status, problem));
        Duration after = next.multipliedBy(2);
        attemptAfter(journal, after.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : after, next.toNanos());
    }

    private int post(Journal journal) throws IOException, InterruptedException {
        String body = json.writeValueAsString(body(journal));
        String timestamp = Long.toString(System.currentTimeMillis() / 1000);
        HttpRequest.Builder request = HttpRequest.newBuilder(target.url())
                .timeout(DEADLINE)
                .header("Content-Type", "application/json")
                .header("User-Agent", "Tapedeck")
                .header(ID_HEADER, journal.id())
                .header(TIMESTAMP_HEADER, timestamp)
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (!target.secret().isEmpty()) {
            request.header(SIGNATURE_HEADER, signature(target.secret(), timestamp, body));
        }
        HttpResponse<java.io.InputStream> answer =
                client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        answer.body().close();
        return answer.statusCode();
    }

    /// `sha256=` and the HMAC (RFC 2104) of time, a dot and the body, in hexadecimal: a body cannot be changed, nor
    /// an old one sent again later without the receiver seeing it.
    static String signature(String secret, String timestamp, String body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            byte[] sum = mac.doFinal((timestamp + "." + body).getBytes(StandardCharsets.UTF_8));
            return "sha256=" + HexFormat.of().formatHex(sum);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    private Body body(Journal journal) {
        Journal.Origin origin = journal.origin();
        Journal.Placement placement = journal.placement();
        Journal.Ending ending = journal.ending();
        if (placement == null || ending == null) {
            throw new IllegalStateException("told before it is in place: " + journal.id());
        }
        return new Body(
                journal.id(),
                origin.streamName(),
                records.apply(journal)
                        .toAbsolutePath()
                        .resolve(placement.fileName())
                        .toString(),
                placement.fileName(),
                placement.durationNanos() / NANOS_PER_MILLI,
                placement.sizeBytes(),
                origin.mediaSessionId(),
                origin.recordingId(),
                origin.startedAtMillis(),
                ending.endedAtMillis(),
                ending.reason().hookValue());
    }

    private boolean isTooOld(Journal journal) {
        try {
            long since = Files.getLastModifiedTime(queue.path(journal)).toMillis();
            return System.currentTimeMillis() - since > MAX_AGE.toMillis();
        } catch (NoSuchFileException _) {
            // Somebody took it out by hand.
            return true;
        } catch (IOException e) {
            log.debug("webhook", e);
            return false;
        }
    }

    private void done(Journal journal, Told how) {
        waiting.decrementAndGet();
        try {
            queue.delete(journal);
        } catch (IOException e) {
            log.warn("webhook: {} is left over and will be told again: {}", journal.id(), e.toString());
        }
        events.accept(how);
    }

    private static Told told(Journal journal, Told.State state, int status, String message) {
        return new Told(journal, Told.Listener.WEBHOOK, state, status, message);
    }

    @Override
    public void close() {
        threads.shutdownNow();
        client.shutdownNow();
    }
}
