package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tools.jackson.databind.JsonNode;

/// F2: `kill -9` while files are finished, moved, told and listed. `record.CrashTest` dies at each step of it; here the
/// moment is left to chance, and the catalogue's database is killed with it.
final class FinishKill {
    private static final int STREAMS = 8;
    private static final int LATEST_MILLIS = 120;

    private FinishKill() {}

    static void run(Trial trial) throws Exception {
        Path folder = trial.folder("finishing");
        Path records = folder.resolve("records");
        Path notes = folder.resolve("notes");
        List<FlvFile.Tag> tags = Clip.tags(20);
        String[] settings =
                Scene.recording("record_dir=" + records, "on_record_hook_script=" + Scene.hook(folder, notes));
        int finishedBefore = 0;
        for (int round = 0; round < trial.rounds(); round++) {
            try (Scene scene = new Scene(new ServerProcess(folder.resolve("data"), settings))) {
                for (int i = 0; i < STREAMS; i++) {
                    scene.publish("r%d-%d".formatted(round, i), tags);
                }
                Scene.run(1_600);
                scene.publishers().forEach(publisher -> publisher.sender().stop());
                for (Scene.Publisher publisher : scene.publishers()) {
                    publisher.end();
                }
                TimeUnit.MILLISECONDS.sleep(trial.random().nextInt(LATEST_MILLIS));
                scene.server.kill();
            }
            finishedBefore += Scene.files(records).size() - round * STREAMS;
            try (Scene scene = new Scene(new ServerProcess(folder.resolve("data"), settings))) {
                judge(scene, records, (round + 1) * STREAMS);
                scene.server.stop();
            }
        }
        int all = trial.rounds() * STREAMS;
        for (Path file : Scene.files(records)) {
            RecordedFile read = RecordedFile.read(file);
            assertEquals(0, Scene.missing(read, tags, 0));
            assertTrue(read.spanMillis() >= 1_000, file + " holds " + read.spanMillis() + " ms");
        }
        List<String> told = Files.readAllLines(notes);
        Set<String> names = new HashSet<>();
        told.forEach(line -> names.add(line.split(" ")[0]));
        // A hook whose process ran when the server died is not started again: told at most once, whatever happens.
        assertEquals(told.size(), names.size(), "told twice: " + told);
        assertTrue(told.size() >= all - trial.rounds() * 4, told.size() + " of " + all + " were told");
        trial.result(
                "%d kills while %d files were finished (%d were done): all are there, whole, listed once; %d hooks, none twice",
                trial.rounds(), all, finishedBefore, told.size());
    }

    private static void judge(Scene scene, Path records, int expected) throws Exception {
        Scene.await("all files to be finished", () -> Scene.files(records).size() == expected);
        Scene.await("nothing to be left", () -> DiskErrors.open(records) == 0);
        Map<String, Integer> rows = new HashMap<>();
        for (JsonNode file : scene.rest("recording/find_all", "")) {
            rows.merge(file.path("fileName").stringValue(), 1, Integer::sum);
        }
        assertEquals(expected, rows.size(), "listed");
        assertTrue(rows.values().stream().allMatch(count -> count == 1), "listed twice: " + rows);
    }
}
