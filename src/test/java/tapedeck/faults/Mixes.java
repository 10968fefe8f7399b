package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.mix.Look;
import tapedeck.mix.Person;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;
import tools.jackson.databind.JsonNode;

/// M13: mixes by a real server of recordings that are not as they should be, with workers that die at any moment.
final class Mixes {
    private static final int FPS = 10;
    private static final int JOINS = 200;
    private static final int STREAMS = 3;
    private static final int STEP_MILLIS = 20;
    private static final int SECONDS = 8;
    /// Where the pictures of one track are damaged: up to the keyframe behind it.
    private static final double DAMAGED_FROM = 1;

    private static final double DAMAGED_UNTIL = 4;
    private static final double FRAME_SECONDS = 1.0 / FPS + 0.003;
    private static final double SOUND_SECONDS = 0.04;
    /// Times are rounded to milliseconds on their way, and a picture may be 2 ms early.
    private static final long ROUNDED_NANOS = 4_000_000;

    private static final int FAIL_AFTER = 3;
    private static final int BRIGHT = 200;
    private static final int DARK = 60;

    private final Trial trial;
    private final Scene scene;
    private final Path folder;
    private final Path records;

    private Mixes(Trial trial, Scene scene, Path folder, Path records) {
        this.trial = trial;
        this.scene = scene;
        this.folder = folder;
        this.records = records;
    }

    static void run(Trial trial) throws Exception {
        Path folder = trial.folder("mixes");
        Files.createDirectories(folder.resolve("conf"));
        Path records = Files.createDirectories(folder.resolve("records"));
        // The server looks for conf/offline_mixer.json where it was started.
        Launch there = new Launch(List.of("env", "-C", folder.toString()), Map.of(), List.of());
        String[] settings = {
            "record_streams=false",
            "record_dir=" + records,
            "on_multiple_record_hook_script=",
            "stream_record_policy_template={streamName}",
            "file_recorder_min_space=1m"
        };
        try (Scene scene = new Scene(new ServerProcess(there, folder.resolve("data"), settings))) {
            Mixes mixes = new Mixes(trial, scene, folder, records);
            mixes.settings("\"width\": 320, \"height\": 180, \"fps\": 10");
            int judged = mixes.joinsAndLeaves();
            mixes.tracksThatAreNotWhole();
            int killed = mixes.deadWorkers();
            trial.result(
                    "%d joins and leaves in one file, %d pictures of its mix judged; a corrupt track cost 3 s of its own tile,"
                            + " a file that is cut off is a failure that is said; %d workers killed, every mix whole afterwards",
                    JOINS, judged, killed);
        }
    }

    private void settings(String members) throws Exception {
        Files.writeString(
                folder.resolve("conf").resolve("offline_mixer.json"),
                "{\"mixerDisplayStreamName\": false, %s}".formatted(members));
    }

    /// White pictures, so that it is seen at every moment how many are there.
    private static List<FlvFile.Tag> white(int seconds) {
        return FlvFile.parse(Bytes.wrap(Ffmpeg.ffmpeg(
                                "-v",
                                "error",
                                "-f",
                                "lavfi",
                                "-i",
                                "color=white:s=160x90:r=25:d=" + seconds,
                                "-f",
                                "lavfi",
                                "-i",
                                "sine=r=44100:d=" + seconds,
                                "-c:v",
                                "libx264",
                                "-preset",
                                "ultrafast",
                                "-g",
                                "25",
                                "-pix_fmt",
                                "yuv420p",
                                "-c:a",
                                "aac",
                                "-f",
                                "flv",
                                "-")
                        .out()))
                .tags();
    }

    /// People who come and go all the time, one or two at a time.
    ///
    /// @return pictures of the mix that were judged
    private int joinsAndLeaves() throws Exception {
        String uri = "\"uri\": \"multi-recorder://door\"";
        scene.rest("multipleRecorder/startup", "{%s}".formatted(uri));
        List<String> sessions = new ArrayList<>();
        List<FlvFile.Tag> tags = white(120);
        for (int i = 0; i < STREAMS; i++) {
            String name = "s" + i;
            scene.publish(name, tags);
            Scene.await(name, () -> scene.rest("stream/find_all", "").toString().contains("\"" + name + "\""));
            sessions.add("{%s, \"mediaSessionId\": \"%s\"}".formatted(uri, scene.mediaSession(name)));
        }
        Scene.run(1_100);
        for (int i = 0; i < JOINS; i++) {
            assertEquals(
                    200,
                    scene.post("multipleRecorder/add", sessions.get(i % STREAMS))
                            .statusCode());
            Scene.run(STEP_MILLIS);
            if (i > 0) {
                remove(sessions.get((i - 1) % STREAMS));
            }
        }
        remove(sessions.get((JOINS - 1) % STREAMS));
        scene.rest("multipleRecorder/terminate", "{%s}".formatted(uri));
        scene.endAll();
        Path file = records.resolve("multi-recorder__door.mp4");
        Scene.await("the file", () -> Files.exists(file));
        assertEquals("", Ffmpeg.decodeErrors(file));
        String timeline = Files.readString(records.resolve("multi-recorder__door.mp4.timeline.json"));
        assertEquals(JOINS, timeline.split("\"join\"", -1).length - 1, "joins");
        assertEquals(JOINS, timeline.split("\"leave\"", -1).length - 1, "leaves");
        return judge(file, mixed(file));
    }

