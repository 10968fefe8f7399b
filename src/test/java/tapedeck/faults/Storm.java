package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.FlvFile;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.ServerProcess;

/// M12: recordings started and stopped from everywhere at once. A round is 500 calls for one stream, and 1,000 starts
/// within a second; first of a server that serves as many as come, then of one with its usual limit.
final class Storm {
    private static final int CALLS = 500;
    private static final int STARTS_PER_SECOND = 1_000;
    private static final int TOO_MANY = 429;
    /// Nobody waits for ever.
    private static final int ANSWER_MILLIS = 60_000;
    private static final List<String> NONSENSE = List.of(
            "",
            "{",
            "[]",
            "null",
            "{}",
            "{\"mediaSessionId\": 7}",
            "{\"mediaSessionId\": null}",
            "{\"mediaSessionId\": [\"a\"]}",
            "{\"mediaSessionId\": \"a\", \"config\": 3}",
            "{\"mediaSessionId\": \"a\", \"config\": {\"rotation\": {}}}",
            "{\"mediaSessionId\": \"a\", \"config\": {\"rotation\": \"-1\"}}",
            "[".repeat(10_000));

    private record Answer(int status, double millis) {}

    /// What came of one kind of call.
    private static final class Answers {
        private final Map<Integer, Integer> statuses = new TreeMap<>();
        private final List<Double> millis = new ArrayList<>();

        void add(List<Answer> more) {
            for (Answer answer : more) {
                statuses.merge(answer.status(), 1, Integer::sum);
                millis.add(answer.millis());
            }
        }

        double mostMillis() {
            millis.sort(null);
            return millis.get(millis.size() * 99 / 100);
        }

        @Override
        public String toString() {
            return millis.isEmpty() ? "none" : "%s, 99 %% within %.0f ms".formatted(statuses, mostMillis());
        }
    }

    private Storm() {}

    static void run(Trial trial) throws Exception {
        storm(trial, "unlimited", "rest_calls_per_second=0", trial.thorough() ? STARTS_PER_SECOND : 0);
        Answers limited = storm(trial, "limited", "rest_calls_per_second=100", STARTS_PER_SECOND);
        assertTrue(limited.statuses.containsKey(TOO_MANY), limited.toString());
    }

