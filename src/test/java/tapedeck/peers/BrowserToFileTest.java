package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The whole way of a browser's picture and sound: WHIP from a page of another origin, the recording, and back into a
/// browser from `/client/records/`.
@Tag("peer")
@Tag("realtime")
@Timeout(300)
class BrowserToFileTest {
    private static final int SECONDS = 20;
    private static final double DURATION_TOLERANCE_SECONDS = 0.5;
    private static final double LIPS_TOLERANCE_SECONDS = 0.040;

    @TempDir
    private Path folder;

    private TestServer server;
    private FlashPage page;

    @BeforeEach
    void open() throws Exception {
        server = new TestServer(folder.resolve("data"));
        page = new FlashPage();
    }

    @AfterEach
    void close() throws Exception {
        page.close();
        server.close();
    }

    @ParameterizedTest
    @CsvSource({"H264, mp4, h264", "VP8, webm, vp8"})
    void chromiumIsRecordedInSyncAndPlaysWhatItSent(String codec, String extension, String codecName) throws Exception {
        try (Chromium chromium = new Chromium()) {
            chromium.open(publishing("tab", codec));
            page.awaitDone();
            Path file = server.awaitRecording("tab." + extension);
            judge(file, codecName);
            judgeLips(file);
            playsAndSeeks(chromium, "tab." + extension);
        }
    }

    /// Firefox without a sound card has no clock for the beeps: its own fake camera and tone.
    @Test
    void firefoxIsRecorded() throws Exception {
        try (Firefox firefox = new Firefox(publishing("fox", "VP8") + "&camera")) {
            page.awaitDone();
            judge(server.awaitRecording("fox.webm"), "vp8");
        }
    }

    private String publishing(String name, String codec) {
        return page.url("codec=%s&seconds=%d&whip=%s"
                .formatted(codec, SECONDS, URLEncoder.encode(server.httpUrl("/whip/" + name), StandardCharsets.UTF_8)));
    }

    private static void judge(Path file, String videoCodec) {
        assertEquals("", Ffmpeg.decodeErrors(file));
        String audioCodec = file.toString().endsWith(".mp4") ? "aac" : "opus";
        String probe = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=codec_name:format=duration",
                        "-of",
                        "csv",
                        file.toString())
                .text();
        assertTrue(probe.contains("stream," + videoCodec) && probe.contains("stream," + audioCodec), probe);
        double duration = Double.parseDouble(probe.strip().replaceAll("(?s).*format,", ""));
        assertEquals(SECONDS, duration, DURATION_TOLERANCE_SECONDS);
        Ffmpeg.Result second = Ffmpeg.run(List.of("mkvmerge", "-J", file.toString()));
        assertEquals(0, second.exitCode(), second.text());
    }

    private static void judgeLips(Path file) {
        FlashAndBeep measured = FlashAndBeep.measure(file);
        System.out.printf(
                "%s: %d flashes, beep after flash in the middle by %.0f ms%n",
                file.getFileName(), measured.flashSeconds().size(), measured.medianDelay() * 1000);
        assertTrue(measured.beepDelays().size() >= SECONDS - 4, measured.toString());
        assertEquals(0, measured.medianDelay(), LIPS_TOLERANCE_SECONDS, measured.toString());
    }

    private void playsAndSeeks(Chromium chromium, String fileName) {
        Page opened = chromium.open(server.httpUrl("/"));
        Object played = opened.evaluate("""
                async url => {
                    const video = document.createElement('video');
                    video.muted = true;
                    video.src = url;
                    document.body.append(video);
                    const event = name => new Promise((resolve, reject) => {
                        video.addEventListener(name, resolve, {once: true});
                        video.addEventListener('error', () => reject(new Error(video.error.message)), {once: true});
                    });
                    await event('loadedmetadata');
                    const duration = video.duration;
                    await video.play();
                    while (video.currentTime < 1) await new Promise(resolve => setTimeout(resolve, 50));
                    video.currentTime = duration * 0.75;
                    await event('seeked');
                    const seeked = video.currentTime;
                    video.currentTime = duration - 1;
                    await event('seeked');
                    if (video.paused) await video.play();
                    if (!video.ended) await event('ended');
                    return {duration, seeked, width: video.videoWidth, height: video.videoHeight, ended: video.ended};
                }
                """, "/client/records/" + fileName);
        assertTrue(played instanceof Map, String.valueOf(played));
        Map<?, ?> result = (Map<?, ?>) played;
        double duration = ((Number) result.get("duration")).doubleValue();
        assertEquals(SECONDS, duration, DURATION_TOLERANCE_SECONDS);
        assertEquals(duration * 0.75, ((Number) result.get("seeked")).doubleValue(), 0.1);
        assertEquals(640, ((Number) result.get("width")).intValue());
        assertEquals(true, result.get("ended"));
    }
}
