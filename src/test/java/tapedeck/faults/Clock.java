package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;

/// C1: the wall clock of the server's machine is set again and again while recordings go on and begin. A round is all
/// of them once.
final class Clock {
    private static final Path LIBRARY = Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");
    /// An hour on, an hour back, the first day and one behind what 32 bits of seconds hold.
    private static final List<String> TIMES =
            List.of("+3600", "-3600", "@1970-01-02 00:00:00", "@2038-01-20 00:00:00", "+0");
    private static final int MILLIS_A_TIME = 1_500;
    private static final double MOST_MILLIS = 20;

    private Clock() {}

    static void run(Trial trial) throws Exception {
        trial.needsFile(LIBRARY, "faketime");
        for (int round = 0; round < trial.rounds(); round++) {
            round(trial, trial.folder("clock" + round));
        }
    }

    private static void round(Trial trial, Path folder) throws Exception {
        List<FlvFile.Tag> tags = Clip.tags(30);
        Path time = folder.resolve("time");
        Files.writeString(time, "+0\n");
        Launch launch = new Launch(
                List.of(),
                Map.of(
                        "LD_PRELOAD",
                        LIBRARY.toString(),
                        "FAKETIME_TIMESTAMP_FILE",
                        time.toString(),
                        "FAKETIME_NO_CACHE",
                        "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC",
                        "1"),
                List.of());
        Path data = folder.resolve("data");
        String[] settings = Scene.recording("stream_record_policy_template={streamName}-{startTimeMillis}");
        double worst = 0;
        int short0 = 0;
        Set<String> years = new HashSet<>();
        try (Scene scene = new Scene(new ServerProcess(launch, data, settings))) {
            scene.publish("all", tags);
            Scene.run(1_000);
            for (String wall : TIMES) {
                Files.writeString(time, wall + "\n");
                Scene.Publisher publisher = scene.publish("one", tags);
                Scene.run(MILLIS_A_TIME);
                publisher.end();
                int files = ++short0;
                Scene.await(
                        "the recording of one time",
                        () -> Scene.files(data.resolve("records")).size() >= files);
                years.add(scene.server.log().getLast().substring(0, 4));
            }
            Scene.run(500);
            scene.endAll();
        }
        List<Path> files = Scene.files(data.resolve("records"));
        assertEquals(TIMES.size() + 1, files.size(), files + ": names never collide");
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            assertEquals(0, Scene.missing(read, tags, 0));
            double pictures = (read.video().size() - 1) * (double) Clip.FRAME_MILLIS;
            worst = Math.max(worst, Math.abs(read.spanMillis() - pictures));
            Scene.foreignReadersAgree(file);
        }
        assertTrue(years.size() >= 3, years + ": the server saw these years");
        assertTrue(worst < MOST_MILLIS, "a duration is wrong by %.1f ms".formatted(worst));
        trial.result(
                "+1 h, -1 h, 1970, 2038 during and between %d recordings: durations exact to %.1f ms, every picture in its"
                        + " place, no name twice",
                files.size(), worst);
    }
}
