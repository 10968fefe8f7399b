package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tapedeck.peers.FlvFile;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.ServerProcess;

/// M12: recordings started and stopped from everywhere at once. A round is 500 calls for one stream.
final class Storm {
    private static final int CALLS = 500;
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

    private Storm() {}

    static void run(Trial trial) throws Exception {
        Path data = trial.folder("storm");
        List<FlvFile.Tag> tags = Clip.tags(120);
        Path notes = trial.dir().resolve("notes");
        String[] settings = Scene.recording(
                "record_flash_published_streams=false", "on_record_hook_script=" + Scene.hook(trial.dir(), notes));
        Map<Integer, Integer> statuses = new TreeMap<>();
        List<Double> millis = new ArrayList<>();
        try (Scene scene = new Scene(new ServerProcess(data, settings))) {
            scene.publish("s", tags);
            String session = scene.mediaSession("s");
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s")) {
                for (int round = 0; round < trial.rounds(); round++) {
                    for (Answer answer : storm(scene, session, trial)) {
                        statuses.merge(answer.status(), 1, Integer::sum);
                        millis.add(answer.millis());
                    }
                }
                nonsense(scene);
                idempotence(scene, session);
                beforeTheFirstFrame(scene);
                assertEquals(0, viewer.missing(), "pictures that a viewer misses");
            }
            scene.endAll();
            assertEquals(0, scene.rest("recorder/find_all", "").size(), "zombies");
        }
        assertTrue(List.of(200, 404, 429).containsAll(statuses.keySet()), statuses.toString());
        List<Path> files = Scene.files(data.resolve("records"));
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            if (!read.video().isEmpty()) {
                Scene.missing(read, tags, firstMillis(read, tags));
            }
        }
        millis.sort(null);
        trial.result(
                "%d starts and stops of one stream at once: answers %s, 99 %% within %.0f ms; %d files, all whole, none"
                        + " left open; a viewer missed 0 pictures",
                millis.size(), statuses, millis.get(millis.size() * 99 / 100), files.size());
    }

    private static int firstMillis(RecordedFile read, List<FlvFile.Tag> tags) {
        return Clip.FRAME_MILLIS
                * Scene.pictures(tags, Integer.MAX_VALUE).stream()
                        .map(tag -> Clip.slices(tag.data()))
                        .toList()
                        .indexOf(read.video().getFirst().crc());
    }

    private static List<Answer> storm(Scene scene, String session, Trial trial) throws Exception {
        List<Callable<Answer>> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            String path = trial.random().nextBoolean() ? "recorder/startup" : "recorder/terminate";
            calls.add(() -> {
                long start = System.nanoTime();
                int status = scene.post(path, body(session)).statusCode();
                return new Answer(status, (System.nanoTime() - start) / 1e6);
            });
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

    private static String body(String session) {
        return "{\"mediaSessionId\": \"%s\"}".formatted(session);
    }

    private static void nonsense(Scene scene) throws Exception {
        for (String body : NONSENSE) {
            for (String path : List.of("recorder/startup", "recorder/terminate")) {
                int status = scene.post(path, body).statusCode();
                assertTrue(status == 400 || status == 404, path + " " + body + ": " + status);
            }
        }
    }

    private static void idempotence(Scene scene, String session) throws Exception {
        assertEquals(200, scene.post("recorder/startup", body(session)).statusCode());
        assertEquals(200, scene.post("recorder/terminate", body(session)).statusCode());
        assertEquals(404, scene.post("recorder/terminate", body(session)).statusCode());
        assertEquals(404, scene.post("recorder/terminate", body("nobody")).statusCode());
    }

    /// A stream that has sent nothing can be recorded and stopped; there is no file of it.
    private static void beforeTheFirstFrame(Scene scene) throws Exception {
        try (RtmpClient silent = RtmpClient.connected(scene.server.port("RTMP")).publish("silent")) {
            String session = scene.mediaSession("silent");
            assertEquals(200, scene.post("recorder/startup", body(session)).statusCode());
            assertEquals(200, scene.post("recorder/terminate", body(session)).statusCode());
            Scene.await(
                    "no recording to be left",
                    () -> scene.rest("recorder/find_all", "").isEmpty());
            silent.unpublish();
        }
    }
}
