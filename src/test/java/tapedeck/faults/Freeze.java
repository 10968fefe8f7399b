package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tools.jackson.databind.JsonNode;

/// F4: the server stands still (SIGSTOP) and goes on. A round is one length of it: 5, 30, 120 seconds.
final class Freeze {
    private static final int[] SECONDS = {5, 30, 120};
    private static final int STREAMS = 5;
    private static final int GONE = 2;
    /// A recording takes this much at once.
    private static final int BURST_SECONDS = 8;
    private static final long CLOSED_SECONDS = 10;

    private Freeze() {}

    static void run(Trial trial) throws Exception {
        for (int i = 0; i < Math.min(trial.rounds(), SECONDS.length); i++) {
            round(trial, SECONDS[i]);
        }
    }

    private static void round(Trial trial, int seconds) throws Exception {
        Path data = trial.folder("frozen-" + seconds);
        List<FlvFile.Tag> tags = Clip.tags(seconds + 20);
        int most = 0;
        double closed;
        long counted = 0;
        try (Scene scene = new Scene(new ServerProcess(data, Scene.recording()))) {
            for (int i = 0; i < STREAMS; i++) {
                scene.publish("s" + i, tags);
            }
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s0")) {
                Scene.run(2_500);
                scene.signal("STOP");
                Scene.run(1_000);
                for (int i = STREAMS - GONE; i < STREAMS; i++) {
                    scene.publishers().get(i).vanish();
                }
                Scene.run(seconds * 1_000L - 1_000);
                int before = viewer.pictures();
                scene.signal("CONT");
                closed = Scene.await(
                        "streams of publishers that are gone to be closed",
                        CLOSED_SECONDS,
                        () -> scene.rest("stream/find_all", "").size() == STREAMS - GONE);
                Scene.run(3_000);
                assertEquals(STREAMS - GONE, scene.growing(), "the others are recorded on");
                for (JsonNode active : scene.rest("recorder/find_all", "")) {
                    counted += active.path("missingFrames").longValue();
                }
                for (int i = 0; i < STREAMS - GONE; i++) {
                    scene.publishers().get(i).end();
                }
                Scene.await(
                        "recordings to be finished",
                        () -> scene.rest("recorder/find_all", "").isEmpty());
                assertTrue(viewer.pictures() > before, "the viewer sees on");
                most = viewer.missing();
            }
        }
        int missing = judge(data, tags, seconds);
        // What TCP kept of a longer stop comes in one burst, more than waits for a disk: the rest is a hole, and
        // counted.
        assertTrue(
                missing == 0 || seconds > BURST_SECONDS, missing + " pictures of publishers that stayed are missing");
        assertTrue(missing <= counted, "%d pictures are missing, %d were counted".formatted(missing, counted));
        trial.result(
                "stopped %d s: %d of %d sessions went on, %d pictures missing in their files, %d frames counted, %d"
                        + " pictures missing at a viewer; those whose publishers had gone were closed %.1f s after the"
                        + " wake-up",
                seconds, STREAMS - GONE, STREAMS, missing, counted, most, closed);
    }

    private static int judge(Path data, List<FlvFile.Tag> tags, int seconds) throws Exception {
        List<Path> files = Scene.files(data.resolve("records"));
        assertEquals(STREAMS, files.size(), files + ": one file a stream");
        int missing = 0;
        for (int i = 0; i < STREAMS; i++) {
            RecordedFile file = RecordedFile.read(files.get(i));
            missing += Scene.missing(file, tags, 0);
            if (i < STREAMS - GONE) {
                assertTrue(
                        file.spanMillis() >= seconds * 1_000 + 5_000,
                        files.get(i) + " holds " + file.spanMillis() + " ms");
            }
            Scene.foreignReadersAgree(files.get(i));
        }
        return missing;
    }
}
