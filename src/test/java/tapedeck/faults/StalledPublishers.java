package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tapedeck.faults.StallingPublisher.Way;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;

/// N6: publishers that fall silent without a word, over every protocol but WebRTC: some for eight seconds, and then
/// they go on, some for good. One beside them is seen and recorded whole. A round is one silence of each.
final class StalledPublishers {
    private static final int BEFORE_MILLIS = 3_000;
    /// Two seconds less than a publisher may be silent (the IDLE_NANOS of each protocol): a busy machine is late.
    private static final int SILENT_MILLIS = 8_000;

    private static final int AFTER_MILLIS = 3_000;
    /// Of a machine that is busy; the one beside them sends for so long at most.
    private static final int MOST_SECONDS = 300;
    /// What a container rounds.
    private static final double EXACT_MILLIS = 1;
    /// RTP's times are those of the sender's clock as the server learns it.
    private static final double STRETCHED_MILLIS = 200;
    /// AAC frames have 23 ms, and ffmpeg puts several into a packet of a transport stream.
    private static final double SOUND_MILLIS = 300;
    /// By datagrams nobody says that the last picture is whole.
    private static final int OPEN_PICTURES = 1;

    private final Scene scene;
    private final Path records;
    private final List<FlvFile.Tag> paused = new ArrayList<>();
    private final List<FlvFile.Tag> broken = new ArrayList<>();
    private final List<StallingPublisher> all = new ArrayList<>();
    private double worstMillis;

    private StalledPublishers(Scene scene, Path records) {
        this.scene = scene;
        this.records = records;
        for (FlvFile.Tag tag : Clip.tags((BEFORE_MILLIS + SILENT_MILLIS + AFTER_MILLIS) / 1_000)) {
            boolean before = tag.timestampMillis() < BEFORE_MILLIS;
            if (before) {
                broken.add(tag);
            }
            if (before || tag.timestampMillis() >= BEFORE_MILLIS + SILENT_MILLIS) {
                paused.add(tag);
            }
        }
    }

    static void run(Trial trial) throws Exception {
        String[] settings = Scene.recording("record_rtsp_streams=true", "record_other_streams=mpegts,liveflv");
        for (int round = 0; round < trial.rounds(); round++) {
            Path data = trial.folder("silent-" + round);
            try (Scene scene = new Scene(new ServerProcess(data, settings))) {
                new StalledPublishers(scene, data.resolve("records")).round(trial);
            }
        }
    }

    private static String name(Way way, String what) {
        return way.name().toLowerCase(Locale.ROOT).replace('_', '-') + "-" + what;
    }

    private List<StallingPublisher> publishAll(String what, List<FlvFile.Tag> tags) throws Exception {
        List<StallingPublisher> made = new ArrayList<>();
        for (Way way : Way.values()) {
            StallingPublisher publisher =
                    new StallingPublisher(scene.server, way, name(way, what), tags, System.nanoTime());
            all.add(publisher);
            made.add(publisher);
            publisher.start();
        }
        return made;
    }

    private void end(List<StallingPublisher> publishers, String what) throws Exception {
        for (StallingPublisher publisher : publishers) {
            publisher.join();
            String name = name(publisher.way(), what);
            assertTrue(isLive(name), name + " is live when all of it was sent");
        }
        for (StallingPublisher publisher : publishers) {
            publisher.end();
        }
    }

    private void round(Trial trial) throws Exception {
        scene.publish("beside", Clip.tags(MOST_SECONDS));
        Scene.await("the stream", () -> isLive("beside"));
        try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "beside")) {
            List<StallingPublisher> pausing = publishAll("pauses", paused);
            publishAll("stops", broken);
            end(pausing, "pauses");
            for (Way way : Way.values()) {
                Scene.await("the end of a silent publisher by " + way, () -> !isLive(name(way, "stops")));
            }
            // Their names are free.
            end(publishAll("stops", broken), "stops");
            for (Way way : Way.values()) {
                Scene.await("the end of all by " + way, () -> !isLive(name(way, "stops")));
            }
            assertTrue(viewer.pictures() > 0);
            assertEquals(0, viewer.missing(), "pictures that a viewer beside them misses");
            scene.endAll();
            judge();
            trial.result(
                    "silent for %d s over %d protocols: one stream and one file each, what was sent in its place to %.1f ms;"
                            + " silent for good: ended, the file whole, the name free; beside them a viewer missed 0 of"
                            + " %d pictures",
                    SILENT_MILLIS / 1_000, Way.values().length, worstMillis, viewer.pictures());
        } finally {
            for (StallingPublisher publisher : all) {
                publisher.close();
            }
        }
    }

    private boolean isLive(String name) throws Exception {
        for (var stream : scene.rest("stream/find_all", "")) {
            if (stream.path("name").stringValue().equals(name)) {
                return true;
            }
        }
        return false;
    }

    private void judge() throws Exception {
        List<Path> files = Scene.files(records);
        for (Way way : Way.values()) {
            List<Path> one = of(files, name(way, "pauses"));
            assertEquals(1, one.size(), one + ": one file");
            judge(way, one.getFirst(), paused);
            List<Path> two = of(files, name(way, "stops"));
            assertEquals(2, two.size(), two + ": a file of each time");
            for (Path file : two) {
                judge(way, file, broken);
            }
        }
        Path beside = of(files, "beside").getFirst();
        assertEquals(0, Scene.missing(RecordedFile.read(beside), Clip.tags(MOST_SECONDS), 0), beside.toString());
    }

    private static List<Path> of(List<Path> files, String name) {
        return files.stream()
                .filter(file -> file.getFileName().toString().startsWith(name))
                .toList();
    }

    /// That every picture that was sent is there, in its place, and the sound is silent where nothing was sent.
    private void judge(Way way, Path path, List<FlvFile.Tag> sent) throws Exception {
        Scene.foreignReadersAgree(path);
        RecordedFile file = RecordedFile.read(path);
        List<FlvFile.Tag> pictures = Scene.pictures(sent, Integer.MAX_VALUE);
        int count = file.video().size();
        int fewest = pictures.size() - (way == Way.TS_UDP ? OPEN_PICTURES : 0);
        assertTrue(count >= fewest && count <= pictures.size(), "%s: %d of %d".formatted(path, count, pictures.size()));
        double off = Scene.inPlace(file, pictures, way.isRtp() ? STRETCHED_MILLIS : EXACT_MILLIS);
        worstMillis = Math.max(worstMillis, off);
        assertEquals(longestStep(sent), longestStep(file), SOUND_MILLIS, path + ": its silence");
    }

    private static double longestStep(List<FlvFile.Tag> sent) {
        List<FlvFile.Tag> sound =
                sent.stream().filter(tag -> tag.audio() && tag.media()).toList();
        double longest = 0;
        for (int i = 1; i < sound.size(); i++) {
            longest = Math.max(
                    longest, sound.get(i).timestampMillis() - sound.get(i - 1).timestampMillis());
        }
        return longest;
    }

    private static double longestStep(RecordedFile file) {
        double longest = 0;
        for (int i = 1; i < file.audio().size(); i++) {
            longest = Math.max(
                    longest,
                    file.audio().get(i).ptsMillis() - file.audio().get(i - 1).ptsMillis());
        }
        return longest;
    }
}
