package tapedeck.protocol.liveflv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.SharedMedia;
import tapedeck.rights.PlainEntrance;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// FLV over plain TCP.
class LiveFlvTest {
    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(2);
    private final ByteBudget budget = new ByteBudget(4 << 20);
    private final LiveFlvServer server = new LiveFlvServer(
            0,
            new PlainEntrance(new Rights(Settings.Rights.NONE, TrustedProxies.NONE), List.of(), "liveflv"),
            loops,
            streams,
            new BoundPorts(),
            budget);

    @AfterEach
    void stop() {
        server.close();
        loops.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress("127.0.0.1", server.port()), Await.DEADLINE_MILLIS);
        socket.setSoTimeout(Await.DEADLINE_MILLIS);
        return socket;
    }

    private static void send(Socket socket, byte[] bytes) throws IOException {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException closed) {
            // By the server already, which is what most of these want to see.
        }
    }

    private static void assertClosed(Socket socket) throws IOException {
        try {
            assertEquals(-1, socket.getInputStream().read());
        } catch (IOException reset) {
            assertTrue(String.valueOf(reset.getMessage()).contains("reset"), reset.toString());
        }
    }

    private byte[] made(String... metadata) throws IOException {
        Path file = folder.resolve("made.flv");
        List<String> arguments = new ArrayList<>(List.of("-v", "error", "-f", "lavfi", "-i"));
        arguments.addAll(List.of("testsrc2=s=320x180:r=25:d=2", "-f", "lavfi", "-i", "sine=f=440:d=2"));
        arguments.addAll(List.of("-c:v", "libx264", "-bf", "2", "-c:a", "aac"));
        arguments.addAll(List.of(metadata));
        arguments.addAll(List.of("-f", "flv", file.toString()));
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return Files.readAllBytes(file);
    }

    /// Tags of 16 MiB that never end.
    @Test
    void whatWaitsOfAllSendersIsBounded() throws IOException {
        byte[] huge =
                Arrays.copyOf(HexFormat.of().parseHex("464c560105000000090000000009ffffff00000000000000"), 6 << 20);
        try (Socket socket = connect()) {
            send(socket, huge);
            assertClosed(socket);
        }
        server.close();
        assertEquals(0, budget.takenBytes());
    }

    /// As users of crtmpserver type it.
    @Tag("peer")
    @Test
    void ffmpegPublishesUnderTheNameInItsMetadata() throws IOException {
        made();
        FrameCollector collector = FrameCollector.of(streams, "aaa");
        Path file = folder.resolve("made.flv");
        Ffmpeg.ffmpeg(("-v error -i " + file + " -c copy -f flv -metadata streamName=aaa tcp://127.0.0.1:"
                        + server.port() + "/live")
                .split(" "));
        FrameCollector.assertSame(FlvFile.read(file).media(), collector.untilEnd());
        assertEquals("the peer closed the connection", collector.endReason());
        assertEquals("BOTH", collector.stream().publisher().expects().name());
    }

    @Test
    void withoutANameItIsThePort() throws IOException {
        byte[] bytes = made();
        try (Socket socket = connect()) {
            FrameCollector collector = FrameCollector.of(streams, "liveflv-" + socket.getLocalPort());
            Random random = new Random(4);
            for (int at = 0; at < bytes.length; ) {
                int to = Math.min(bytes.length, at + 1 + random.nextInt(3_000));
                send(socket, Arrays.copyOfRange(bytes, at, to));
                at = to;
            }
            socket.close();
            FrameCollector.assertSame(FlvFile.read(folder.resolve("made.flv")).media(), collector.untilEnd());
        }
    }

    @Test
    void wrongInputEndsOneConnection() throws IOException {
        byte[] good = made("-metadata", "streamName=good");
        try (Socket beside = connect()) {
            FrameCollector collector = FrameCollector.of(streams, "good");
            send(beside, Arrays.copyOf(good, good.length / 2));
            collector.until(5);
            byte[] huge = Arrays.copyOf(good, good.length);
            // The second tag is of a type that is none.
            int second = 13 + 11 + ((huge[14] & 0xFF) << 16 | (huge[15] & 0xFF) << 8 | huge[16] & 0xFF) + 4;
            huge[second] = 3;
            for (byte[] wrong : List.of(
                    "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                    new byte[] {3, 0, 0, 0, 0, 0, 0, 0, 0},
                    new byte[4_000],
                    good,
                    huge)) {
                try (Socket socket = connect()) {
                    send(socket, wrong);
                    assertClosed(socket);
                }
            }
            for (Path file : SharedMedia.files("flv")) {
                byte[] bytes = Files.readAllBytes(file);
                for (int length : new int[] {bytes.length, bytes.length / 3, 20, 5}) {
                    try (Socket socket = connect()) {
                        send(socket, Arrays.copyOf(bytes, length));
                    }
                }
            }
            send(beside, Arrays.copyOfRange(good, good.length / 2, good.length));
            beside.close();
            FrameCollector.assertSame(FlvFile.read(folder.resolve("made.flv")).media(), collector.untilEnd());
        }
    }

    @Test
    void aCodecThatIsNotCarriedEndsItWithItsName() throws IOException {
        Path file = folder.resolve("old.flv");
        Ffmpeg.ffmpeg(
                ("-v error -f lavfi -i testsrc2=s=160x90:r=25:d=1 -c:v flv1 -metadata streamName=old -f flv " + file)
                        .split(" "));
        FrameCollector collector = FrameCollector.of(streams, "old");
        try (Socket socket = connect()) {
            send(socket, Files.readAllBytes(file));
            assertClosed(socket);
        }
        collector.untilEnd();
        assertTrue(collector.endReason().startsWith("Sorenson H.263 is not supported"), collector.endReason());
    }
}
