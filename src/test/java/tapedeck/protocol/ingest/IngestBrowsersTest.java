package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.peers.Chromium;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Firefox;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.FlashPage;
import tapedeck.peers.TestServer;

/// What a browser's `MediaRecorder` makes becomes a stream and a recording.
@Tag("peer")
@Tag("realtime")
@Timeout(300)
class IngestBrowsersTest {
    private static final int SECONDS = 5;
    private static final double DURATION_TOLERANCE_SECONDS = 0.7;
    /// A packet of Opus: a busy browser's times jump by less than one, and sound that is made anew goes on evenly.
    private static final double LIPS_TOLERANCE_SECONDS = 0.020;

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

    private String recording(String more) {
        String address = server.httpUrl("/ingest/tab") + "?record=true&session=one";
        return page.url(
                "seconds=%d&ingest=%s&%s".formatted(SECONDS, URLEncoder.encode(address, StandardCharsets.UTF_8), more));
    }

    private static String mime(String type) {
        return "mime=" + URLEncoder.encode(type, StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "socket           | video/webm;codecs=vp8,opus | webm | vp8",
                "socket&break=5   | video/webm;codecs=vp9,opus | mkv  | vp9",
                "number           | video/mp4;codecs=avc1.42E01F,opus | mp4 | h264",
                "number           | video/webm;codecs=h264,opus | mp4 | h264"
            })
    void chromiumIsRecordedInSync(String by, String type, String extension, String codec) throws Exception {
        try (Chromium chromium = new Chromium()) {
            chromium.open(recording("by=" + by + "&" + mime(type)));
            page.awaitDone();
            Path file = server.awaitRecording("tab." + extension);
            judge(file, codec);
            // How well a busy browser keeps lips and sound together is its own affair.
            FlashAndBeep sent = FlashAndBeep.measure(folder.resolve("made"));
            FlashAndBeep got = FlashAndBeep.measure(file);
            System.out.printf(
                    "%s by %s: %d flashes, beep after flash in the middle by %.0f ms, in the browser's own file %d, %.0f ms%n",
                    type,
                    by,
                    got.flashSeconds().size(),
                    got.medianDelay() * 1000,
                    sent.flashSeconds().size(),
                    sent.medianDelay() * 1000);
            assertTrue(got.beepDelays().size() >= sent.beepDelays().size() - 1, got + " of " + sent);
            assertEquals(sent.medianDelay(), got.medianDelay(), LIPS_TOLERANCE_SECONDS, got + " of " + sent);
        }
    }

    @ParameterizedTest
    @CsvSource({"socket", "number"})
    void firefoxIsRecorded(String by) throws Exception {
        try (Firefox _ = new Firefox(recording("by=" + by + "&camera&" + mime("video/webm;codecs=vp8,opus")))) {
            page.awaitDone();
            judge(server.awaitRecording("tab.webm"), "vp8");
        }
    }

    private void judge(Path file, String videoCodec) throws IOException {
        assertEquals("", Ffmpeg.decodeErrors(file));
        String audioCodec = file.toString().endsWith(".mp4") ? "aac" : "opus";
        String probe = Ffmpeg.ffprobe(
                        "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv", file.toString())
                .text();
        assertTrue(probe.contains("stream," + videoCodec) && probe.contains("stream," + audioCodec), probe);
        Path made = folder.resolve("made");
        Files.write(made, page.made());
        // A browser that has little time ends its recording late.
        double sent = lengthSeconds(made);
        assertTrue(sent > SECONDS - DURATION_TOLERANCE_SECONDS, sent + " s");
        assertEquals(sent, lengthSeconds(file), DURATION_TOLERANCE_SECONDS);
        Ffmpeg.Result second = Ffmpeg.run(List.of("timeout", "30", "mkvmerge", "-J", file.toString()));
        assertEquals(0, second.exitCode(), second.text());
    }

    /// From the first packet to the last: browsers write no length.
    private static double lengthSeconds(Path file) {
        DoubleSummaryStatistics times = Ffmpeg.ffprobe(
                        "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", file.toString())
                .text()
                .lines()
                .map(line -> line.replace(",", "").strip())
                .filter(line -> !line.isEmpty() && !line.equals("N/A"))
                .mapToDouble(Double::parseDouble)
                .summaryStatistics();
        return times.getMax() - times.getMin();
    }
}
