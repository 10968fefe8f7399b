package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;

/// F3: the power fails. The disk is an ext4 in an image file; a copy of the image is what a power cut leaves, for what
/// was not synced is not in it. A round is one copy.
final class PowerCut {
    private static final int STREAMS = 6;
    private static final int DISK_MEBIBYTES = 96;
    private static final double MOST_LOST_SECONDS = 2.0;
    private static final int CUTS_A_SERVER = 10;

    private PowerCut() {}

    static void run(Trial trial) throws Exception {
        List<Double> lost = new ArrayList<>();
        for (int cuts = trial.rounds(); cuts > 0; cuts -= CUTS_A_SERVER) {
            lost.addAll(cuts(trial, Math.min(cuts, CUTS_A_SERVER), lost.size()));
        }
        lost.sort(null);
        trial.result(
                "%d power cuts with record_fsync=1000: %d files opened, finished and were whole, lost %.2f s in the"
                        + " middle and %.2f s at most",
                trial.rounds(), lost.size(), lost.get(lost.size() / 2), lost.getLast());
        assertTrue(lost.getLast() <= MOST_LOST_SECONDS, "lost " + lost.getLast() + " s");
    }

    private static List<Double> cuts(Trial trial, int count, int number) throws Exception {
        Path folder = trial.folder("cut" + number);
        Path image = folder.resolve("disk.img");
        List<FlvFile.Tag> tags = Clip.tags(count * 4 + 20);
        List<Map<String, Double>> sent = new ArrayList<>();
        try (Disk disk = Disk.image(trial, image, folder.resolve("disk"), DISK_MEBIBYTES)) {
            try (Scene scene = new Scene(new ServerProcess(folder.resolve("data"), settings(disk.folder())))) {
                for (int i = 0; i < STREAMS; i++) {
                    scene.publish("s" + i, tags);
                }
                Scene.run(2_500);
                for (int cut = 0; cut < count; cut++) {
                    Scene.run(500 + trial.random().nextInt(1_500));
                    Map<String, Double> now = new HashMap<>();
                    scene.publishers().forEach(publisher -> now.put(publisher.name(), publisher.sentMillis() / 1e3));
                    sent.add(now);
                    // One moment: nothing is written while the copy is made.
                    scene.signal("STOP");
                    Disk.run(List.of("cp", "--sparse=always", image.toString(), image + "." + cut));
                    scene.signal("CONT");
                }
            }
        }
        List<Double> lost = new ArrayList<>();
        for (int cut = 0; cut < count; cut++) {
            Path copy = Path.of(image + "." + cut);
            lost.addAll(judge(trial, folder, copy, sent.get(cut), tags));
            Files.delete(copy);
        }
        return lost;
    }

    private static String[] settings(Path disk) {
        return Scene.recording(
                "record_dir=" + disk.resolve("records"), "record_fsync=1000", "record_formats=h264-mp4, vp8-webm");
    }

    private static List<Double> judge(
            Trial trial, Path folder, Path copy, Map<String, Double> sent, List<FlvFile.Tag> tags) throws Exception {
        Ffmpeg.Result check = Ffmpeg.run(List.of("e2fsck", "-fy", copy.toString()));
        assertTrue(check.exitCode() <= 1, "e2fsck: " + check.text());
        List<Double> lost = new ArrayList<>();
        try (Disk disk = Disk.existing(trial, copy, folder.resolve("after"))) {
            Path records = disk.folder().resolve("records");
            try (Scene scene = new Scene(new ServerProcess(folder.resolve("data2"), settings(disk.folder())))) {
                List<Path> found = Scene.files(records);
                assertEquals(STREAMS, found.size(), () -> found + "\n" + String.join("\n", scene.server.log()));
                for (Path file : Scene.files(records)) {
                    assertEquals(
                            206,
                            scene.get("/client/records/" + file.getFileName(), "Range", "bytes=0-99")
                                    .statusCode());
                }
            }
            for (Path file : Scene.files(records)) {
                RecordedFile read = RecordedFile.read(file);
                assertEquals(0, Scene.missing(read, tags, 0), file.toString());
                String name = file.getFileName().toString().replaceAll("\\.\\w+$", "");
                lost.add(sent.get(name) - read.endMillis(read.video()) / 1e3);
            }
            Scene.foreignReadersAgree(Scene.files(records).getFirst());
        }
        return lost;
    }
}
