package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Ffmpeg;

/// What is not as it should be: a mix, or a clear failure that leaves nothing behind.
@Tag("peer")
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class MixFaultsTest {
    private static final int FPS = 10;
    private static final String SMALL =
            "{\"width\": 320, \"height\": 180, \"fps\": 10, \"mixerDisplayStreamName\": false}";

    @TempDir
    private Path folder;

    private Mixed mix(Path file, String settings) throws Exception {
        return OfflineMixer.mix(file, MixSettings.parse(settings, folder), (_, _) -> {}, 1);
    }

    private static Person person(int number, String size, int hz) {
        return new Person("p" + number, size, FPS, 0, 3, 0.2 * (number % 5), hz);
    }

    @Test
    void thirtyPeopleHaveATileEach() throws Exception {
        Path file = folder.resolve("thirty.mp4");
        List<Person> people = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            people.add(person(i, "160x90", 0));
        }
        Person.record(file, people);
        Look look = Look.at(mix(file, SMALL).file(), FPS);
        for (int i = 0; i < 30; i++) {
            List<Double> flashes = look.flashes((i % 6 + 0.5) / 6, (i / 6 + 0.5) / 5);
            List<Double> expected = people.get(i).moments();
            // One that is bright from the first picture on did not become bright.
            expected = i % 5 == 0 ? expected.subList(1, expected.size()) : expected;
            assertMoments(expected, flashes, 0.01, "tile " + i);
        }
    }

    @Test
    void voicesTogetherDoNotClipAndStayLoud() throws Exception {
        Path file = folder.resolve("loud.mp4");
        Person.record(
                file, List.of(person(1, "", 1000), person(1, "", 1000), person(1, "", 1000), person(1, "", 1000)));
        Look look = Look.at(mix(file, SMALL).file(), FPS);
        assertEquals(0, look.pictures(), "nobody has a picture");
        assertTrue(look.peak() < 32_000 && look.peak() > 22_000, "loudest sample: " + look.peak());
        assertEquals(3, look.beeps(1000).size());
    }

    @Test
    void aTurnedPictureStandsUpright() throws Exception {
        Path lying = folder.resolve("lying.mp4");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "color=c=black:s=320x180:r=10:d=1,drawbox=c=white:t=fill:w=160",
                "-c:v",
                "libx264",
                lying.toString());
        for (String turned : List.of("90.mp4", "180.mp4", "270.mp4", "90.mkv", "270.mkv")) {
            int degrees = Integer.parseInt(turned.substring(0, turned.indexOf('.')));
            Path file = folder.resolve("turned" + turned);
            Ffmpeg.ffmpeg(
                    "-v",
                    "error",
                    "-display_rotation",
                    "" + -degrees,
                    "-i",
                    lying.toString(),
                    "-c",
                    "copy",
                    file.toString());
            Look expected = Look.at(pad(file), FPS);
            Look look = Look.at(mix(file, SMALL).file(), FPS);
            for (double x = 0.05; x < 1; x += 0.1) {
                for (double y = 0.05; y < 1; y += 0.15) {
                    int wanted = expected.brightness(5, x, y);
                    // Where an edge is, rounding to whole pixels decides.
                    if (wanted < 20 || wanted > 235) {
                        assertEquals(wanted, look.brightness(5, x, y), 40, degrees + ": " + x + " " + y);
                    }
                }
            }
        }
    }

    /// As ffmpeg turns it, on a canvas of 320 × 180.
    private Path pad(Path file) {
        Path padded = folder.resolve("padded.mp4");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-i",
                file.toString(),
                "-vf",
                "scale=320:180:force_original_aspect_ratio=decrease,pad=320:180:-1:-1",
                "-c:v",
                "libx264",
                padded.toString());
        return padded;
    }

    @Test
    void aPictureThatChangesItsSizeKeepsItsShape() throws Exception {
        List<String> parts = new ArrayList<>();
        for (String size : List.of("640x360", "180x320")) {
            Path part = folder.resolve(size + ".ts");
            Ffmpeg.ffmpeg(
                    "-v",
                    "error",
                    "-f",
                    "lavfi",
                    "-i",
                    "color=c=white:s=%s:r=10:d=2".formatted(size),
                    "-c:v",
                    "libx264",
                    "-bf",
                    "0",
                    part.toString());
            parts.add(part.toString());
        }
        Path file = folder.resolve("changing.mp4");
        Ffmpeg.ffmpeg("-v", "error", "-i", "concat:" + String.join("|", parts), "-c", "copy", file.toString());
        Look look = Look.at(mix(file, SMALL).file(), FPS);
        assertTrue(look.brightness(10, 0.1, 0.5) > 200, "wide");
        int last = look.pictures() - 3;
        assertTrue(look.brightness(last, 0.1, 0.5) < 40, "narrow");
        assertTrue(look.brightness(last, 0.5, 0.5) > 200, "narrow");
    }

    @Test
    void namesAreDrawnWhereTheyAreWanted() throws Exception {
        Path file = folder.resolve("named.mp4");
        Person.record(file, List.of(person(2, "320x180", 0)));
        assertEquals(0, brightest(Look.at(mix(file, SMALL).file(), FPS)), 6);
        assertTrue(brightest(Look.at(mix(file, SMALL.replace("false", "true")).file(), FPS)) > 60);
    }

    /// In the lower left corner of the first picture.
    private static int brightest(Look look) {
        int brightest = 0;
        for (double x = 0; x < 0.3; x += 0.01) {
            for (double y = 0.85; y < 1; y += 0.02) {
                brightest = Math.max(brightest, look.brightness(0, x, y));
            }
        }
        return brightest;
    }

    @Test
    void aKilledWorkerCostsTheMixAndNothingElse() throws Exception {
        Path file = folder.resolve("room.mp4");
        Person.record(file, List.of(new Person("a", "320x180", FPS, 0, 20, 0.2, 1000)));
        byte[] source = Files.readAllBytes(file);
        AtomicInteger killed = new AtomicInteger();
        OfflineMixer.Progress killer = (written, duration) -> {
            if (written * 2 > duration && killed.getAndIncrement() == 0) {
                MixWorkers.all().forEach(ProcessHandle::destroyForcibly);
            }
        };
        MixFailedException failure = assertThrows(
                MixFailedException.class,
                () -> OfflineMixer.mix(file, MixSettings.parse(SMALL.replace("10,", "60,"), folder), killer, 1));
        assertEquals(MixFailedException.Reason.BROKEN, failure.reason());
        assertTrue(killed.get() > 0);
        assertArrayEquals(source, Files.readAllBytes(file));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList(), "nothing is left");
        }
        assertEquals(20, mix(file, SMALL).durationNanos() / 1e9, 0.1);
        assertEquals(0, MixWorkers.all().size());
    }

    /// One of two is damaged: of the other nothing is missing.
    @Test
    void damagedTracksAreMixedAsFarAsTheyGo() throws Exception {
        Path whole = folder.resolve("whole.mp4");
        Person other = person(2, "320x180", 2000);
        Person.record(whole, List.of(person(1, "320x180", 1000), other));
        List<Packet> packets = new ArrayList<>(packets(whole, "v:0"));
        packets.addAll(packets(whole, "a:0"));
        for (int seed = 0; seed < 3; seed++) {
            Path file = Files.copy(whole, folder.resolve("damaged%d.mp4".formatted(seed)));
            Random random = new Random(seed);
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                for (int i = 0; i < 200; i++) {
                    Packet packet = packets.get(random.nextInt(packets.size()));
                    bytes.seek(packet.at + random.nextInt(packet.size));
                    bytes.write(random.nextInt(256));
                }
            }
            Mixed mixed = mix(file, SMALL);
            assertTrue(mixed.damagedPackets() > 0, "nothing was hit");
            assertEquals("", Ffmpeg.decodeErrors(mixed.file()));
            Look look = Look.at(mixed.file(), FPS);
            assertEquals(3 * FPS, look.pictures());
            assertMoments(other.moments(), look.flashes(0.75, 0.5), 0.01, "flashes");
            assertMoments(other.moments(), look.beeps(2000), 0.04, "beeps");
        }
    }

    private static void assertMoments(List<Double> expected, List<Double> found, double apart, String what) {
        assertEquals(expected.size(), found.size(), what + ": " + found);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), apart, what + ": " + found);
        }
    }

    /// Where it lies in the file.
    private record Packet(long at, int size) {}

    private static List<Packet> packets(Path file, String stream) {
        Ffmpeg.Result found = Ffmpeg.ffprobe(
                "-v",
                "error",
                "-select_streams",
                stream,
                "-show_entries",
                "packet=size,pos",
                "-of",
                "csv=p=0",
                file.toString());
        return found.text()
                .lines()
                .map(line -> line.split(","))
                .map(fields -> new Packet(Long.parseLong(fields[1]), Integer.parseInt(fields[0])))
                .toList();
    }

    @Test
    void whatSomebodyMixesNobodyElseMixes() throws Exception {
        Path file = folder.resolve("room.mp4");
        Person.record(file, List.of(person(1, "320x180", 1000)));
        List<MixFailedException.Reason> refused = new ArrayList<>();
        OfflineMixer.Progress other = (_, _) -> {
            try {
                mix(file, SMALL);
            } catch (MixFailedException e) {
                refused.add(e.reason());
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        };
        Mixed mixed = OfflineMixer.mix(file, MixSettings.parse(SMALL, folder), other, 1);
        assertEquals(
                List.of(MixFailedException.Reason.BUSY),
                refused.stream().distinct().toList());
        assertEquals("", Ffmpeg.decodeErrors(mixed.file()));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count(), "nothing is left");
        }
        // Another process, as the hook's.
        Path part = folder.resolve(".room_mixed.mp4.part");
        try (FileChannel held = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            held.lock();
            Path config = Files.writeString(folder.resolve("mixer.json"), SMALL);
            Ffmpeg.Result result = Ffmpeg.run(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "tapedeck.Main",
                    "mix",
                    file.toString(),
                    "--config",
                    config.toString()));
            assertEquals(71, result.exitCode(), result.err());
        }
        assertTrue(Files.exists(part), "it is the other one's");
        assertEquals(3, mix(file, SMALL).durationNanos() / 1e9, 0.1);
        assertFalse(Files.exists(part));
    }

    /// An MP4 that is cut off has no index; a Matroska is mixed as far as it goes.
    @Test
    void aMatroskaThatIsCutOffIsMixedAsFarAsItGoes() throws Exception {
        Path whole = folder.resolve("whole.mkv");
        Person.record(whole, List.of(person(1, "320x180", 1000)));
        byte[] bytes = Files.readAllBytes(whole);
        Path file = Files.write(folder.resolve("cut.mkv"), java.util.Arrays.copyOf(bytes, bytes.length / 2));
        double seconds = mix(file, SMALL).durationNanos() / 1e9;
        assertTrue(seconds > 0.5 && seconds < 2.5, "%.3f of 3 s".formatted(seconds));
    }

    @Test
    void aFileThatIsCutOffIsAFailure() throws Exception {
        Path whole = folder.resolve("whole.mp4");
        Person.record(whole, List.of(person(1, "320x180", 1000)));
        byte[] bytes = Files.readAllBytes(whole);
        Path file = Files.write(folder.resolve("cut.mp4"), java.util.Arrays.copyOf(bytes, bytes.length / 2));
        MixFailedException failure = assertThrows(MixFailedException.class, () -> mix(file, SMALL));
        assertEquals(MixFailedException.Reason.NOTHING_TO_MIX, failure.reason());
    }
}
