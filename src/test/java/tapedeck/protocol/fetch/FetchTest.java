package tapedeck.protocol.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.net.EventLoops;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.settings.Settings;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Pulls from servers that serve what ffmpeg made.
class FetchTest {
    private static final Settings.Relays NEAR = new Settings.Relays(List.of(), List.of(), List.of("loopback"), 60, "");

    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(2);
    private final Map<String, String> texts = new ConcurrentHashMap<>();
    private final List<String> asked = new ArrayList<>();
    private Relays relays;
    private HttpServer web;

    @BeforeEach
    void start() throws Exception {
        relays = new Relays(NEAR, streams).pullWith(new HttpPull()).pullWith(new SocketPull(loops));
        web = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        web.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        web.createContext("/", this::serve);
        web.start();
    }

    @AfterEach
    void stop() {
        relays.close();
        web.stop(0);
        loops.close();
    }

    /// Files of the folder, with ranges, under `/plain/…` without; `/moved/…` is elsewhere; texts that the test has
    /// set.
    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            synchronized (asked) {
                asked.add(path);
            }
            if (path.startsWith("/moved/")) {
                exchange.getResponseHeaders().add("Location", path.substring("/moved".length()));
                exchange.sendResponseHeaders(302, -1);
                return;
            }
            Path file = folder.resolve(path.substring(1));
            boolean plain = path.startsWith("/plain/");
            if (plain) {
                path = path.substring("/plain".length());
                file = folder.resolve(path.substring(1));
            }
            byte[] body = texts.containsKey(path)
                    ? texts.get(path).getBytes(StandardCharsets.UTF_8)
                    : Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
            if (body == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            String range = exchange.getRequestHeaders().getFirst("Range");
            int status = 200;
            if (range != null && !plain) {
                String[] ends = range.substring("bytes=".length()).split("-", 2);
                int from = Integer.parseInt(ends[0]);
                int to = ends[1].isEmpty() ? body.length : Integer.parseInt(ends[1]) + 1;
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, body.length));
                body = Arrays.copyOfRange(body, from, to);
                status = 206;
            }
            // Without a length: in chunks.
            exchange.sendResponseHeaders(status, path.endsWith(".ts") ? 0 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private String url(String path) {
        return "http://127.0.0.1:" + web.getAddress().getPort() + path;
    }

    private FlvFile made() {
        Path file = folder.resolve("made.flv");
        Ffmpeg.ffmpeg(
                ("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=4 -f lavfi -i sine=f=440:d=4 -c:v libx264 -bf 2 -g 25"
                                + " -sc_threshold 0 -c:a aac -f flv " + file)
                        .split(" "));
        return FlvFile.read(file);
    }

    private void remade(String options, String name) {
        Ffmpeg.ffmpeg(("-v error -i " + folder.resolve("made.flv") + " -c copy " + options + " " + folder.resolve(name))
                .split(" "));
    }

    private List<Frame> pulled(String address, int frames) throws Exception {
        String name = "pulled" + address.hashCode();
        FrameCollector collector = FrameCollector.of(streams, name);
        String id = relays.pull(address, new StreamName(name), Map.of()).id();
        List<Frame> received = List.copyOf(collector.until(frames));
        relays.terminate(id, "enough");
        return received;
    }

    private static List<Bytes> data(List<Frame> frames, boolean video) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo() == video)
                .map(Frame::data)
                .toList();
    }

    private static void assertSame(FlvFile sent, List<Frame> received, String what) {
        for (boolean video : new boolean[] {true, false}) {
            List<Bytes> expected = sent.media().stream()
                    .filter(tag -> tag.video() == video)
                    .map(FlvFile.Tag::data)
                    .toList();
            List<Bytes> found = data(received, video);
            assertEquals(expected.size(), found.size(), what + (video ? " pictures" : " sounds"));
            assertTrue(expected.equals(found), what);
        }
    }

    @Test
    void filesOverHttpArriveWhole() throws Exception {
        FlvFile sent = made();
        remade("-f mpegts", "made.ts");
        remade("-f mp4 -movflags +frag_keyframe+empty_moov+default_base_moof", "made.mp4");
        for (String path : List.of("/plain/made.flv", "/moved/made.ts", "/plain/made.mp4")) {
            long begun = System.nanoTime();
            assertSame(sent, pulled(url(path), sent.media().size()), path);
            assertTrue(System.nanoTime() - begun > 2_500_000_000L, "at the speed of its timestamps: " + path);
        }
    }

    @Test
    void finishedPlaylistsArriveWhole() throws Exception {
        FlvFile sent = made();
        remade("-f hls -hls_time 1 -hls_list_size 0 -hls_playlist_type vod", "ts.m3u8");
        remade("-f hls -hls_time 1 -hls_list_size 0 -hls_playlist_type vod -hls_flags single_file", "one.m3u8");
        remade("-f hls -hls_time 1 -hls_list_size 0 -hls_playlist_type vod -hls_segment_type fmp4", "fmp4.m3u8");
        texts.put(
                "/master.m3u8",
                "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nnone.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"a,b\"\nts.m3u8\n");
        for (String path : List.of("/master.m3u8", "/one.m3u8", "/fmp4.m3u8")) {
            assertSame(sent, pulled(url(path), sent.media().size()), path);
        }
    }

    /// A window that moves on with every question, counts anew once, and says so.
    @Test
    void aLivePlaylistBeginsAtTheEdgeAndHasNothingTwice() throws Exception {
        made();
        remade("-f hls -hls_time 1 -hls_list_size 0 -hls_playlist_type vod", "ts.m3u8");
        AtomicInteger questions = new AtomicInteger();
        web.createContext("/live.m3u8", exchange -> {
            try (exchange) {
                int first = questions.getAndIncrement();
                StringBuilder text = new StringBuilder("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:")
                        .append(100 + first)
                        .append('\n');
                for (int i = first; i < first + 4; i++) {
                    text.append(i % 4 == 0 ? "#EXT-X-DISCONTINUITY\n" : "")
                            .append("#EXTINF:1,\nts")
                            .append(i % 4)
                            .append(".ts\n");
                }
                byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        List<Frame> received = pulled(url("/live.m3u8"), 700);
        List<String> segments;
        synchronized (asked) {
            segments = asked.stream().filter(path -> path.endsWith(".ts")).toList();
        }
        for (int i = 0; i < segments.size(); i++) {
            assertEquals("/ts" + (i + 1) % 4 + ".ts", segments.get(i), "segment " + i + " of " + segments);
        }
        long last = -1;
        for (Frame frame : received) {
            if (frame.track().isVideo()) {
                assertTrue(frame.dtsNanos() > last, "forward");
                assertTrue(last < 0 || frame.dtsNanos() - last < 200_000_000L, "without a hole");
                last = frame.dtsNanos();
            }
        }
    }

    @Test
    void whatIsNoMediaIsRefused() throws Exception {
        texts.put("/page", "<html>".repeat(100));
        texts.put("/key.m3u8", "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n");
        for (String path : List.of("/page", "/key.m3u8")) {
            String id =
                    relays.pull(url(path), new StreamName("refused"), Map.of()).id();
            await("refused: " + path, () -> !error(id).isEmpty());
            String error = error(id);
            assertTrue(error.matches(".*(neither|encrypted).*"), error);
        }
    }

    private String error(String id) {
        return relays.all().stream()
                .filter(report -> report.id().equals(id))
                .map(RelayReport::lastError)
                .findFirst()
                .orElse("gone");
    }

    /// Packets of a transport stream that hold nothing, for ever.
    @Test
    void bytesWithoutFramesEnd() throws Exception {
        byte[] nothing = new byte[188 * 10];
        for (int at = 0; at < nothing.length; at += 188) {
            nothing[at] = 0x47;
            nothing[at + 1] = 0x1F;
            nothing[at + 2] = (byte) 0xFF;
            nothing[at + 3] = 0x10;
        }
        web.createContext("/nothing", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(200, 0);
                while (true) {
                    exchange.getResponseBody().write(nothing);
                }
            }
        });
        try (Relays impatient = new Relays(NEAR, streams).pullWith(new HttpPull(200_000_000L))) {
            impatient.pull(url("/nothing"), new StreamName("nothing"), Map.of());
            await("given up", () -> !impatient.all().getFirst().lastError().isEmpty());
            String error = impatient.all().getFirst().lastError();
            assertTrue(error.contains("no picture and no sound"), error);
        }
    }

    @Test
    void transportStreamsOverTcpAndUdpArriveWhole() throws Exception {
        FlvFile sent = made();
        remade("-f mpegts", "made.ts");
        byte[] bytes = Files.readAllBytes(folder.resolve("made.ts"));
        try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try (Socket socket = listening.accept()) {
                    socket.getOutputStream().write(bytes);
                    socket.getInputStream().read();
                } catch (IOException _) {
                    // The pull is over.
                }
            });
            // The last picture waits for the next.
            List<Frame> received = pulled(
                    "tcp://127.0.0.1:" + listening.getLocalPort(), sent.media().size() - 1);
            assertEquals(99, data(received, true).size());
        }
        int port;
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Thread sender = Thread.ofVirtual().start(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                for (int round = 0; round < 2; round++) {
                    TimeUnit.MILLISECONDS.sleep(300);
                    for (int at = 0; at < bytes.length; at += 1316) {
                        int length = Math.min(1316, bytes.length - at);
                        socket.send(new DatagramPacket(bytes, at, length, InetAddress.getLoopbackAddress(), port));
                        TimeUnit.MILLISECONDS.sleep(1);
                    }
                }
            } catch (IOException | InterruptedException _) {
                // Nobody listens any more.
            }
        });
        List<Frame> received = pulled("udp://127.0.0.1:" + port, sent.media().size() - 1);
        assertTrue(data(received, true).size() >= 90, () -> data(received, true).size() + " pictures");
        sender.interrupt();
    }
}
