package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Frame;
import tapedeck.peers.Chromium;
import tapedeck.peers.RangeServer;
import tapedeck.peers.TestMedia;

/// A real browser plays and seeks what a recording leaves.
@Tag("peer")
class MatroskaBrowserTest {
    private static final int SECONDS = 12;

    /// Loads a file, says its duration, goes to a part of it, and says which picture is there and how colourful it is;
    /// then plays the rest.
    private static final String PLAY = """
            async ([url, part]) => {
                const video = document.createElement('video');
                const failed = new Promise((_, no) => {
                    video.onerror = () => no(new Error(video.error.message));
                    setTimeout(() => no(new Error('nothing for 60 s')), 60000);
                });
                const event = name => Promise.race([failed, new Promise(
                    yes => video.addEventListener(name, yes, {once: true}))]);
                let shown = 0;
                const watch = (_, data) => {
                    shown = data.mediaTime;
                    video.requestVideoFrameCallback(watch);
                };
                video.requestVideoFrameCallback(watch);
                video.muted = true;
                video.preload = 'auto';
                document.body.replaceChildren(video);
                const metadata = event('loadedmetadata');
                video.src = url;
                await metadata;
                const duration = video.duration;
                const seeked = event('seeked');
                video.currentTime = duration * part;
                await seeked;
                while (shown < 0.5) {
                    await Promise.race([failed, new Promise(yes => setTimeout(yes, 20))]);
                }
                const sought = shown;
                const canvas = document.createElement('canvas');
                canvas.width = 64;
                canvas.height = 36;
                const pen = canvas.getContext('2d');
                pen.drawImage(video, 0, 0, 64, 36);
                const pixels = pen.getImageData(0, 0, 64, 36).data;
                const colours = new Set();
                for (let i = 0; i < pixels.length; i += 4) {
                    colours.add((pixels[i] >> 5) + '-' + (pixels[i + 1] >> 5) + '-' + (pixels[i + 2] >> 5));
                }
                const ended = event('ended');
                video.playbackRate = 4;
                await video.play();
                await ended;
                return {duration, sought, colours: colours.size, width: video.videoWidth, end: video.currentTime};
            }
            """;

    private static Chromium chromium;

    @TempDir
    Path folder;

    @BeforeAll
    static void launch() {
        chromium = new Chromium();
    }

    @AfterAll
    static void quit() {
        chromium.close();
    }

    static Stream<String> states() {
        return Stream.of(
                "vp8-finished", "vp8-cues-at-the-end", "vp8-recovered", "vp8-growing", "vp9-finished", "av1-finished");
    }

    @ParameterizedTest
    @MethodSource("states")
    void chromiumPlaysAndSeeks(String state) throws IOException {
        int reserve = state.contains("cues-at-the-end") ? 0 : 1 << 16;
        List<Frame> pictures = state.startsWith("vp8")
                ? TestMedia.vp8(SECONDS)
                : state.startsWith("vp9") ? TestMedia.vp9(SECONDS) : TestMedia.av1(SECONDS);
        List<Frame> frames = TestMedia.interleaved(pictures, TestMedia.opus(SECONDS));
        MemoryFile file = Samples.growing(
                MatroskaFormat.WEBM, frames, new MuxerOptions(Samples.OPTIONS.startedAt(), reserve, "live"));
        double seconds = SECONDS;
        if (state.endsWith("recovered")) {
            Bytes content = file.content();
            file = new MemoryFile(content.slice(0, content.length() - 1000));
            seconds = SECONDS - 1;
        }
        if (!state.endsWith("growing")) {
            MatroskaFormat.WEBM.finish(file);
        }
        PeerFiles.write(folder, state + ".webm", file.content());
        try (RangeServer server = new RangeServer(folder)) {
            Page page = chromium.open(server.url(""));
            Map<?, ?> said = (Map<?, ?>) page.evaluate(PLAY, List.of(server.url(state + ".webm"), 0.75));
            System.out.println(state + " " + said);
            assertEquals(seconds, number(said, "duration"), 0.15, said.toString());
            assertEquals(seconds * 0.75, number(said, "sought"), 0.1, said.toString());
            assertTrue(number(said, "colours") > 8, said.toString());
            assertEquals(320, number(said, "width"));
            assertEquals(seconds, number(said, "end"), 0.15, said.toString());
        }
    }

    private static double number(Map<?, ?> said, String name) {
        return ((Number) said.get(name)).doubleValue();
    }
}
