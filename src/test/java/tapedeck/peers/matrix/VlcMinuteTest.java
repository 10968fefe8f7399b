package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.Listening;
import tapedeck.peers.NotRoot;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;

/// VLC plays a minute of a live stream by HLS, MPEG-TS and RTSP, on a machine that does nothing else. Not by RTMP and
/// FLV: there it runs dry by itself, of nginx-rtmp too ("ES_OUT_SET_(GROUP_)PCR is called too late"). `./check` leaves
/// it out (`long`): `mvn surefire:test -Dtest=VlcMinuteTest` runs it. Debian 12's VLC is built without RTSP (live555):
/// `-Dvlc.root=DIR` names the root of another system with one that has it, for `chroot`; docs/rtsp.md says how it is
/// made.
@Tag("peer")
@Tag("realtime")
@Tag("long")
@Timeout(300)
class VlcMinuteTest {
    private static final int SECONDS = 60;
    /// Before the players come, and until the last of them has seen enough.
    private static final int MORE_SECONDS = 40;
    private static final long CACHE_MILLIS = 3000;

    private static final String FIRST_PICTURE = "Received first picture";
    private static final String BUFFERED = "Stream buffering done";
    private static final String OTHER_ROOT = System.getProperty("vlc.root", "");
    /// While VLC opens its window the clock runs already: what it says then, of its first picture, is no fault.
    private static final int LINES_OF_OPENING = 8;

    @TempDir
    private Path folder;

    private Process program(String name, List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    private Process publish(TestServer server) throws IOException {
        List<String> command = new ArrayList<>(List.of(Ffmpeg.ffmpeg(), "-nostdin", "-v", "error", "-re"));
        command.addAll(List.of(FlashAndBeep.source("640x360", 25, SECONDS + MORE_SECONDS)));
        command.addAll(List.of("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"));
        command.addAll(List.of("-c:a", "aac", "-f", "flv", server.rtmpUrl("minute")));
        return program("publisher", command);
    }

    private Process vlc(String way, String url) throws IOException {
        List<String> command = new ArrayList<>();
        if (OTHER_ROOT.isEmpty()) {
            command.addAll(NotRoot.firstCommand(folder));
        } else {
            command.addAll(List.of("nice", "-n", "-15", "chroot", "--userspec=nobody", OTHER_ROOT, "env", "HOME=/tmp"));
        }
        command.addAll(List.of("timeout", "120", "cvlc", "-vv", "--no-audio", "--vout", "dummy"));
        command.addAll(way.equals("rtsp-tcp") ? List.of("--rtsp-tcp") : List.of());
        command.addAll(List.of("--network-caching", Long.toString(CACHE_MILLIS)));
        command.addAll(List.of("--run-time", Integer.toString(SECONDS), url, "vlc://quit"));
        return program(way, command);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ts", "hls", "rtsp-tcp", "rtsp-udp", "sdp"})
    void aMinuteWithoutALatePicture(String way) throws Exception {
        boolean live555 = way.startsWith("rtsp") || way.equals("sdp");
        assumeTrue(!live555 || !OTHER_ROOT.isEmpty(), "SKIPPED: -Dvlc.root is not set, and this VLC has no RTSP");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (TestServer server =
                new TestServer(folder.resolve("data"), "record_streams=false", "pull_allow=loopback")) {
            Process publisher = publish(server);
            Process player = null;
            try {
                Await.await(
                        "the stream",
                        () -> server.server()
                                .streams()
                                .find(new StreamName("minute"))
                                .isPresent());
                player = vlc(
                        way,
                        switch (way) {
                            case "rtsp-tcp", "rtsp-udp" -> server.rtspUrl("live/minute");
                            case "sdp" -> described(server);
                            case "hls" -> server.httpUrl("/hls/minute/index.m3u8");
                            default -> server.httpUrl("/live/minute." + way);
                        });
                assertTrue(player.waitFor(150, TimeUnit.SECONDS), way);
                assertEquals("", String.join("\n", faults(way)));
            } finally {
                publisher.destroyForcibly();
                if (player != null) {
                    player.destroyForcibly();
                }
            }
        }
    }

    /// The stream as plain RTP, and the address of the file that describes it.
    private static String described(TestServer server) throws Exception {
        Map<String, String> wish = Map.of("streamName", "minute", "address", "127.0.0.1:" + Listening.freePort());
        Path file = Files.createTempFile(Path.of(OTHER_ROOT, "tmp"), "minute", ".sdp");
        file.toFile().deleteOnExit();
        Files.writeString(
                file, Rest.post(server, "rtp/startup", wish).get("sdp").asString());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        return "file:///tmp/" + file.getFileName();
    }

    /// What the log of one of them says that it should not.
    private List<String> faults(String name) throws IOException {
        String log = Files.readString(folder.resolve(name + ".log"));
        if (!log.contains(FIRST_PICTURE)) {
            return List.of(name + " shows nothing: " + log);
        }
        List<String> lines = log.lines().toList();
        int first = Math.max(lineOf(lines, FIRST_PICTURE), lineOf(lines, BUFFERED));
        return lines.stream()
                .skip(first + LINES_OF_OPENING)
                .filter(line -> line.contains("picture is too late"))
                .map(line -> name + ": " + line)
                .toList();
    }

    private static int lineOf(List<String> lines, String words) {
        return IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).contains(words))
                .findFirst()
                .orElse(0);
    }
}
