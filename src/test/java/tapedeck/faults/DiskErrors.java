package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;

/// F6: some of the writes of media fail (by libfiu, inside the server's process). A round is one kind of error.
final class DiskErrors {
    private static final Path LIBFIU = Path.of("/usr/lib/fiu/fiu_run_preload.so");
    private static final Path POSIX = Path.of("/usr/lib/fiu/fiu_posix_preload.so");
    private static final int STREAMS = 5;
    private static final int LOCKED_OUT_SECONDS = 60;
    private static final int MAX_STARTS = 3;
    private static final int ENOSPC = 28;
    private static final int EIO = 5;

    /// @param errors what fails: call, in how many of 100 cases, how
    private record Kind(String name, int percent, int error, List<String> calls) {}

    private static final List<Kind> KINDS = List.of(
            new Kind("EIO in 10 % of writes", 10, EIO, List.of("pwrite")),
            new Kind("ENOSPC in 1 % of writes", 1, ENOSPC, List.of("pwrite")),
            new Kind("EIO in 10 % of fsyncs", 10, EIO, List.of("fsync", "fdatasync")),
            new Kind("EIO in 1 % of writes", 1, EIO, List.of("pwrite")),
            new Kind("ENOSPC in 10 % of writes", 10, ENOSPC, List.of("pwrite")),
            new Kind("EIO in 10 % of truncations and writes", 10, EIO, List.of("pwrite", "ftruncate")));

    private DiskErrors() {}

    static void run(Trial trial) throws Exception {
        trial.needs("fiu-ctrl", "fiu-utils");
        for (int round = 0; round < trial.rounds(); round++) {
            round(trial, KINDS.get(round % KINDS.size()), round);
        }
    }

    private static void round(Trial trial, Kind kind, int round) throws Exception {
        Path folder = trial.folder("errors" + round);
        Path control = folder.resolve("fiu");
        Launch launch = new Launch(
                List.of(), Map.of("LD_PRELOAD", LIBFIU + ":" + POSIX, "FIU_CTRL_FIFO", control.toString()), List.of());
        String[] settings = Scene.recording(
                "record_fragment_duration=300", "record_fsync=300", "file_recorder_max_errors_per_interval=1000");
        int seconds = trial.thorough() ? 30 : 4;
        List<FlvFile.Tag> tags = Clip.tags(seconds + 30);
        int missed;
        long errors;
        try (Scene scene = new Scene(start(launch, folder.resolve("data"), settings))) {
            for (int i = 0; i < STREAMS; i++) {
                scene.publish("s" + i, tags);
            }
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s0")) {
                Scene.run(1_000);
                for (String call : kind.calls()) {
                    String point = (call.equals("pwrite") ? "posix/io/rw/" : "posix/io/sync/") + call;
                    if (call.equals("ftruncate")) {
                        point = "posix/io/stat/ftruncate";
                    }
                    control(
                            scene,
                            control,
                            "enable_random name=%s,probability=%.2f,failinfo=%d"
                                    .formatted(point, kind.percent() / 100.0, kind.error()));
                }
                Scene.run(seconds * 1_000L);
                // One in a hundred writes: it may take longer.
                Scene.await("an error", () -> errors(scene) > 0);
                for (String call : List.of("rw/pwrite", "sync/fsync", "sync/fdatasync", "stat/ftruncate")) {
                    control(scene, control, "disable name=posix/io/" + call);
                }
                Scene.run(1_500);
                missed = viewer.missing();
            }
            scene.endAll();
            Scene.await("the rest to be finished", () -> open(folder.resolve("data/records")) == 0);
            errors = errors(scene);
        }
        assertEquals(0, missed, "pictures that a viewer misses");
        judge(trial, kind, folder.resolve("data/records"), tags, errors);
    }

    /// Libfiu 1.1 can lock itself out while a process starts: one thread has the lock of its cache and waits for the
    /// dynamic linker's, another has that one and wants memory. Such a server is ended, and another one started.
    private static ServerProcess start(Launch launch, Path data, String[] settings) throws Exception {
        for (int tried = 1; ; tried++) {
            FutureTask<ServerProcess> started = new FutureTask<>(() -> new ServerProcess(launch, data, settings));
            Thread.ofVirtual().start(started);
            try {
                return started.get(LOCKED_OUT_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                ProcessHandle.current()
                        .children()
                        .filter(process -> isOf(launch, process))
                        .forEach(ProcessHandle::destroyForcibly);
                if (tried == MAX_STARTS) {
                    throw e;
                }
            }
        }
    }

    private static boolean isOf(Launch launch, ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", "" + process.pid(), "environ"))
                    .contains(launch.environment().get("FIU_CTRL_FIFO") + "\0");
        } catch (IOException _) {
            return false;
        }
    }

    private static long errors(Scene scene) {
        return scene.server.log().stream()
                .filter(line -> line.matches(".*(Input/output error|No space left|Not enough available).*"))
                .count();
    }

    private static void control(Scene scene, Path control, String command) {
        Disk.run(List.of("fiu-ctrl", "-f", control.toString(), "-c", command, Long.toString(scene.server.pid())));
    }

    private static void judge(Trial trial, Kind kind, Path records, List<FlvFile.Tag> tags, long errors)
            throws Exception {
        List<Path> files = Scene.files(records);
        List<RecordedFile> read = new ArrayList<>();
        int pictures = 0;
        for (Path file : files) {
            read.add(RecordedFile.read(file));
            pictures += read.getLast().video().size();
            assertContiguous(read.getLast(), tags);
            assertEquals("", Ffmpeg.decodeErrors(file), file.toString());
        }
        trial.result(
                "%s: %d errors, %d files with %d pictures, every one whole and without a hole; 0 pictures missing at a viewer",
                kind.name(), errors, files.size(), pictures);
    }

    /// Whichever picture the file begins with: from there on there is every one, and each is the one that was sent.
    private static void assertContiguous(RecordedFile file, List<FlvFile.Tag> tags) {
        List<Integer> sent = Scene.pictures(tags, 4_000).stream()
                .map(tag -> Clip.slices(tag.data()))
                .toList();
        int at = sent.indexOf(file.video().getFirst().crc());
        assertTrue(at >= 0, file.file() + " begins with a picture that nobody sent");
        for (RecordedFile.Sample sample : file.video()) {
            assertEquals(sent.get(at % sent.size()), sample.crc(), file.file() + " at " + sample.ptsMillis() + " ms");
            at++;
        }
    }

    static long open(Path records) throws Exception {
        try (var files = Files.list(records)) {
            return files.filter(file -> file.getFileName().toString().matches("\\.tapedeck-.*\\.(mp4|json)"))
                    .count();
        }
    }
}