    private static Answers storm(Trial trial, String name, String setting, int startsPerSecond) throws Exception {
        Path data = trial.folder(name);
        List<FlvFile.Tag> tags = Clip.tags(120);
        Path notes = trial.dir().resolve("notes");
        String[] settings = Scene.recording(
                "record_flash_published_streams=false",
                "on_record_hook_script=" + Scene.hook(trial.dir(), notes),
                setting);
        Answers atOnce = new Answers();
        Answers starts = new Answers();
        try (Scene scene = new Scene(new ServerProcess(data, settings))) {
            scene.publish("s", tags);
            String session = scene.mediaSession("s");
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s")) {
                for (int round = 0; round < trial.rounds(); round++) {
                    List<Answer> answers = atOnce(scene, session, trial);
                    // By hand: a server that has just been started runs all this code for the first time.
                    if (!trial.thorough() || round > 0) {
                        atOnce.add(answers);
                    }
                    starts.add(manyStarts(scene, session, startsPerSecond));
                }
                nonsense(scene);
                idempotence(scene, session);
                beforeTheFirstFrame(scene);
                assertEquals(0, viewer.missing(), "pictures that a viewer misses");
            }
            scene.endAll();
            assertEquals(0, scene.rest("recorder/find_all", "").size(), "zombies");
        }
        assertTrue(List.of(200, 404, TOO_MANY).containsAll(atOnce.statuses.keySet()), atOnce.toString());
        assertTrue(List.of(200, TOO_MANY).containsAll(starts.statuses.keySet()), starts.toString());
        List<Path> files = Scene.files(data.resolve("records"));
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            if (!read.video().isEmpty()) {
                Scene.missing(read, tags, firstMillis(read, tags));
            }
        }
        trial.result(
                "%s: %d starts and stops at once: %s; %d starts a second: %s; %d files, all whole, none left open; a"
                        + " viewer missed 0 pictures",
                name, CALLS, atOnce, startsPerSecond, starts, files.size());
        return atOnce;
    }

    private static int firstMillis(RecordedFile read, List<FlvFile.Tag> tags) {
        return Clip.FRAME_MILLIS
                * Scene.pictures(tags, Integer.MAX_VALUE).stream()
                        .map(tag -> Clip.slices(tag.data()))
                        .toList()
                        .indexOf(read.video().getFirst().crc());
    }

    private static List<Answer> atOnce(Scene scene, String session, Trial trial) throws Exception {
        List<Callable<Answer>> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            String path = trial.random().nextBoolean() ? "recorder/startup" : "recorder/terminate";
            calls.add(() -> call(scene, path, session));
        }
        List<Answer> answers = new ArrayList<>();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Answer> answer : callers.invokeAll(calls)) {
                answers.add(answer.get());
            }
        }
        // Those that were stopped last are still on their way.
        Scene.await("one recording at most to be left", () -> scene.growing() <= 1);
        return answers;
    }

    /// One a millisecond.
    private static List<Answer> manyStarts(Scene scene, String session, int count) throws Exception {
        List<Future<Answer>> calls = new ArrayList<>();
        List<Answer> answers = new ArrayList<>();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            long begin = System.nanoTime();
            for (int i = 0; i < count; i++) {
                TimeUnit.NANOSECONDS.sleep(begin + i * 1_000_000L - System.nanoTime());
                calls.add(callers.submit(() -> call(scene, "recorder/startup", session)));
            }
            for (Future<Answer> answer : calls) {
                answers.add(answer.get());
            }
        }
        Scene.await("one recording at most to be left", () -> scene.growing() <= 1);
        return answers;
    }

    /// A connection of its own, and no more of a client than that: Java's takes longer for 500 of these than the
    /// server.
    private static Answer call(Scene scene, String path, String session) throws Exception {
        long start = System.nanoTime();
        String body = body(session);
        String answer;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), scene.server.port("HTTP"))) {
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.getOutputStream()
                    .write("""
                    POST /rest-api/%s HTTP/1.1\r
                    Host: 127.0.0.1\r
                    Content-Type: application/json\r
                    Content-Length: %d\r
                    Connection: close\r
                    \r
                    %s""".formatted(path, body.length(), body).getBytes(StandardCharsets.US_ASCII));
            answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
        double millis = (System.nanoTime() - start) / 1e6;
        int status = Integer.parseInt(answer.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
        boolean says = answer.toLowerCase(Locale.ROOT).contains("\r\nretry-after:");
        assertEquals(status == TOO_MANY, says, "Retry-After");
        return new Answer(status, millis);
    }

    /// Comes again when it is told to.
    private static int patiently(Scene scene, String path, String body) throws Exception {
        while (true) {
            HttpResponse<String> response = scene.post(path, body);
            if (response.statusCode() != TOO_MANY) {
                return response.statusCode();
            }
            TimeUnit.SECONDS.sleep(
                    Long.parseLong(response.headers().firstValue("Retry-After").orElseThrow()));
        }
    }

    private static String body(String session) {
        return "{\"mediaSessionId\": \"%s\"}".formatted(session);
    }

    private static void nonsense(Scene scene) throws Exception {
        for (String body : NONSENSE) {
            for (String path : List.of("recorder/startup", "recorder/terminate")) {
                int status = patiently(scene, path, body);
                assertTrue(status == 400 || status == 404, path + " " + body + ": " + status);
            }
        }
    }

    private static void idempotence(Scene scene, String session) throws Exception {
        assertEquals(200, patiently(scene, "recorder/startup", body(session)));
        assertEquals(200, patiently(scene, "recorder/terminate", body(session)));
        assertEquals(404, patiently(scene, "recorder/terminate", body(session)));
        assertEquals(404, patiently(scene, "recorder/terminate", body("nobody")));
    }

    /// A stream that has sent nothing can be recorded and stopped; there is no file of it.
    private static void beforeTheFirstFrame(Scene scene) throws Exception {
        try (RtmpClient silent = RtmpClient.connected(scene.server.port("RTMP")).publish("silent")) {
            String session = scene.mediaSession("silent");
            assertEquals(200, patiently(scene, "recorder/startup", body(session)));
            assertEquals(200, patiently(scene, "recorder/terminate", body(session)));
            Scene.await(
                    "no recording to be left",
                    () -> scene.rest("recorder/find_all", "").isEmpty());
            silent.unpublish();
        }
    }
}
