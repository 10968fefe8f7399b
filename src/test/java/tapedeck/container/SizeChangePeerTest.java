package tapedeck.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.Mp4Cutter;
import tapedeck.media.Frame;
import tapedeck.peers.Browser;
import tapedeck.peers.BrowserPlayer;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// Pictures that change their size in the middle of a file, as others see it: every one is decoded, in its size.
@Tag("peer")
@Tag("realtime")
@Timeout(300)
class SizeChangePeerTest {
    private static final int ROOMY = 64 << 10;
    /// Mean difference of two pictures, of 255, that were coded apart from each other.
    private static final double MOST_DIFFERENCE = 12;

    @TempDir
    private Path folder;

    /// Growing, and finished.
    private List<Path> files(String codec, Container container) throws IOException {
        List<Frame> pictures = ChangingPictures.of(codec, 1);
        List<Frame> sound = container == Container.WEBM ? List.of() : TestMedia.aac(ChangingPictures.SIZES.size());
        MemoryFile file = ChangingPictures.recorded(container, TestMedia.interleaved(pictures, sound), ROOMY);
        Path growing = write(codec + "-growing", container, file);
        container.finish(file);
        return List.of(growing, write(codec, container, file));
    }

    @Test
    void aCutFromTheMiddleDecodesByItself() throws IOException {
        MemoryFile file = ChangingPictures.recorded(Container.MP4, ChangingPictures.withSound("h264", 1), ROOMY);
        Container.MP4.finish(file);
        MemoryFile cut = new MemoryFile();
        Mp4Cutter.cut(file, 1_200_000_000L, Long.MAX_VALUE, Bytes.EMPTY)
                .orElseThrow()
                .writeTo(cut);
        Map<String, Integer> rest = expected();
        rest.remove(ChangingPictures.SIZES.getFirst());
        assertSizes(rest, write("cut", Container.MP4, cut));
    }

    private Path write(String name, Container container, MemoryFile file) throws IOException {
        return Files.write(
                folder.resolve(name + "." + container.extension()),
                file.content().toByteArray());
    }

    /// The sizes of decoded pictures and how many there are of each.
    private static Map<String, Integer> expected() {
        Map<String, Integer> expected = new TreeMap<>();
        ChangingPictures.SIZES.forEach(size -> expected.put(size, TestMedia.FRAMES_PER_SECOND));
        return expected;
    }

    @ParameterizedTest
    @CsvSource({"h264, MP4", "h265, MP4", "h264, MKV", "h265, TS", "av1, WEBM"})
    void twoFfmpegsDecodeEveryPictureInItsSize(String codec, Container container) throws IOException {
        for (Path file : files(codec, container)) {
            assertSizes(expected(), file);
        }
    }

    private static void assertSizes(Map<String, Integer> expected, Path file) {
        for (String ffprobe : List.of(Ffmpeg.ffprobe(), "/usr/bin/ffprobe")) {
            Ffmpeg.Result result = Ffmpeg.run(List.of(
                    ffprobe,
                    "-v",
                    "error",
                    "-select_streams",
                    "v:0",
                    "-show_entries",
                    "frame=width,height",
                    "-of",
                    "csv=s=x:p=0",
                    file.toString()));
            assertEquals("", result.err(), file.toString());
            Map<String, Integer> found = new TreeMap<>();
            result.text()
                    .lines()
                    .filter(line -> !line.isBlank())
                    .forEach(line -> found.merge(line.replaceAll("x+$", ""), 1, Integer::sum));
            assertEquals(expected, found, ffprobe + " " + file);
        }
    }

