package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tapedeck.container.mp4.Mp4Frames;
import tapedeck.media.Frame;
import tapedeck.mix.Look;
import tapedeck.mix.Person;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;
import tapedeck.record.MultiStudio;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;

/// L7: eight people, pictures and sound, recorded into one file faster than time, from packets that are made once and
/// sent over and over; then mixed by a real server. Flashes and beeps of each are looked for over the whole length.
final class LongCall {
    private static final int PEOPLE = 8;
    private static final int COLUMNS = 4;
    private static final int PICTURE_FPS = 15;
    private static final int FPS = 30;
    /// Frames of AAC at 48 kHz are whole in it.
    private static final int LOOP_SECONDS = 8;

    private static final long LOOP_NANOS = LOOP_SECONDS * 1_000_000_000L;
    private static final int ROUND_SECONDS = 600;
    private static final int SHORT_SECONDS = 8;
    private static final int WINDOW_SECONDS = 6;
    private static final int WINDOWS = 20;
    private static final long DEADLINE_SECONDS = 4 * 3600;
    private static final double FRAME_SECONDS = 1.0 / FPS + 1.0 / PICTURE_FPS;
    private static final double SOUND_SECONDS = 0.04;

    private LongCall() {}

    static void run(Trial trial) throws Exception {
        int seconds = trial.thorough() ? trial.rounds() * ROUND_SECONDS : SHORT_SECONDS;
        Path folder = trial.folder("call");
        List<Person> people = new ArrayList<>();
        for (int i = 0; i < PEOPLE; i++) {
            people.add(new Person("p" + i, "320x180", PICTURE_FPS, 0, 3 * LOOP_SECONDS, 0.2 * (i % 5), 700 + 400 * i));
        }
        Path file = record(folder, people, seconds);
        Path records = file.getParent();
        Files.createDirectories(folder.resolve("conf"));
        Files.writeString(folder.resolve("conf").resolve("offline_mixer.json"), """
                {"mixerDisplayStreamName": false, "layout": "eight.json"%s}""".formatted(
                        trial.thorough() ? "" : ", \"width\": 320, \"height\": 180"));
        Files.writeString(folder.resolve("conf").resolve("eight.json"), layout());
        Launch there = new Launch(List.of("env", "-C", folder.toString()), Map.of(), List.of());
        try (Scene scene = new Scene(new ServerProcess(there, folder.resolve("data"), "record_dir=" + records))) {
            double took = mix(scene, file);
            Path mixed = records.resolve("multi-recorder__test-record_mixed.mp4");
            double worst = judge(mixed, people, seconds, trial);
            trial.result(
                    "eight people, %d s: mixed in %.0f s, %.2f of their time; flashes and beeps within %.0f ms of each other",
                    seconds, took, took / seconds, worst * 1_000);
        }
    }

    private static String layout() {
        List<String> tiles = new ArrayList<>();
        for (int i = 0; i < PEOPLE; i++) {
            tiles.add("{\"x\": %d, \"y\": %d, \"width\": 25, \"height\": 50}"
                    .formatted(i % COLUMNS * 25, i / COLUMNS * 50));
        }
        return "{\"tiles\": [%s]}".formatted(String.join(", ", tiles));
    }

    private static Path record(Path folder, List<Person> people, int seconds) throws Exception {
        List<List<Frame>> loops = new ArrayList<>();
        for (Person person : people) {
            loops.add(loop(folder, person));
        }
        try (MultiStudio studio = new MultiStudio(folder)) {
            studio.multi().start(MultiStudio.URI);
            List<Publication[]> publications = new ArrayList<>();
            for (Person person : people) {
                Publication[] publication = new Publication[1];
                publications.add(publication);
                studio.at(0, () -> {
                    publication[0] = studio.publish(person.name());
                    studio.multi().add(MultiStudio.URI, publication[0].stream().mediaSessionId());
                });
            }
            for (int from = 0; from < seconds; from += LOOP_SECONDS) {
                for (int i = 0; i < people.size(); i++) {
                    studio.frames(publications.get(i), 0, later(loops.get(i), from * 1_000_000_000L));
                }
                studio.play();
            }
            return studio.terminate();
        }
    }

