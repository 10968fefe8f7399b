package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;

/// F8: the disk becomes read-only, the folder is removed, the right to write is lost. A round is one of the three.
final class DiskGone {
    private static final int STREAMS = 5;
    private static final int DISK_MEBIBYTES = 64;
    private static final double STOPPED_SECONDS = 2.0;
    /// A finisher that was refused tries again after half a minute.
    private static final long AGAIN_SECONDS = 60;

    private DiskGone() {}

    static void run(Trial trial) throws Exception {
        for (int round = 0; round < trial.rounds(); round++) {
            switch (round % 3) {
                case 0 -> readOnly(trial, trial.folder("read-only" + round));
                case 1 -> removed(trial, trial.folder("removed" + round));
                default -> forbidden(trial, trial.folder("forbidden" + round));
            }
        }
    }

    private static void readOnly(Trial trial, Path folder) throws Exception {
        List<FlvFile.Tag> tags = Clip.tags(30);
        Path image = folder.resolve("disk.img");
        Path mount = folder.resolve("disk");
        double sent;
        String[] settings = Scene.recording("record_dir=" + mount.resolve("records"), "record_fsync=500");
        String found;
        try (Disk disk = Disk.image(trial, image, mount, DISK_MEBIBYTES);
                Scene scene = new Scene(new ServerProcess(folder.resolve("data"), settings))) {
            publish(scene, tags);
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s0")) {
                Scene.run(3_000);
                disk.becomeReadOnly();
                sent = scene.publishers().getFirst().sentMillis() / 1e3;
                found = stopsAndRelays(scene, viewer);
            }
            scene.server.stop();
        }
        Ffmpeg.Result check = Ffmpeg.run(List.of("e2fsck", "-fy", image.toString()));
        assertTrue(check.exitCode() <= 1, check.text());
        double lost = 0;
        try (Disk disk = Disk.existing(trial, image, mount);
                Scene scene = new Scene(new ServerProcess(folder.resolve("data"), settings))) {
            List<Path> files = Scene.files(disk.folder().resolve("records"));
            assertEquals(STREAMS, files.size(), () -> files + String.join("\n", scene.server.log()));
            for (Path file : files) {
                RecordedFile read = RecordedFile.read(file);
                assertEquals(0, Scene.missing(read, tags, 0));
                lost = Math.max(lost, sent - read.endMillis(read.video()) / 1e3);
            }
        }
        assertTrue(lost <= 2, "lost " + lost + " s");
        trial.result(
                "disk read-only: %s; after its repair all %d files were finished, %.2f s of their ends were lost at most",
                found, STREAMS, lost);
    }

    private static void removed(Trial trial, Path folder) throws Exception {
        List<FlvFile.Tag> tags = Clip.tags(60);
        Path records = folder.resolve("records");
        try (Scene scene =
                new Scene(new ServerProcess(folder.resolve("data"), Scene.recording("record_dir=" + records)))) {
            publish(scene, tags);
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s0")) {
                Scene.run(2_000);
                Clip.delete(records);
                String found = stopsAndRelays(scene, viewer);
                Files.createDirectory(records);
                Scene.await("a recording to be possible again", 10, () -> scene.start("s1") == 200);
                Scene.run(2_000);
                assertEquals(0, viewer.missing(), "pictures that a viewer misses");
                scene.publishers().get(1).end();
                Scene.await("its file", () -> Scene.files(records).size() == 1);
                RecordedFile.read(Scene.files(records).getFirst());
                trial.result("folder removed: %s; recording again without a restart once it was back", found);
            }
        }
    }

    private static void forbidden(Trial trial, Path folder) throws Exception {
        trial.needs("setpriv", "util-linux");
        List<FlvFile.Tag> tags = Clip.tags(90);
        Path records = folder.resolve("records");
        Launch launch = "root".equals(System.getProperty("user.name"))
                ? new Launch(
                        List.of("setpriv", "--bounding-set", "-dac_override,-dac_read_search"), Map.of(), List.of())
                : Launch.PLAIN;
        try (Scene scene = new Scene(
                new ServerProcess(launch, folder.resolve("data"), Scene.recording("record_dir=" + records)))) {
            publish(scene, tags);
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s0")) {
                Scene.run(2_000);
                Files.setPosixFilePermissions(records, PosixFilePermissions.fromString("r-xr-xr-x"));
                double sent = scene.publishers().getFirst().sentMillis();
                String found = stopsAndRelays(scene, viewer);
                Files.setPosixFilePermissions(records, PosixFilePermissions.fromString("rwxr-xr-x"));
                double finished = Scene.await(
                        "files to be finished",
                        AGAIN_SECONDS,
                        () -> Scene.files(records).size() == STREAMS);
                assertEquals(200, scene.start("s1"));
                for (Path file : Scene.files(records)) {
                    RecordedFile read = RecordedFile.read(file);
                    assertEquals(0, Scene.missing(read, tags, 0));
                    assertTrue(read.spanMillis() >= sent - 1_000, file + " ends at " + read.spanMillis());
                }
                assertEquals(0, viewer.missing(), "pictures that a viewer misses");
                trial.result(
                        "right to write lost: %s; %.0f s after it was given back all %d files were finished, recording again",
                        found, finished, STREAMS);
            }
        }
    }

    private static void publish(Scene scene, List<FlvFile.Tag> tags) throws Exception {
        for (int i = 0; i < STREAMS; i++) {
            scene.publish("s" + i, tags);
        }
    }

    private static String stopsAndRelays(Scene scene, Viewer viewer) throws Exception {
        double stopped = Scene.await("recordings to be stopped", 30, () -> scene.growing() == 0);
        int status = scene.start("s0");
        assertEquals(507, status, "a recording that is started now");
        int before = viewer.pictures();
        Scene.run(1_000);
        assertTrue(viewer.pictures() > before, "the viewer sees on");
        assertEquals(0, viewer.missing(), "pictures that a viewer misses");
        assertTrue(stopped <= STOPPED_SECONDS, "stopped after %.1f s".formatted(stopped));
        return "%d recordings stopped within %.1f s, REST said 507, a viewer missed 0 pictures"
                .formatted(STREAMS, stopped);
    }
}