    private void remove(String session) throws Exception {
        assertEquals(200, scene.post("multipleRecorder/remove", session).statusCode());
    }

    /// One alone has all of the picture, two stand side by side with black above and below, without anybody it is dark.
    private static int judge(Path file, Look look) throws Exception {
        List<DescribedTrack.Segment> there = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file)) {
            for (DescribedTrack track : MovieTracks.of(channel)) {
                if (track.isVideo()) {
                    track.segments().stream()
                            .filter(DescribedTrack.Segment::media)
                            .forEach(there::add);
                }
            }
        }
        int judged = 0;
        for (int picture = 0; picture < look.pictures(); picture++) {
            long nanos = picture * 1_000_000_000L / FPS;
            boolean unclear = there.stream()
                    .anyMatch(segment -> Math.abs(segment.startNanos() - nanos) < ROUNDED_NANOS
                            || Math.abs(segment.endNanos() - nanos) < ROUNDED_NANOS);
            long count = there.stream()
                    .filter(segment -> segment.startNanos() <= nanos && nanos < segment.endNanos())
                    .count();
            if (unclear || count > 2) {
                continue;
            }
            judged++;
            int middle = look.brightness(picture, 0.25, 0.5);
            int top = look.brightness(picture, 0.5, 0.05);
            assertTrue(count > 0 ? middle > BRIGHT : middle < DARK, picture + ": " + count + " there, " + middle);
            assertTrue(count == 1 ? top > BRIGHT : top < DARK, picture + ": " + count + " there, above " + top);
        }
        assertTrue(judged > look.pictures() / 10, judged + " of " + look.pictures());
        return judged;
    }

    /// People with all rates, with pictures alone and sound alone; and the same where the pictures of one are damaged.
    private void tracksThatAreNotWhole() throws Exception {
        List<Person> people = List.of(
                new Person("Anna", "320x180", 30, 0, SECONDS, 0.2, 1000),
                new Person("Boris", "160x120", 10, 0, SECONDS, 0.6, 2000),
                new Person("Clara", "180x320", 15, 0, SECONDS, 0.4, 0),
                new Person("David", "640x360", 25, 0, SECONDS, 0.8, 0),
                new Person("Emma", "", 0, 0, SECONDS, 0.5, 3000));
        Path file = records.resolve("room.mp4");
        Person.record(file, people);
        assertPeople(people, mixed(file), false);
        Path damaged = Files.copy(file, records.resolve("damaged.mp4"));
        damage(damaged, 2);
        assertPeople(people, mixed(damaged), true);
        byte[] bytes = Files.readAllBytes(file);
        Path cut = Files.write(records.resolve("cut.mp4"), Arrays.copyOf(bytes, bytes.length / 2));
        JsonNode failed = awaitOver(start(cut));
        assertEquals("failed", failed.path("state").stringValue());
        assertTrue(failed.path("message").stringValue().contains("cut.mp4"), failed.toString());
    }

    /// Flips bytes of this track's packets.
    private void damage(Path file, int stream) throws Exception {
        String packets = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-select_streams",
                        "" + stream,
                        "-show_entries",
                        "packet=pts_time,size,pos",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text();
        int flipped = 0;
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            for (String packet : packets.lines().toList()) {
                String[] fields = packet.split(",");
                double at = Double.parseDouble(fields[0]);
                if (at < DAMAGED_FROM || at >= DAMAGED_UNTIL - 0.15) {
                    continue;
                }
                int size = Integer.parseInt(fields[1]);
                for (int i = 0; i < Math.max(1, size / 20); i++) {
                    long place = Long.parseLong(fields[2]) + trial.random().nextInt(size);
                    bytes.seek(place);
                    int old = bytes.read();
                    bytes.seek(place);
                    bytes.write(old ^ 1 << trial.random().nextInt(8));
                    flipped++;
                }
            }
        }
        assertTrue(flipped > 20, flipped + " bytes");
    }

    private static void assertPeople(List<Person> people, Look look, boolean damaged) {
        for (int i = 0; i < 4; i++) {
            // Boris's are damaged for a while.
            double from = damaged && i == 1 ? DAMAGED_UNTIL + 0.2 : 0;
            double until = damaged && i == 1 ? DAMAGED_FROM - 0.2 : SECONDS;
            List<Double> flashes = look.flashes((i % 2 + 0.5) / 2, (i / 2 + 0.5) / 2);
            assertNear(
                    around(people.get(i).moments(), until, from),
                    around(flashes, until, from),
                    FRAME_SECONDS,
                    people.get(i).name());
        }
        for (Person person : people) {
            if (person.hz() > 0) {
                assertNear(person.moments(), look.beeps(person.hz()), SOUND_SECONDS, person.name());
            }
        }
    }

    private static List<Double> around(List<Double> moments, double until, double from) {
        return moments.stream().filter(at -> at < until || at >= from).toList();
    }

    static void assertNear(List<Double> expected, List<Double> found, double slack, String what) {
        assertEquals(expected.size(), found.size(), what + ": " + expected + " " + found);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), slack, what + ": " + expected + " " + found);
        }
    }

    /// Killed once at any moment, a mix is the same as if nothing had happened; killed each time, it fails and says so.
    private int deadWorkers() throws Exception {
        settings("\"width\": 1280, \"height\": 720, \"fps\": 60");
        Path file = records.resolve("long.mp4");
        Person.record(
                file,
                List.of(
                        new Person("Anna", "640x360", 30, 0, 10, 0.2, 1000),
                        new Person("Boris", "640x360", 30, 2, 8, 0.6, 2000)));
        byte[] source = Files.readAllBytes(file);
        mixed(file);
        Path target = records.resolve("long_mixed.mp4");
        byte[] undisturbed = Files.readAllBytes(target);
        int killed = 0;
        for (int round = 0; round < trial.rounds(); round++) {
            Files.delete(target);
            String id = start(file);
            killed += kill(id, 1, round == 0 ? 50 : trial.random().nextInt(90));
            JsonNode job = awaitOver(id);
            assertEquals("done", job.path("state").stringValue(), job.toString());
            assertEquals(2, job.path("attempts").intValue(), job.toString());
            assertArrayEquals(undisturbed, Files.readAllBytes(target));
        }
        Files.delete(target);
        String id = start(file);
        for (int attempt = 1; attempt <= FAIL_AFTER; attempt++) {
            killed += kill(id, attempt, 0);
        }
        JsonNode job = awaitOver(id);
        assertEquals("failed", job.path("state").stringValue(), job.toString());
        assertTrue(job.path("message").stringValue().contains("died"), job.toString());
        assertArrayEquals(source, Files.readAllBytes(file));
        try (Stream<Path> files = Files.list(records)) {
            List<String> left = files.map(one -> one.getFileName().toString())
                    .filter(name -> name.endsWith(".part") || name.equals("long_mixed.mp4"))
                    .toList();
            assertEquals(List.of(), left);
        }
        Scene.await("no worker to be left", () -> workers().isEmpty());
        return killed;
    }

    /// Kills the workers when so much of a mix is done.
    private int kill(String id, int attempt, int percent) throws Exception {
        Scene.await("the mix to reach " + percent + " %", () -> {
            JsonNode job = job(id);
            return job.path("attempts").intValue() == attempt
                    && job.path("percent").intValue() >= percent
                    && !workers().isEmpty();
        });
        List<ProcessHandle> workers = workers();
        workers.forEach(ProcessHandle::destroyForcibly);
        return workers.size();
    }

    /// A server that mixes has no others.
    private List<ProcessHandle> workers() {
        return ProcessHandle.of(scene.server.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .filter(process -> process.info().command().orElse("").endsWith("java"))
                .toList();
    }

    private String start(Path file) throws Exception {
        return scene.rest("offlineMixer/startup", "{\"fileName\": \"%s\"}".formatted(file.getFileName()))
                .path("id")
                .stringValue();
    }

    private JsonNode job(String id) throws Exception {
        for (JsonNode job : scene.rest("offlineMixer/find_all", "{}")) {
            if (job.path("id").stringValue().equals(id)) {
                return job;
            }
        }
        throw new AssertionError("no job " + id);
    }

    private JsonNode awaitOver(String id) throws Exception {
        Scene.await(
                "the mix",
                () -> !List.of("waiting", "running")
                        .contains(job(id).path("state").stringValue()));
        return job(id);
    }

    /// The mix of a file, which is as it was.
    private Look mixed(Path file) throws Exception {
        byte[] source = Files.readAllBytes(file);
        JsonNode job = awaitOver(start(file));
        assertEquals("done", job.path("state").stringValue(), job.toString());
        assertArrayEquals(source, Files.readAllBytes(file));
        Path mixed = records.resolve(job.path("mixedFile").stringValue());
        assertEquals("", Ffmpeg.decodeErrors(mixed));
        return Look.at(mixed, FPS);
    }
}
