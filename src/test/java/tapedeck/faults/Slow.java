package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;

/// M6: peers that are in no hurry, at every TCP port. Each begins as its protocol does and sends another byte every
/// five seconds; a round is a hundred of them at each port. A stream and requests beside them go on.
final class Slow {
    private static final int PER_ROUND = 100;
    /// In `./check`.
    private static final int FEW = 10;

    private static final long BYTE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long POLL_MILLIS = 50;
    /// Against hanging: several times what any port allows.
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

    /// @param port as it is printed at the start
    /// @param begin what is sent at once
    /// @param next what follows, byte by byte
    /// @param limitSeconds the deadline that the port has by name
    private record Kind(String name, String port, byte[] begin, byte[] next, int limitSeconds) {}

    private static final byte[] HELLO = HexFormat.of().parseHex("16030100c2010000be0303" + "5a".repeat(190));

    /// HttpServer.HEAD_LIMIT, PaceOfBody.FREE, ServerTls.HANDSHAKE_MILLIS, RtmpSession.HANDSHAKE_NANOS,
    /// RtspLimits.FIRST_REQUEST_NANOS, TsIngest.IDLE_NANOS, LiveFlvSession.FIRST_TAG_NANOS, TcpLink.CHECK_SECONDS,
    /// CommandLines.LIMIT.
    private static final List<Kind> KINDS = List.of(
            new Kind("HTTP", "HTTP", text("G"), text("ET /rest-api/stream/find_all?a=" + "a".repeat(100)), 10),
            new Kind(
                    "HTTP, body",
                    "HTTP",
                    text("POST /rest-api/stream/find HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"),
                    text(" "),
                    10),
            new Kind("HTTP, empty lines", "HTTP", text("\r\n"), text("\r\n"), 10),
            new Kind("HTTPS", "HTTPS", first(HELLO, 1), HELLO, 10),
            new Kind("RTMPT", "RTMPT", text("P"), text("OST /open/1 HTTP/1.1\r\nX: " + "a".repeat(100)), 10),
            new Kind("RTMP", "RTMP", new byte[] {3}, new byte[] {0}, 10),
            new Kind("RTMPS", "RTMPS", first(HELLO, 1), HELLO, 10),
            new Kind("RTSP", "RTSP", text("O"), text("PTIONS rtsp://127.0.0.1/" + "a".repeat(100)), 10),
            new Kind("RTSPS", "RTSPS", first(HELLO, 1), HELLO, 10),
            new Kind("MPEG-TS", "MPEG-TS", new byte[] {0x47}, new byte[] {0x40}, 10),
            new Kind("LiveFLV", "LiveFLV", text("F"), text("LV\u0001\u0005\0\0\0\u0009\0\0\0\0\u0012\0\1\0"), 10),
            new Kind("WebRTC", "WebRTC", new byte[] {0}, new byte[] {20, 0, 1, 0, 0}, 5),
            new Kind("CLI", "CLI", text("v"), text("ersion" + " ".repeat(100)), 10));

    private Slow() {}

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] first(byte[] bytes, int count) {
        return Arrays.copyOf(bytes, count);
    }

    static void run(Trial trial) throws Exception {
        int count = trial.thorough() ? PER_ROUND * trial.rounds() : FEW;
        List<FlvFile.Tag> tags = Clip.tags(300);
        List<String> found = new ArrayList<>();
        AtomicBoolean over = new AtomicBoolean();
        try (Scene scene = new Scene(new ServerProcess(trial.folder("slow"), Scene.recording("rtsps_port=0")));
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            scene.publish("s", tags);
            scene.mediaSession("s");
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "s")) {
                Future<List<Double>> asked = threads.submit(() -> ask(scene, over));
                List<Future<String>> kinds = new ArrayList<>();
                for (Kind kind : KINDS) {
                    Future<String> one = threads.submit(() -> drip(scene, kind, count));
                    if (trial.thorough()) {
                        // One after the other: all at once are more than this process may open.
                        found.add(one.get());
                    } else {
                        kinds.add(one);
                    }
                }
                for (Future<String> one : kinds) {
                    found.add(one.get());
                }
                over.set(true);
                List<Double> millis = asked.get();
                millis.sort(null);
                assertTrue(viewer.pictures() > 0, "pictures beside them");
                assertEquals(0, viewer.missing(), "pictures that a viewer misses");
                trial.result(
                        "%d at each port, one byte in 5 s, closed after at most: %s; %d requests beside them answered,"
                                + " 99 %% within %.0f ms; a viewer missed 0 of %d pictures",
                        count,
                        String.join(", ", found),
                        millis.size(),
                        millis.get(millis.size() * 99 / 100),
                        viewer.pictures());
            }
            scene.endAll();
        }
    }

    private static List<Double> ask(Scene scene, AtomicBoolean over) throws Exception {
        List<Double> millis = new ArrayList<>();
        while (!over.get()) {
            long start = System.nanoTime();
            assertEquals(200, scene.get("/health").statusCode());
            millis.add((System.nanoTime() - start) / 1e6);
            TimeUnit.MILLISECONDS.sleep(100);
        }
        return millis;
    }

    /// Waits until the server has closed every one of them.
    private static String drip(Scene scene, Kind kind, int count) throws Exception {
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), scene.server.port(kind.port()));
        List<SocketChannel> open = new ArrayList<>();
        double last = 0;
        try {
            for (int i = 0; i < count; i++) {
                SocketChannel channel = SocketChannel.open(address);
                channel.configureBlocking(false);
                send(channel, kind.begin());
                open.add(channel);
            }
            long start = System.nanoTime();
            for (int sent = 0; !open.isEmpty(); ) {
                long now = System.nanoTime() - start;
                if (now > PATIENCE_NANOS) {
                    throw new AssertionError("%s: %d of %d are open after %d s, its limit is %d s"
                            .formatted(kind.name(), open.size(), count, now / 1_000_000_000, kind.limitSeconds()));
                }
                boolean due = now > (sent + 1) * BYTE_NANOS;
                byte[] next = {kind.next()[sent % kind.next().length]};
                for (Iterator<SocketChannel> each = open.iterator(); each.hasNext(); ) {
                    SocketChannel channel = each.next();
                    if (isClosed(channel) || due && !send(channel, next)) {
                        channel.close();
                        each.remove();
                        last = (System.nanoTime() - start) / 1e9;
                    }
                }
                sent += due ? 1 : 0;
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } finally {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
        return "%s %.1f s".formatted(kind.name(), last);
    }

    private static boolean send(SocketChannel channel, byte[] bytes) {
        try {
            channel.write(ByteBuffer.wrap(bytes));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// What is answered is no end: it may come before the last words.
    private static boolean isClosed(SocketChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(4_096)) < 0;
        } catch (IOException e) {
            return true;
        }
    }
}
