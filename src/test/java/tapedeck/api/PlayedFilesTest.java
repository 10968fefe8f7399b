package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.ShownPictures;
import tapedeck.peers.TestServer;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Files that are played as live streams, and what can be done with them over REST.
@Timeout(120)
class PlayedFilesTest {
    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();

    private int call(TestServer server, String path, String body) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(server.httpUrl("/rest-api/" + path)))
                        .POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return answer.statusCode();
    }

    @Test
    void aFileIsPausedPlayedAndMovedWithinOverRest() throws Exception {
        Path files = Files.createDirectories(folder.resolve("files"));
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=8 -c:v libx264 -g 25 -sc_threshold 0 -f flv "
                        + files.resolve("a.flv"))
                .split(" "));
        try (TestServer server = new TestServer(folder.resolve("data"), "pull_dir=" + files)) {
            FrameCollector collector = FrameCollector.of(server.server().streams(), "a");
            assertEquals(
                    200,
                    call(
                            server,
                            "pull/startup",
                            "{'uri': 'file:///a.flv', 'localStreamName': 'a', 'options': {'loop': 'true'}}"));
            collector.until(20);
            Stream stream = server.server().streams().find(new StreamName("a")).orElseThrow();
            String one = "{'localStreamName': 'a'}";
            assertEquals(200, call(server, "pull/pause", one));
            long[] before = {-1};
            await("it stands still", () -> {
                long now = stream.statistics().frames();
                boolean still = now == before[0];
                before[0] = now;
                LockSupport.parkNanos(200_000_000L);
                return still;
            });
            int shown = (int) before[0];
            collector.until(shown);
            assertEquals(200, call(server, "pull/seek", "{'localStreamName': 'a', 'position': 6000}"));
            assertEquals(200, call(server, "pull/play", one));
            List<Frame> frames = List.copyOf(collector.until(shown + 30));
            Frame first = frames.get(shown);
            assertTrue(first.keyframe(), "it goes on with a keyframe");
            assertEquals(400, call(server, "pull/seek", "{'localStreamName': 'a', 'position': -1}"));
            assertEquals(404, call(server, "pull/pause", "{'localStreamName': 'none'}"));
            assertEquals(200, call(server, "pull/terminate", one));
            await(
                    "its end",
                    () -> server.server().streams().find(new StreamName("a")).isEmpty());
            assertEquals(409, call(server, "pull/play", one), "it is shown for a minute, but played no more");
        }
    }

    /// What one server recorded is played by another, over the first one's ranges.
    @Test
    void aRecordingOfAnotherServerIsPlayedAndMovedWithin() throws Exception {
        Path clip = folder.resolve("clip.flv");
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=4 -f lavfi -i sine=d=4 -c:v libx264 -bf 0 -g 25"
                        + " -sc_threshold 0 -c:a aac -f flv " + clip)
                .split(" "));
        try (TestServer first = new TestServer(folder.resolve("first"));
                TestServer second = new TestServer(folder.resolve("second"), "pull_allow=loopback")) {
            Ffmpeg.ffmpeg(("-v error -i " + clip + " -c copy -f flv " + first.rtmpUrl("b")).split(" "));
            Path recorded = first.awaitRecording("b.mp4");
            FrameCollector collector = FrameCollector.of(second.server().streams(), "b");
            String one = "{'localStreamName': 'b'}";
            assertEquals(
                    200,
                    call(
                            second,
                            "pull/startup",
                            "{'uri': '%s', 'localStreamName': 'b', 'options': {'loop': 'true'}}"
                                    .formatted(first.httpUrl("/client/records/b.mp4"))));
            collector.until(30);
            assertEquals(200, call(second, "pull/pause", one));
            Stream stream = second.server().streams().find(new StreamName("b")).orElseThrow();
            long atPause = stream.statistics().frames();
            LockSupport.parkNanos(600_000_000L);
            int held = (int) stream.statistics().frames();
            assertTrue(held <= atPause + 1, () -> (held - atPause) + " frames while it stands still");
            assertEquals(200, call(second, "pull/seek", "{'localStreamName': 'b', 'position': 3100}"));
            assertEquals(200, call(second, "pull/play", one));
            List<Integer> shown = ShownPictures.of(List.copyOf(collector.until(held + 110)), recorded);
            int moved = shown.indexOf(75);
            for (int i = 0; i < shown.size(); i++) {
                assertEquals(i < moved ? i : (75 + i - moved) % 100, shown.get(i), shown::toString);
            }
            assertTrue(moved > 0 && shown.size() > moved + 30, shown::toString);
            assertEquals(200, call(second, "pull/terminate", one));
        }
    }
}
