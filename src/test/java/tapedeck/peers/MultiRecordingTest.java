package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// What encoders publish over a real protocol, recorded into one file by REST.
@Tag("peer")
@Timeout(180)
class MultiRecordingTest {
    private static final String RECORDER = "\"uri\": \"multi-recorder://room-1\"";

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
                "-g",
                "25",
                "-c:a",
                "aac",
                "-f",
                "flv",
                server.rtmpUrl(name));
    }

    private static int call(TestServer server, String name, String members) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/multipleRecorder/" + name)))
                .POST(HttpRequest.BodyPublishers.ofString("{%s}".formatted(members)))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
        }
    }

    private static void add(TestServer server, String name) throws Exception {
        Stream stream = server.server().streams().find(new StreamName(name)).orElse(null);
        while (stream == null) {
            TimeUnit.MILLISECONDS.sleep(20);
            stream = server.server().streams().find(new StreamName(name)).orElse(null);
        }
        assertEquals(
                200, call(server, "add", RECORDER + ", \"mediaSessionId\": \"%s\"".formatted(stream.mediaSessionId())));
    }

    @Test
    void twoRtmpStreamsAreOneFileWithFourTracks() throws Exception {
        try (TestServer server = new TestServer(folder, "record_flash_published_streams=false")) {
            assertEquals(200, call(server, "startup", RECORDER));
            Process one = publish(server, "one", 4);
            add(server, "one");
            Process two = publish(server, "two", 3);
            add(server, "two");
            assertEquals(0, one.waitFor());
            assertEquals(0, two.waitFor());
            assertEquals(200, call(server, "terminate", RECORDER));
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
