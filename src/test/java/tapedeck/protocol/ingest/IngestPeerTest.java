package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.TestServer;

/// ffmpeg writes its file to `/ingest/NAME` as it goes.
@Tag("peer")
@Timeout(120)
class IngestPeerTest {
    private static final int SECONDS = 5;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "8 | -c:v libx264 -preset ultrafast -bf 2 -g 30 -c:a aac -f matroska",
                "5 | -c:v libx264 -preset ultrafast -bf 2 -g 30 -c:a aac -f mp4 -movflags frag_keyframe+empty_moov+default_base_moof"
            })
    void whatFfmpegWritesIsRecordedInSync(String generation, String encoding) throws Exception {
        try (TestServer server = new TestServer(folder.resolve("data"))) {
            List<String> command = new ArrayList<>(List.of(
                    "timeout",
                    "60",
                    generation.equals("8") ? Ffmpeg.ffmpeg() : "ffmpeg",
                    "-nostdin",
                    "-v",
                    "error",
                    "-re"));
            command.addAll(List.of(FlashAndBeep.source("320x180", 30, SECONDS)));
            command.addAll(List.of(encoding.split(" ")));
            command.addAll(List.of("-method", "PUT", server.httpUrl("/ingest/file?record=true")));
            Ffmpeg.Result sent = Ffmpeg.run(command);
            assertEquals(0, sent.exitCode(), sent.err());
            Path file = server.awaitRecording("file.mp4");
            assertEquals("", Ffmpeg.decodeErrors(file));
            String probe = Ffmpeg.ffprobe(
                            "-v",
                            "error",
                            "-select_streams",
                            "v",
                            "-show_entries",
                            "stream=has_b_frames,nb_frames:format=duration",
                            "-of",
                            "default=nw=1",
                            file.toString())
                    .text();
            assertTrue(probe.contains("has_b_frames=2"), probe);
            assertTrue(probe.contains("nb_frames=" + 30 * SECONDS), probe);
            FlashAndBeep measured = FlashAndBeep.measure(file);
            assertTrue(measured.beepDelays().size() >= SECONDS - 2, measured.toString());
            assertEquals(0, measured.medianDelay(), 0.030, measured.toString());
        }
    }
}
