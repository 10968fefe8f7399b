package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;

/// F5: a disk of 64 MB fills up under ten recordings. A round fills it twice: once the guard sees it coming, once the
/// disk itself refuses in the middle of a write.
final class DiskFull {
    private static final int STREAMS = 10;
    private static final int DISK_MEBIBYTES = 64;
    /// What another program leaves of it before the recordings fill the rest.
    private static final int FREE_MEBIBYTES = 12;
    private static final long STOPPED_SECONDS = 2;
    private static final int BITS_PER_SECOND = 3_000_000;

    private DiskFull() {}

    static void run(Trial trial) throws Exception {
        for (int round = 0; round < trial.rounds(); round++) {
            if (trial.thorough()) {
                round(trial, "guarded" + round, "2m");
            }
            // With the least that can be set the guard is late: a second of ten recordings is more.
            round(trial, "unguarded" + round, "1m");
        }
    }

    private static void round(Trial trial, String name, String minSpace) throws Exception {
        Path folder = trial.folder(name);
        List<FlvFile.Tag> tags = Clip.tags(60, BITS_PER_SECOND);
        try (Disk disk = Disk.memory(trial, folder.resolve("disk"), DISK_MEBIBYTES)) {
            fill(disk.folder().resolve("other"), DISK_MEBIBYTES - FREE_MEBIBYTES);
            Path notes = folder.resolve("notes");
            String[] settings = Scene.recording(
                    "record_dir=" + disk.folder().resolve("records"),
                    "file_recorder_min_space=" + minSpace,
                    "on_record_hook_script=" + Scene.hook(folder, notes));
            List<Viewer> viewers = new ArrayList<>();
            try (Scene scene = new Scene(new ServerProcess(folder.resolve("data"), settings))) {
                for (int i = 0; i < STREAMS; i++) {
                    scene.publish("s" + i, tags);
                }
                for (int i = 0; i < STREAMS; i++) {
                    viewers.add(new Viewer(scene.server.port("RTMP"), "s" + i));
                }
                Scene.await("the disk to be full", () -> free(disk) < 2 << 20);
                double stopped = Scene.await("recordings to be stopped", 30, () -> scene.growing() == 0);
                HttpResponse<String> refused = scene.post(
                        "recorder/startup", "{\"mediaSessionId\": \"%s\"}".formatted(scene.mediaSession("s0")));
                assertEquals(507, refused.statusCode(), refused.body());
                Scene.run(1_000);
                Files.delete(disk.folder().resolve("other"));
                double resumed = Scene.await("a recording to be possible again", 10, () -> scene.start("s0") == 200);
                Scene.run(2_000);
                int missing = viewers.stream().mapToInt(Viewer::missing).sum();
                int seen = viewers.stream().mapToInt(Viewer::pictures).sum();
                assertEquals(0, missing, "pictures that viewers miss");
                // Files that could not be finished on the full disk are, half a minute later.
                scene.endAll();
                judge(trial, disk.folder().resolve("records"), tags, notes);
                assertTrue(stopped <= STOPPED_SECONDS, "stopped after " + stopped + " s");
                trial.result(
                        "%s: %d recordings stopped %.1f s after the disk was full, REST said 507, recording again %.1f s"
                                + " after there was space; %d viewers saw %d pictures, 0 missing",
                        name, STREAMS, stopped, resumed, STREAMS, seen);
            }
        }
    }

    private static long free(Disk disk) {
        return disk.folder().toFile().getUsableSpace();
    }

    private static void fill(Path file, int mebibytes) throws Exception {
        byte[] mebibyte = new byte[1 << 20];
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < mebibytes; i++) {
                out.write(mebibyte);
            }
        }
    }

    private static void judge(Trial trial, Path records, List<FlvFile.Tag> tags, Path notes) throws Exception {
        Scene.await(
                "all files to be finished",
                () -> open(records) == 0
                        && Files.readAllLines(notes).size()
                                == Scene.files(records).size());
        List<Path> files = Scene.files(records);
        assertTrue(files.size() > STREAMS, files.toString());
        for (Path file : files) {
            RecordedFile read = RecordedFile.read(file);
            // The second ones, after there was space again, begin later.
            if (!file.toString().endsWith("-2.mp4")) {
                assertEquals(0, Scene.missing(read, tags, 0), file.toString());
            }
        }
        Scene.foreignReadersAgree(files.get(trial.random().nextInt(files.size())));
        List<String> lines = Files.readAllLines(notes);
        long noSpace = lines.stream().filter(line -> line.endsWith(" no_space")).count();
        assertEquals(STREAMS, noSpace, lines.toString());
        assertEquals(lines.size(), lines.stream().distinct().count(), "told once each");
    }

    private static long open(Path records) throws Exception {
        try (var files = Files.list(records)) {
            return files.filter(file -> file.getFileName().toString().matches("\\.tapedeck-.*\\.(mp4|json)"))
                    .count();
        }
    }
}
