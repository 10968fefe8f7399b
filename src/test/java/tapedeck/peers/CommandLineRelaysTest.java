package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Pulls and pushes that somebody types at the command line, between two servers.
@Tag("peer")
@Timeout(120)
class CommandLineRelaysTest {
    @TempDir
    Path folder;

    private static String typed(TestServer server, String line) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port("CLI"))) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            String answer = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
            assertTrue(answer.contains("SUCCESS"), line + ": " + answer);
            return answer;
        }
    }

    private static boolean isLive(TestServer server, String name) {
        return server.server().streams().find(new StreamName(name)).isPresent();
    }

    @Test
    void whatIsPulledIsRecordedAndPushedOn() throws Exception {
        Path clip = folder.resolve("clip.flv");
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=12 -c:v libx264 -bf 0 -g 25 -sc_threshold 0"
                        + " -f flv " + clip)
                .split(" "));
        try (TestServer first = new TestServer(folder.resolve("first"), "record_flash_published_streams=false");
                TestServer second =
                        new TestServer(folder.resolve("second"), "pull_allow=loopback", "record_rtsp_streams=false")) {
            Process publisher = Ffmpeg.start(
                    ("-re -stream_loop -1 -i " + clip + " -c copy -f flv " + first.rtmpUrl("a")).split(" "));
            try {
                await("published", () -> isLive(first, "a"));
                FrameCollector pulled = FrameCollector.of(second.server().streams(), "b");
                typed(
                        second,
                        "pullStream uri=%s localStreamName=b record=1 forceTcp=1".formatted(first.rtspUrl("live/a")));
                pulled.until(10);
                assertEquals(
                        List.of("tcp"),
                        first.server().streams().sessions().stream()
                                .map(session -> session.report())
                                .filter(report -> report.protocol() == Publisher.Protocol.RTSP)
                                .map(report -> report.path().orElseThrow().transport())
                                .toList());
                FrameCollector pushed = FrameCollector.of(first.server().streams(), "target");
                FrameCollector full = FrameCollector.of(first.server().streams(), "full");
                String rtmp = first.rtmpUrl("").replaceFirst("/$", "");
                typed(second, "pushStream uri=%s localStreamName=b targetStreamName=target".formatted(rtmp));
                typed(second, "pushStream uri=%s localStreamName=b fullUri=1".formatted(first.rtmpUrl("full")));
                for (FrameCollector one : List.of(pushed, full)) {
                    List<Frame> frames = List.copyOf(one.until(50));
                    assertConsecutive(ShownPictures.of(frames, clip));
                }
                typed(second, "shutdownStream localStreamName=b");
                await("gone", () -> !isLive(second, "b") && !isLive(first, "target") && !isLive(first, "full"));
                Path recorded = second.awaitRecording("b.mp4");
                assertEquals("", Ffmpeg.decodeErrors(recorded));
            } finally {
                publisher.destroy();
            }
        }
    }

    private static void assertConsecutive(List<Integer> shown) {
        for (int i = 1; i < shown.size(); i++) {
            assertEquals((shown.get(i - 1) + 1) % 300, shown.get(i), shown.toString());
        }
    }
}
