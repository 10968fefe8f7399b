package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Streams go to nginx's RTMP module and come back, over its death.
@Tag("peer")
@Tag("realtime")
@Timeout(240)
class RtmpRelayPeerTest {
    private static final String NGINX = "/usr/sbin/nginx";
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final long DEADLINE_SECONDS = 60;

    @TempDir
    Path folder;

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Process nginx(int port) throws Exception {
        assertTrue(Files.isExecutable(Path.of(NGINX)), "nginx with its RTMP module is needed; ./check installs it");
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(configuration, """
                load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
                user root;
                master_process off;
                daemon off;
                pid %1$s/nginx.pid;
                error_log %1$s/error.log warn;
                events { worker_connections 64; }
                rtmp {
                    access_log off;
                    server { listen 127.0.0.1:%2$d; application live { live on; } }
                }
                """.formatted(folder, port));
        Process process = new ProcessBuilder(NGINX, "-p", folder.toString(), "-c", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out.log").toFile())
                .start();
        for (long left = DEADLINE_SECONDS * 20; left > 0; left--) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
                return process;
            } catch (IOException e) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        process.destroyForcibly();
        throw new AssertionError("nginx did not start: " + Files.readString(folder.resolve("out.log")));
    }

    private static long frames(TestServer server, String name) {
        return server.server()
                .streams()
                .find(new StreamName(name))
                .map(stream -> stream.statistics().frames())
                .orElse(0L);
    }

    /// Real time, again and again, until enough has come back.
    private static void publishUntil(RtmpClient publisher, int fromMillis, BooleanSupplier enough) throws Exception {
        long startNanos = System.nanoTime();
        for (int round = 0; !enough.getAsBoolean(); round++) {
            assertTrue(round < 10, "frames come back");
            for (FlvFile.Tag tag : CLIP.tags()) {
                int millis = round * 4_000 + tag.timestampMillis();
                long waitNanos = startNanos + TimeUnit.MILLISECONDS.toNanos(millis) - System.nanoTime();
                TimeUnit.NANOSECONDS.sleep(waitNanos);
                publisher.send(tag.at(fromMillis + millis));
            }
        }
    }

    /// What came is a part of what was sent, without a hole.
    private static void assertUnchanged(List<Frame> came) {
        List<FlvFile.Tag> sent = CLIP.media();
        int at = 0;
        while (!sent.get(at).data().equals(came.getFirst().data())) {
            at++;
        }
        for (Frame frame : came) {
            FlvFile.Tag tag = sent.get(at++ % sent.size());
            assertEquals(tag.data(), frame.data());
            assertEquals(tag.video(), frame.track().isVideo());
        }
    }

    @Test
    void aStreamGoesToNginxAndComesBackAlsoAfterItsDeath() throws Exception {
        int port = freePort();
        String far = "rtmp://127.0.0.1:%d/live/far".formatted(port);
        List<Process> processes = new ArrayList<>(List.of(nginx(port)));
        try (TestServer server = new TestServer(
                        folder.resolve("data"), "pull_allow=loopback", "push=a " + far, "pull=back " + far);
                RtmpClient publisher = RtmpClient.connected(server.port("RTMP")).publish("a")) {
            FrameCollector back = FrameCollector.of(server.server().streams(), "back");
            publishUntil(publisher, 0, () -> frames(server, "back") > 150);
            Stream stream =
                    server.server().streams().find(new StreamName("back")).orElseThrow();
            List<Frame> first = List.copyOf(back.until(150));
            assertUnchanged(first);

            processes.getFirst().destroyForcibly().waitFor();
            processes.add(nginx(port));
            long before = frames(server, "back");
            publishUntil(publisher, 40_000, () -> frames(server, "back") > before + 150);
            assertEquals(
                    stream.mediaSessionId(),
                    server.server()
                            .streams()
                            .find(new StreamName("back"))
                            .orElseThrow()
                            .mediaSessionId());
            stream.terminate("done");
            List<Frame> all = back.untilEnd();
            Frame last = first.getFirst();
            int holes = 0;
            for (Frame frame : all) {
                holes += frame.dtsNanos() - last.dtsNanos() > 800_000_000L ? 1 : 0;
                last = frame;
            }
            assertEquals(1, holes, "one hole where nginx was dead");
            assertRecorded(server.awaitRecording("back.mp4"), all);
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    /// Every frame that came is in the file, which plays over the hole.
    private static void assertRecorded(Path file, List<Frame> all) {
        long pictures = all.stream().filter(frame -> frame.track().isVideo()).count();
        String counted = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-select_streams",
                        "v",
                        "-count_packets",
                        "-show_entries",
                        "stream=nb_read_packets",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text();
        assertEquals(Long.toString(pictures), counted.strip().replace(",", ""));
        assertEquals("", Ffmpeg.decodeErrors(file));
    }
}