    @ParameterizedTest
    @CsvSource({"h264, MP4, qtdemux", "h265, MP4, qtdemux", "h264, MKV, matroskademux"})
    void gstreamerDecodesEveryPictureInItsSize(String codec, Container container, String demuxer) throws IOException {
        for (Path file : files(codec, container)) {
            Ffmpeg.Result result = Ffmpeg.run(List.of(
                    "gst-launch-1.0",
                    "-v",
                    "filesrc",
                    "location=" + file,
                    "!",
                    demuxer,
                    "!",
                    codec + "parse",
                    "!",
                    "avdec_" + codec,
                    "!",
                    "fakesink",
                    "name=seen",
                    "silent=false"));
            assertEquals(0, result.exitCode(), result.err());
            List<String> sizes = new ArrayList<>();
            int pictures = 0;
            for (String line : result.text().lines().toList()) {
                if (line.contains("seen.GstPad:sink: caps = video/x-raw")) {
                    sizes.add(line.replaceAll(".*width=\\(int\\)(\\d+), height=\\(int\\)(\\d+).*", "$1x$2"));
                } else if (line.contains("chain   ****")) {
                    pictures++;
                }
            }
            assertEquals(ChangingPictures.SIZES, sizes, file.toString());
            assertEquals(3 * TestMedia.FRAMES_PER_SECOND, pictures, file.toString());
        }
    }

    /// From the first to the last picture, and then back, which is where a header that describes only the first
    /// pictures would not help.
    @Test
    void browsersPlayOverTheChangesAndGoBack() throws Exception {
        files("h264", Container.MP4);
        files("av1", Container.MP4);
        for (String size : ChangingPictures.SIZES) {
            MemoryFile plain = ChangingPictures.recorded(Container.MP4, TestMedia.sized("h264", size, 1), ROOMY);
            Container.MP4.finish(plain);
            write(size, Container.MP4, plain);
        }
        Map<Browser, BrowserPlayer> players = new EnumMap<>(Browser.class);
        try {
            for (Browser browser : Browser.values()) {
                players.put(browser, new BrowserPlayer(browser, folder, "sizes.html"));
            }
            Map<Browser, List<String>> looks = new EnumMap<>(Browser.class);
            for (String size : ChangingPictures.SIZES) {
                said(players, size + ".mp4", "look 0.5")
                        .forEach((browser, said) -> looks.computeIfAbsent(browser, _ -> new ArrayList<>())
                                .add(said.get("look0")));
            }
            for (String name : List.of("h264.mp4", "av1.mp4")) {
                said(players, name, "play 0.5 2.5 1.5 0.5")
                        .forEach((browser, said) -> judge(browser + " " + name, said, looks.get(browser)));
            }
        } finally {
            for (BrowserPlayer player : players.values()) {
                player.close();
            }
        }
    }

    /// What each browser says of a file; all look at it at the same time.
    private static Map<Browser, Map<String, String>> said(
            Map<Browser, BrowserPlayer> players, String name, String words) throws InterruptedException {
        players.values().forEach(player -> player.play(name, words));
        Map<Browser, Map<String, String>> said = new EnumMap<>(Browser.class);
        for (Map.Entry<Browser, BrowserPlayer> player : players.entrySet()) {
            said.put(player.getKey(), player.getValue().said(name));
        }
        return said;
    }

    private static void judge(String what, Map<String, String> said, List<String> looks) {
        System.out.println(what + ": " + said.get("pictures") + " pictures, " + said.get("sizes") + ", "
                + said.get("size0") + " " + said.get("size1") + " " + said.get("size2") + " " + said.get("size3"));
        assertEquals(String.join(" ", ChangingPictures.SIZES), said.get("sizes"), what);
        assertEquals("" + 3 * TestMedia.FRAMES_PER_SECOND, said.get("pictures"), what);
        assertEquals("0", said.get("corrupted"), what);
        int[] order = {0, 2, 1, 0};
        for (int i = 0; i < order.length; i++) {
            assertEquals(ChangingPictures.SIZES.get(order[i]), said.get("size" + i), what);
            double difference = difference(looks.get(order[i]), said.get("look" + i));
            assertTrue(difference < MOST_DIFFERENCE, "%s: place %d differs by %.1f".formatted(what, i, difference));
        }
    }

    private static double difference(String one, String other) {
        String[] left = one.split(" ");
        String[] right = other.split(" ");
        assertEquals(left.length, right.length);
        long sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += Math.abs(Integer.parseInt(left[i]) - Integer.parseInt(right[i]));
        }
        return (double) sum / left.length;
    }
}
