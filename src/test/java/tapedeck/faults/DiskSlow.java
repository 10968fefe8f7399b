package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;
import tools.jackson.databind.JsonNode;

/// F7: a disk that takes 2 MB a second under ten recordings that need 5. A round is ten seconds of it.
final class DiskSlow {
    private static final int STREAMS = 10;
    private static final int BITS_PER_SECOND = 4_000_000;
    private static final int SECONDS_A_ROUND = 10;
    /// More than the promise of 50 ms, because the machine of a test does other things too.
    private static final double MOST_DELAY_MILLIS = 250;

    private DiskSlow() {}

    static void run(Trial trial) throws Exception {
        int seconds = SECONDS_A_ROUND * trial.rounds();
        List<FlvFile.Tag> tags = Clip.tags(seconds + 20, BITS_PER_SECOND);
        Path folder = trial.folder("slow");
        Launch launch = new Launch(List.of(), Map.of(), List.of("-Xmx256m", "-XX:+ExitOnOutOfMemoryError"));
        Map<String, Long> missing = new HashMap<>();
        double delayBefore;
        double delay;
        int seen;
        try (Disk disk = Disk.slow(trial, folder.resolve("fast"), folder.resolve("disk"), "2M")) {
            Path records = disk.folder().resolve("records");
            try (Scene scene = new Scene(new ServerProcess(
                    launch,
                    folder.resolve("data"),
                    Scene.recording("record_dir=" + records, "record_stop_timeout=300")))) {
                for (int i = 0; i < STREAMS; i++) {
                    scene.publish("s" + i, tags);
                }
                try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s0")) {
                    long start = System.nanoTime();
                    Scene.run(1_500);
                    long loaded = System.nanoTime();
                    Scene.run(seconds * 1_000L);
                    delayBefore = viewer.delayMillis(start, loaded);
                    delay = viewer.delayMillis(loaded, System.nanoTime());
                    seen = viewer.pictures();
                    assertEquals(0, viewer.missing(), "pictures that a viewer misses");
                }
                assertEquals(STREAMS, scene.growing(), "all are still recorded");
                for (Scene.Publisher publisher : scene.publishers()) {
                    publisher.end();
                }
                // What is dropped is counted when the disk has taken what came before.
                Scene.await("all to be finished", () -> count(scene, missing) == 0);
            }
        }
        judge(trial, folder.resolve("fast/records"), tags, missing);
        assertTrue(delay <= MOST_DELAY_MILLIS, "a viewer waited for %.0f ms".formatted(delay));
        trial.result(
                "%d s of 5 MB/s to a disk of 2 MB/s, -Xmx256m: %d frames of 10 recordings dropped and counted, in whole"
                        + " groups; a viewer saw %d pictures, 0 missing, 99 %% within %.0f ms (%.0f before)",
                seconds, missing.values().stream().mapToLong(Long::longValue).sum(), seen, delay, delayBefore);
    }

    /// Notes the newest count of each recording, and gives how many there still are.
    private static int count(Scene scene, Map<String, Long> missing) throws Exception {
        JsonNode all = scene.rest("recorder/find_all", "");
        for (JsonNode active : all) {
            String name = active.path("streamName").stringValue();
            missing.merge(name, active.path("missingFrames").longValue(), Math::max);
        }
        return all.size();
    }

    private static void judge(Trial trial, Path records, List<FlvFile.Tag> tags, Map<String, Long> counted)
            throws Exception {
        List<Path> files = Scene.files(records);
        assertEquals(STREAMS, files.size(), files + ": one file a stream");
        int holes = 0;
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            // On a busy machine the disk may be too slow for a recording's very first group.
            int before = Scene.before(read, tags);
            int missing = before + Scene.missing(read, tags, before * Clip.FRAME_MILLIS);
            holes += missing > 0 ? 1 : 0;
            for (int i = 1; i < read.video().size(); i++) {
                double step = read.video().get(i).ptsMillis()
                        - read.video().get(i - 1).ptsMillis();
                assertTrue(
                        step < 1.5 * Clip.FRAME_MILLIS || read.video().get(i).keyframe(),
                        file + ": after a hole it goes on with a keyframe");
            }
            if (missing > 0) {
                String name = file.getFileName().toString().replaceAll("\\.\\w+$", "");
                assertTrue(counted.get(name) > 0, file + ": what is missing was counted");
            }
        }
        assertTrue(!trial.thorough() || holes > 0, "the disk was slow enough to matter");
        Scene.foreignReadersAgree(files.getFirst());
    }
}
