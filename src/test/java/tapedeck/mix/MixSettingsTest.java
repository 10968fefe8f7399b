package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Ffmpeg;
import tapedeck.transcode.picture.Area;

/// What `conf/offline_mixer.json` says, and what becomes of it in the picture.
@Tag("peer")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MixSettingsTest {
    @TempDir
    private Path folder;

    private MixSettings parse(String json) throws Exception {
        return MixSettings.parse(json, folder);
    }

    @Test
    void theFileOfTheRecordingPageIsRead() throws Exception {
        MixSettings settings =
                parse("{\"hasVideo\": \"true\", \"hasAudio\": \"false\", \"mixerDisplayStreamName\": true,"
                        + " \"multithreading\": true, \"callbackUrl\": \"http://backend.url/multiRecorderCallback\","
                        + " \"minAvailableSpace\": \"1G\", \"mixerFoo\": 1}");
        assertTrue(settings.hasVideo() && !settings.hasAudio() && settings.multithreading());
        assertTrue(settings.picture().scene().names());
        assertEquals("http://backend.url/multiRecorderCallback", settings.callbackUrl());
        assertEquals(1L << 30, settings.minAvailableSpaceBytes());
        assertEquals(List.of("mixerFoo"), settings.unknownKeys());
        assertEquals(parse("{}"), MixSettings.parse("{}", Path.of("elsewhere")));
    }

    @Test
    void aLiveMixTakesWhatItIsToldAndElseWhatItsFileSays() throws Exception {
        Path file = folder.resolve("mixer.json");
        assertEquals(1280, MixSettings.live(file, Map.of()).picture().width());
        Files.writeString(file, """
                {"width": 640, "fps": 10, "layout": "own.json", "captions": [{"text": "a"}], "hasAudio": false}""");
        Files.writeString(folder.resolve("own.json"), "{\"tiles\": [{\"x\": 50}]}");
        MixSettings settings = MixSettings.live(file, Map.of("fps", "25", "uri", "mixer://a", "captions", "[]"));
        assertEquals(640, settings.picture().width());
        assertEquals(25, settings.picture().fps());
        assertEquals(
                new Layout.Drawn(List.of(new Area(320, 0, 320, 720))),
                settings.picture().scene().layout());
        assertEquals(
                new Layout.Row(),
                MixSettings.live(file, Map.of("layout", "row"))
                        .picture()
                        .scene()
                        .layout());
        for (Map<String, String> own : List.of(
                Map.of("hasVideo", "false"),
                Map.of("background", "/etc/picture.png"),
                Map.of("layout", "../own.json"),
                Map.of("layout", ".."),
                Map.of("background", "..\\picture.png"))) {
            assertThrows(MixFailedException.class, () -> MixSettings.live(file, own), own.toString());
        }
    }

    @Test
    void whatCannotBeUsedIsNamed() {
        for (String json : List.of(
                "[]",
                "{\"hasVideo\": \"yes\"}",
                "{\"fps\": 0}",
                "{\"width\": 100000}",
                "{\"bitrate\": -1}",
                "{\"codec\": \"vp8\"}",
                "{\"layout\": \"none.json\"}",
                "{\"background\": \"none.png\"}",
                "{\"logo\": {\"image\": \"none.png\"}}",
                "{\"captions\": [{\"text\": \"x\", \"x\": 101}]}",
                "{\"callbackUrl\": \"file:///etc/passwd\"}",
                "{\"minAvailableSpace\": \"much\"}")) {
            MixFailedException failure = assertThrows(MixFailedException.class, () -> parse(json), json);
            assertEquals(MixFailedException.Reason.SETTINGS, failure.reason());
        }
    }

    private Path image(String name, int width, int height, Color colour) throws Exception {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(colour);
        graphics.fillRect(0, 0, width, height);
        graphics.dispose();
        Path file = folder.resolve(name);
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    @Test
    void aLayoutOfOnesOwnHasItsTilesBackgroundAndLogo() throws Exception {
        image("wall.png", 50, 50, new Color(120, 120, 120));
        image("logo.png", 20, 20, Color.WHITE);
        Files.writeString(folder.resolve("mine.json"), """
                {"tiles": [{"x": 0, "y": 0, "width": 50, "height": 50}, {"x": 50, "y": 50, "width": 50, "height": 50}],
                 "background": "wall.png",
                 "logo": {"image": "logo.png", "x": 40, "y": 40, "width": 20, "height": 20},
                 "captions": [{"text": "██", "x": 10, "y": 70, "height": 15}]}""");
        MixSettings settings = parse("{\"width\": 320, \"height\": 180, \"fps\": 10, \"layout\": \"mine.json\","
                + " \"mixerDisplayStreamName\": false}");
        assertEquals(
                new Layout.Drawn(List.of(new Area(0, 0, 160, 90), new Area(160, 90, 160, 90))),
                settings.picture().scene().layout());
        Path file = folder.resolve("room.mp4");
        Person.record(
                file,
                List.of(
                        new Person("a", "320x180", 10, 0, 2, 0.2, 0),
                        new Person("b", "320x180", 10, 0, 2, 0.6, 0),
                        new Person("c", "320x180", 10, 0, 2, 0.4, 0)));
        Look look = Look.at(OfflineMixer.mix(file, settings, (_, _) -> {}, 1).file(), 10);
        assertEquals(List.of(0.2, 1.2), look.flashes(0.2, 0.2), "the first one");
        assertEquals(List.of(0.6, 1.6), look.flashes(0.8, 0.8), "the second one");
        // Blended over the tiles as often as they change, white stays white and the rest as it was.
        for (int picture = 0; picture < look.pictures(); picture++) {
            assertEquals(120, look.brightness(picture, 0.8, 0.2), 12, "the wall");
            assertEquals(255, look.brightness(picture, 0.5, 0.5), 12, "the logo");
            assertEquals(look.brightness(0, 0.12, 0.72), look.brightness(picture, 0.12, 0.72), 12, "the caption");
        }
        assertTrue(look.brightness(0, 0.12, 0.72) < 100, "what is behind the letters is darker than the wall");
    }

    /// What a layout of one's own does not say is as the settings have it.
    @Test
    void aLayoutOfOnesOwnLeavesLogoCaptionsAndBackgroundToTheSettings() throws Exception {
        Path logo = image("logo.png", 20, 20, Color.WHITE);
        Files.writeString(folder.resolve("mine.json"), "{\"tiles\": [{\"width\": 50}], \"background\": \"#112233\"}");
        String json = """
                {"layout": "mine.json", "background": "#445566", "captions": [{"text": "Hearing 7", "height": 5}],
                 "logo": {"image": "logo.png", "x": 90, "y": 0, "width": 10, "height": 10}}""";
        Ask.Scene scene = parse(json).picture().scene();
        assertEquals(0x112233, scene.backgroundRgb());
        assertEquals(
                List.of("Hearing 7"),
                scene.captions().stream().map(Ask.Caption::text).toList());
        assertEquals(
                List.of(logo.toString()),
                scene.images().stream().map(Ask.Image::path).toList());
        Files.writeString(folder.resolve("mine.json"), "{\"tiles\": [{\"width\": 50}], \"captions\": []}");
        Ask.Scene other = parse(json).picture().scene();
        assertEquals(0x445566, other.backgroundRgb());
        assertEquals(List.of(), other.captions());
        // Tiles stand in the file of a layout; in the settings they would have no effect, which is said.
        assertEquals(List.of("tiles"), parse("{\"tiles\": [{\"width\": 50}]}").unknownKeys());
    }

    @Test
    void aDiskThatBecomesFullEndsTheMixAndKeepsWhatThereIs() throws Exception {
        Path file = folder.resolve("room.mp4");
        Person.record(file, List.of(new Person("a", "320x180", 10, 0, 10, 0.2, 1000)));
        AtomicInteger asked = new AtomicInteger();
        DiskSpace space = new DiskSpace(folder, 1000, _ -> asked.incrementAndGet() <= 4 ? 1000 : 999, 0);
        Mixed mixed =
                OfflineMixer.mix(file, parse("{\"width\": 320, \"height\": 180, \"fps\": 10}"), (_, _) -> {}, 1, space);
        assertFalse(mixed.whole());
        assertEquals(3, mixed.durationNanos() / 1e9, 0.1);
        assertEquals("", Ffmpeg.decodeErrors(mixed.file()));
        assertEquals(3, Look.at(mixed.file(), 10).beeps(1000).size());
        DiskSpace full = new DiskSpace(folder, 1000, _ -> 999, 0);
        MixFailedException failure = assertThrows(
                MixFailedException.class, () -> OfflineMixer.mix(file, parse("{}"), (_, _) -> {}, 1, full));
        assertEquals(MixFailedException.Reason.NO_SPACE, failure.reason());
    }

    /// The tests have the build of FFmpeg with it.
    @Test
    void x264IsTakenWhereItIsWanted() throws Exception {
        Path file = folder.resolve("room.mp4");
        Person.record(file, List.of(new Person("a", "320x180", 10, 0, 2, 0.2, 0)));
        Mixed mixed = OfflineMixer.mix(
                file, parse("{\"codec\": \"x264\", \"width\": 320, \"height\": 180}"), (_, _) -> {}, 1);
        assertEquals("", Ffmpeg.decodeErrors(mixed.file()));
        assertEquals(List.of(0.2, 1.2), Look.at(mixed.file(), 30).flashes(0.5, 0.5));
        String profile = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=profile",
                        "-of",
                        "csv=p=0",
                        mixed.file().toString())
                .text();
        assertTrue(profile.startsWith("High"), profile);
    }
}
