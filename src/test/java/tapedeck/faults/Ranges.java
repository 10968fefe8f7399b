package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;

/// M10: ranges and cuts that nobody should ask for, of a finished recording, and many cuts at once in a small heap.
final class Ranges {
    private static final int SECONDS = 8;
    private static final int PARALLEL = 100;

    private Ranges() {}

    static void run(Trial trial) throws Exception {
        Path data = trial.folder("ranges");
        List<FlvFile.Tag> tags = Clip.tags(SECONDS);
        Launch small = new Launch(List.of(), java.util.Map.of(), List.of("-Xmx128m", "-XX:+ExitOnOutOfMemoryError"));
        try (Scene scene = new Scene(new ServerProcess(small, data, Scene.recording()))) {
            Scene.Publisher publisher = scene.publish("s", tags);
            publisher.thread().join();
            scene.endAll();
            byte[] file = Files.readAllBytes(data.resolve("records/s.mp4"));
            int ranges = ranges(scene, file);
            int cuts = badCuts(scene);
            parallelCuts(scene, trial.rounds());
            trial.result(
                    "%d odd ranges and %d odd cuts answered as RFC 9110 and the recording page say; %d cuts at once in -Xmx128m,"
                            + " all whole",
                    ranges, cuts, PARALLEL * trial.rounds());
        }
    }

    private static int ranges(Scene scene, byte[] file) throws Exception {
        String many = "bytes=" + "0-0,".repeat(1_000) + "1-1";
        record Case(String range, int status, int bytes) {}
        List<Case> cases = List.of(
                new Case("bytes=0-", 206, file.length),
                new Case("bytes=-1", 206, 1),
                new Case("bytes=5-2", 200, file.length),
                new Case("bytes=0-9223372036854775808", 206, file.length),
                new Case("bytes=9223372036854775808-", 416, -1),
                new Case("bytes=" + file.length + "-", 416, -1),
                new Case("bytes=-0", 416, -1),
                new Case("bytes=a-b", 200, file.length),
                new Case("lines=1-2", 200, file.length),
                new Case(many, 200, file.length));
        for (Case one : cases) {
            HttpResponse<byte[]> response = scene.get("/client/records/s.mp4", "Range", one.range());
            String what = one.range().substring(0, Math.min(40, one.range().length()));
            assertEquals(one.status(), response.statusCode(), what);
            if (one.bytes() >= 0) {
                assertEquals(one.bytes(), response.body().length, what);
            }
        }
        HttpResponse<byte[]> changed =
                scene.get("/client/records/s.mp4", "Range", "bytes=0-1", "If-Range", "\"another\"");
        assertEquals(200, changed.statusCode(), "If-Range of another file");
        return cases.size() + 1;
    }

    private static int badCuts(Scene scene) throws Exception {
        List<String> queries = List.of(
                "start=NaN&end=2",
                "start=-1&end=2",
                "start=0&end=1e308",
                "start=5&end=2",
                "start=100&end=200",
                "start=0&end=Infinity",
                "start=&end=",
                "start=0x10&end=20",
                "start=" + "9".repeat(10_000) + "&end=2");
        for (String query : queries) {
            HttpResponse<byte[]> response = scene.get("/client/records/s.mp4?" + query);
            int status = response.statusCode();
            String what = query.substring(0, Math.min(40, query.length())) + ": " + status;
            assertTrue(status == 200 || status >= 400 && status < 500, what);
        }
        return queries.size();
    }

    /// Different cuts, so that none is another's: each begins at the keyframe at or before its start.
    private static void parallelCuts(Scene scene, int rounds) throws Exception {
        for (int round = 0; round < rounds; round++) {
            List<Callable<HttpResponse<byte[]>>> calls = new ArrayList<>();
            for (int i = 0; i < PARALLEL; i++) {
                String query = "?start=%d.%02d&end=%d".formatted(i % 5, i, 6 + i % 2);
                calls.add(() -> scene.get("/client/records/s.mp4" + query));
            }
            Path cut = Files.createTempFile("cut", ".mp4");
            try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
                for (Future<HttpResponse<byte[]>> one : callers.invokeAll(calls)) {
                    assertEquals(200, one.get().statusCode());
                    Files.write(cut, one.get().body());
                    RecordedFile read = RecordedFile.read(cut);
                    assertTrue(read.spanMillis() >= 1_000, "a cut of " + read.spanMillis() + " ms");
                }
            } finally {
                Files.delete(cut);
            }
        }
    }
}
