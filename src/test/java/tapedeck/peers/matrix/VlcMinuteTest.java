package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
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
import tapedeck.peers.NotRoot;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;

/// VLC plays a minute of a live stream by HLS and by MPEG-TS, on a machine that does nothing else. Not by RTMP and FLV:
/// there it runs dry by itself, of nginx-rtmp too ("ES_OUT_SET_(GROUP_)PCR is called too late"). `./check` leaves it
/// out
/// (`long`): `mvn surefire:test -Dtest=VlcMinuteTest` runs it.
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

    private Process vlc(String name, String url) throws IOException {
        List<String> command = NotRoot.firstCommand(folder);
        command.addAll(List.of("timeout", "120", "cvlc", "-vv", "--no-audio", "--vout", "dummy"));
        command.addAll(List.of("--network-caching", Long.toString(CACHE_MILLIS)));
        command.addAll(List.of("--run-time", Integer.toString(SECONDS), url, "vlc://quit"));
        return program(name, command);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ts", "hls"})
    void aMinuteWithoutALatePicture(String way) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (TestServer server = new TestServer(folder.resolve("data"), "record_streams=false")) {
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
                            case "rtmp" -> server.rtmpUrl("minute");
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

    /// What the log of one of them says that it should not.
    private List<String> faults(String name) throws IOException {
        String log = Files.readString(folder.resolve(name + ".log"));
        if (!log.contains(FIRST_PICTURE)) {
            return List.of(name + " shows nothing: " + log);
        }
        List<String> lines = log.lines().toList();
        int first = IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).contains(FIRST_PICTURE))
                .findFirst()
                .orElseThrow();
        return lines.stream()
                .skip(first + LINES_OF_OPENING)
                .filter(line -> line.contains("picture is too late"))
                .map(line -> name + ": " + line)
                .toList();
    }
}
