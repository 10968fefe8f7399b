package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.FinishOptions;
import tapedeck.container.IndexPlace;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;
import tapedeck.peers.Chromium;
import tapedeck.peers.RangeServer;
import tapedeck.peers.TestMedia;

/// A real browser plays and seeks each state of a recording, and what is cut from it.
@Tag("peer")
class Mp4BrowserTest {
    private static final int SECONDS = 12;
    private static final long NANOS = 1_000_000_000;

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

    @TempDir
    Path folder;

    private static MemoryFile file(String state, List<Frame> frames) throws IOException {
        MemoryFile file = Mp4Cases.recorded(frames, Mp4Cases.TIGHT);
        switch (state) {
            case "growing" -> {
                return file;
            }
            case "at the end" -> Mp4Finisher.finish(file, new FinishOptions(IndexPlace.END, file));
            case "copied" -> {
                Mp4Finisher.finish(file, new FinishOptions(IndexPlace.END, file));
                MemoryFile copy = new MemoryFile();
                IndexMove.of(file).orElseThrow().writeTo(copy);
                return copy;
            }
            default -> Mp4Finisher.finish(file, new FinishOptions(IndexPlace.FRONT, file));
        }
        if (state.equals("cut")) {
            MemoryFile cut = new MemoryFile();
            Mp4Cutter.cut(file, 3 * NANOS + NANOS / 2, Long.MAX_VALUE, Bytes.EMPTY)
                    .orElseThrow()
                    .writeTo(cut);
            return cut;
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"growing", "room made in front", "copied", "at the end", "cut"})
    void chromiumPlaysAndSeeks(String state) throws IOException {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264WithBFrames(SECONDS), TestMedia.aac(SECONDS));
        Files.write(folder.resolve("a.mp4"), file(state, frames).content().toByteArray());
        // From the keyframe before second 3.5.
        double seconds = state.equals("cut") ? SECONDS - 3 : SECONDS;
        try (RangeServer server = new RangeServer(folder);
                Chromium chromium = new Chromium()) {
            Page page = chromium.open(server.url(""));
            var result = (Map<?, ?>) page.evaluate(PLAY, List.of(server.url("a.mp4"), 0.7));
            // ffmpeg, which is inside Chromium, shifts fragments with B-frames by two pictures.
            assertEquals(seconds, number(result, "duration"), state.equals("growing") ? 0.25 : 0.15);
            assertEquals(0.7 * seconds, number(result, "sought"), 0.15);
            assertEquals(seconds, number(result, "end"), state.equals("growing") ? 0.25 : 0.15);
            assertTrue(number(result, "colours") > 8, result.toString());
            assertEquals(320, number(result, "width"));
        }
    }

    private static double number(Map<?, ?> result, String key) {
        return ((Number) result.get(key)).doubleValue();
    }
}