    /// Out of the middle of what an encoder made, so that the end goes with the beginning.
    private static List<Frame> loop(Path folder, Person person) throws Exception {
        Path raw = folder.resolve(person.name() + ".mp4");
        Path made = folder.resolve(person.name() + "-48k.mp4");
        Person.record(raw, List.of(person));
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-i",
                raw.toString(),
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-bf",
                "0",
                "-g",
                "" + PICTURE_FPS,
                "-sc_threshold",
                "0",
                "-c:a",
                "aac",
                "-ar",
                "48000",
                made.toString());
        List<Frame> loop = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(made)) {
            for (Frame frame : Mp4Frames.of(channel)) {
                // What is half a frame early belongs to it.
                long at = frame.ptsNanos() - LOOP_NANOS + 5_000_000;
                if (at >= 0 && at < LOOP_NANOS) {
                    loop.add(frame);
                }
            }
        }
        assertTrue(loop.getFirst().keyframe());
        assertEquals(LOOP_SECONDS * PICTURE_FPS + LOOP_SECONDS * 48_000 / 1024, loop.size());
        return later(loop, -LOOP_NANOS);
    }

    private static List<Frame> later(List<Frame> frames, long nanos) {
        return frames.stream()
                .map(frame -> new Frame(
                        frame.track(),
                        Math.max(0, frame.dtsNanos() + nanos),
                        Math.max(0, frame.ptsNanos() + nanos),
                        frame.keyframe(),
                        frame.data()))
                .toList();
    }

    private static double mix(Scene scene, Path file) throws Exception {
        scene.rest("offlineMixer/startup", "{\"fileName\": \"%s\"}".formatted(file.getFileName()));
        JsonNode[] job = new JsonNode[1];
        double took = Scene.await("the mix", DEADLINE_SECONDS, () -> {
            job[0] = scene.rest("offlineMixer/find_all", "{}").get(0);
            return job[0].path("endedMillis").longValue() > 0;
        });
        assertEquals("done", job[0].path("state").stringValue(), job[0].toString());
        return took;
    }

    /// @return how far a flash and its beep are apart at most
    private static double judge(Path mixed, List<Person> people, int seconds, Trial trial) {
        double worst = 0;
        for (int window = 0; window < WINDOWS && window * WINDOW_SECONDS + WINDOW_SECONDS <= seconds; window++) {
            int from = !trial.thorough() ? window * WINDOW_SECONDS : seconds / WINDOWS * window;
            Look look = Look.at(mixed, FPS, from, WINDOW_SECONDS);
            for (int i = 0; i < PEOPLE; i++) {
                List<Double> flashes = inside(look.flashes((i % COLUMNS + 0.5) / COLUMNS, (i / COLUMNS + 0.5) / 2));
                List<Double> beeps = inside(look.beeps(people.get(i).hz()));
                List<Double> expected = inside(people.get(i).moments());
                String what = "%s from second %d".formatted(people.get(i).name(), from);
                Mixes.assertNear(expected, flashes, FRAME_SECONDS, what);
                Mixes.assertNear(expected, beeps, SOUND_SECONDS, what);
                for (int k = 0; k < flashes.size(); k++) {
                    worst = Math.max(worst, Math.abs(flashes.get(k) - beeps.get(k)));
                }
            }
        }
        assertTrue(worst < SOUND_SECONDS, worst + " s apart");
        return worst;
    }

    /// What does not stand at an edge of a window.
    private static List<Double> inside(List<Double> moments) {
        return moments.stream()
                .filter(at -> at > 0.1 && at < WINDOW_SECONDS - 0.3)
                .toList();
    }
}
