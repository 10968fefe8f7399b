package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.NotRoot;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;

/// VLC plays a minute of a live stream, on each of its ways at the same time. `./check` leaves it out
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

    @Test
    void aMinuteWithoutALatePictureByRtmpFlvTsAndHls() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Map<String, Process> players = new LinkedHashMap<>();
        try (TestServer server = new TestServer(folder.resolve("data"), "record_streams=false")) {
            Process publisher = publish(server);
            try {
                Await.await(
                        "the stream",
                        () -> server.server()
                                .streams()
                                .find(new StreamName("minute"))
                                .isPresent());
                players.put("rtmp", vlc("rtmp", server.rtmpUrl("minute")));
                players.put("flv", vlc("flv", server.httpUrl("/live/minute.flv")));
                players.put("ts", vlc("ts", server.httpUrl("/live/minute.ts")));
                players.put("hls", vlc("hls", server.httpUrl("/hls/minute/index.m3u8")));
                List<String> faults = new ArrayList<>();
                for (Map.Entry<String, Process> player : players.entrySet()) {
                    assertTrue(player.getValue().waitFor(150, TimeUnit.SECONDS), player.getKey());
                    faults.addAll(faults(player.getKey()));
                }
                assertEquals("", String.join("\n", faults));
            } finally {
                publisher.destroyForcibly();
                players.values().forEach(Process::destroyForcibly);
            }
        }
    }

    /// What the log of one of them says that it should not.
    private List<String> faults(String name) throws IOException {
        String log = Files.readString(folder.resolve(name + ".log"));
        if (!log.contains("Received first picture")) {
            return List.of(name + " shows nothing: " + log);
        }
        return log.lines()
                .filter(line -> line.contains("picture is too late"))
                .map(line -> name + ": " + line)
                .toList();
    }
}
