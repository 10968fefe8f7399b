package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.peers.Ffmpeg;

/// Real workers, judged by decoding what they made: who is where and when.
@Tag("peer")
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class OfflineMixerTest {
    private static final int FPS = 30;
    private static final double FRAME = 1.0 / FPS + 0.003;
    private static final double SOUND = 0.04;

    private static final Person ANNA = new Person("Anna", "640x360", 30, 0, 8, 0.2, 1000);
    private static final Person BORIS = new Person("Boris", "320x180", 25, 2.4, 4, 0.6, 2000);

    @TempDir
    private Path folder;

    private Mixed mix(Path file, String settings) throws Exception {
        return OfflineMixer.mix(file, MixSettings.parse(settings, folder), (_, _) -> {}, 2);
    }

    private static void assertNear(List<Double> expected, List<Double> found, double slack, String what) {
        assertEquals(expected.size(), found.size(), what + ": " + expected + " " + found);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), slack, what + ": " + expected + " " + found);
        }
    }

    private static List<Double> between(List<Double> moments, double from, double until) {
        return moments.stream()
                .filter(moment -> moment >= from && moment < until)
                .toList();
    }

    /// The same in another container. Without sound from before the beginning, for which ffmpeg would move all of it.
    private Path in(String container, Path movie) {
        if (movie.toString().endsWith(container)) {
            return movie;
        }
        Path file = folder.resolve("room." + container);
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-i",
                movie.toString(),
                "-map",
                "0",
                "-c",
                "copy",
                "-bsf:a",
                "noise=drop=lt(pts\\,0)",
                file.toString());
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void everybodyIsWhereAndWhenHeWas(String container) throws Exception {
        Path movie = folder.resolve("room.mp4");
        Person.record(movie, List.of(ANNA, BORIS));
        Path file = in(container, movie);
        Mixed mixed = mix(file, "{\"mixerDisplayStreamName\": false}");
        assertEquals(folder.resolve("room_mixed.mp4"), mixed.file());
        assertEquals(8, mixed.durationNanos() / 1e9, 0.05);
        assertEquals("", Ffmpeg.decodeErrors(mixed.file()));
        Look look = Look.at(mixed.file(), FPS);
        // In Matroska the last frame of sound is not shortened.
        assertEquals(8 * FPS, look.pictures(), container.equals("mkv") ? 1 : 0);
        // Alone she has all of it; beside him the left half, and below her it is dark.
        assertNear(between(ANNA.moments(), 0, 2.4), between(look.flashes(0.5, 0.9), 0, 2.4), FRAME, "alone");
        assertNear(ANNA.moments(), look.flashes(0.25, 0.5), FRAME, "Anna");
        assertNear(BORIS.moments(), between(look.flashes(0.75, 0.5), 2.4, 6.4), FRAME, "Boris");
        assertNear(List.of(), between(look.flashes(0.25, 0.1), 2.5, 6.3), FRAME, "above the tiles");
        assertNear(between(ANNA.moments(), 6.4, 8), between(look.flashes(0.5, 0.9), 6.4, 8), FRAME, "alone again");
        assertNear(ANNA.moments(), look.beeps(1000), SOUND, "Anna");
        assertNear(BORIS.moments(), look.beeps(2000), SOUND, "Boris");
    }

    @Test
    void mixingTwiceGivesTheSameBytes() throws Exception {
        Path file = folder.resolve("room.mp4");
        Person.record(file, List.of(new Person("Anna", "320x180", 30, 0, 24, 0.2, 1000), BORIS));
        byte[] source = Files.readAllBytes(file);
        for (String settings : List.of("{}", "{\"multithreading\": true}")) {
            String small =
                    settings.replace("{", "{\"width\": 320, \"height\": 180, ").replace(", }", "}");
            byte[] first = Files.readAllBytes(mix(file, small).file());
            assertArrayEquals(first, Files.readAllBytes(mix(file, small).file()));
            Look look = Look.at(folder.resolve("room_mixed.mp4"), FPS);
            assertEquals(24 * FPS, look.pictures());
            assertNear(new Person("Anna", "", 30, 0, 24, 0.2, 0).moments(), look.flashes(0.25, 0.5), FRAME, settings);
            assertEquals("", Ffmpeg.decodeErrors(folder.resolve("room_mixed.mp4")));
        }
        assertArrayEquals(source, Files.readAllBytes(file));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count(), "nothing is left over");
        }
        assertTrue(Files.size(folder.resolve("room_mixed.mp4")) > 0);
    }

    /// He sends no pictures for four seconds, and goes on without a keyframe; his sound goes on.
    @ParameterizedTest
    @ValueSource(strings = {"mp4", "mkv"})
    void whoIsAwayForAWhileHasNoTileMeanwhile(String container) throws Exception {
        Path whole = folder.resolve("whole.mp4");
        Person anna = new Person("Anna", "320x180", 10, 0, 10, 0.2, 1000);
        Person boris = new Person("Boris", "320x180", 10, 0, 10, 0.6, 2000);
        Person.record(whole, List.of(anna, boris));
        Path movie = folder.resolve("room.mp4");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-i",
                whole.toString(),
                "-map",
                "0",
                "-c",
                "copy",
                "-c:v:1",
                "libx264",
                "-g",
                "1000",
                "-sc_threshold",
                "0",
                "-filter:v:1",
                "select='lt(t,2.95)+gte(t,6.95)'",
                "-fps_mode",
                "passthrough",
                movie.toString());
        Mixed mixed = mix(in(container, movie), """
                {"fps": 10, "width": 320, "height": 180, "mixerDisplayStreamName": false}""");
        Look look = Look.at(mixed.file(), 10);
        assertEquals(List.of(3.2, 4.2, 5.2, 6.2), look.flashes(0.5, 0.9), "all of the picture is hers");
        List<Double> his = look.flashes(0.75, 0.5).stream()
                .filter(moment -> moment < 3 || moment >= 7)
                .toList();
        assertEquals(List.of(0.6, 1.6, 2.6, 7.6, 8.6, 9.6), his);
        assertEquals(anna.moments(), look.flashes(0.25, 0.5));
        assertNear(boris.moments(), look.beeps(2000), SOUND, "Boris is heard");
    }

    @Test
    void theLoudestIsLarge() throws Exception {
        Path file = folder.resolve("room.mp4");
        // One speaks for six seconds; the other one, who is late, only in the two seconds behind.
        Person.record(
                file,
                List.of(
                        new Person("Anna", "320x180", 10, 0, 8, 0.2, 0),
                        new Person("Anna", "", 10, 0, 4, 0.2, 1000),
                        new Person("Boris", "320x180", 10, 2, 6, 0.6, 0),
                        new Person("Boris", "", 10, 4, 4, 0.6, 2000)));
        Mixed mixed = mix(file, """
                {"layout": "speaker", "fps": 10, "width": 320, "height": 180, "mixerDisplayStreamName": false}""");
        Look look = Look.at(mixed.file(), 10);
        // Large she reaches to the left of the middle and up, small only in the lower middle.
        assertEquals(List.of(2.2, 3.2), between(look.flashes(0.3, 0.2), 2, 4), "Anna is large");
        assertEquals(List.of(2.6, 3.6), between(look.flashes(0.5, 0.9), 2, 4), "Boris is small");
        assertEquals(List.of(5.6, 6.6, 7.6), between(look.flashes(0.3, 0.2), 5, 8), "Boris is large");
        assertEquals(List.of(5.2, 6.2, 7.2), between(look.flashes(0.5, 0.9), 5, 8), "Anna is small");
    }
}
