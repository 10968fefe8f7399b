package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What encoders publish over a real protocol, recorded into one file by REST.
@Tag("peer")
@Timeout(180)
class MultiRecordingTest {
    @TempDir
    Path folder;

    private static Process publish(TestServer server, String name, int seconds) throws Exception {
        return Ffmpeg.start(
                "-re",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=320x240:rate=25",
                "-f",
                "lavfi",
                "-i",
                "sine",
                "-t",
                Integer.toString(seconds),
                "-c:v",
                "libopenh264",
                // One group: all of it is there for a recorder that comes later.
                "-g",
                "250",
                "-c:a",
                "aac",
                "-f",
                "flv",
                server.rtmpUrl(name));
    }

    @Test
    void twoRtmpStreamsAreOneFileWithFourTracks() throws Exception {
        try (TestServer server = new TestServer(folder, "record_flash_published_streams=false")) {
            MultiRecorderRest recorder = new MultiRecorderRest(server, "multi-recorder://room-1");
            recorder.start();
            Process one = publish(server, "one", 4);
            recorder.add("one");
            Process two = publish(server, "two", 3);
            recorder.add("two");
            assertEquals(0, one.waitFor());
            assertEquals(0, two.waitFor());
            recorder.terminate();
            Path file = server.awaitRecording("multi-recorder__room-1.mp4");
            Ffmpeg.Result seen = Ffmpeg.ffprobe(
                    "-v",
                    "error",
                    "-show_entries",
                    "stream=codec_name,codec_type,duration:stream_tags=handler_name",
                    "-of",
                    "csv=p=0",
                    file.toString());
            assertEquals("", seen.err());
            List<String> streams = new ArrayList<>();
            for (String line : seen.text().lines().toList()) {
                if (line.startsWith("unknown,data,")) {
                    // What happened in the call.
                    streams.add("data");
                    continue;
                }
                String[] fields = line.split(",");
                streams.add(fields[0] + " " + fields[3]);
                double seconds = Double.parseDouble(fields[2]);
                assertEquals(fields[3].equals("one") ? 4 : 3, seconds, 0.3, line);
            }
            assertEquals(List.of("h264 one", "aac one", "h264 two", "aac two", "data"), streams);
            assertEquals("", Ffmpeg.decodeErrors(file));
            assertTrue(server.server().recordings().multi().all().isEmpty());
        }
    }
}
