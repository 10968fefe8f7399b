package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tapedeck.net.BoundPorts;

/// What begins every protocol, sent to every port of a whole server: the server ends that connection and says so in one
/// line, and a stream beside it loses nothing. The peer does nothing to end it.
@Timeout(300)
class FirstBytesTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final int CLIP_MILLIS = 4_100;
    /// Against hanging: the longest that a port waits for a peer that says nothing more is the idle time of HTTP, 65 s.
    private static final int DEADLINE_MILLIS = 120_000;
    /// The command line turns away whoever comes when sixteen are there.
    private static final int TOGETHER_AT_CLI = 8;

    private static final Map<String, byte[]> FIRST = first();

    /// What can be told from the first bytes.
    private static final Map<String, String> LOOKS_LIKE = Map.of(
            "RTMP",
            "RTMP",
            "HTTP",
            "HTTP",
            "TLS",
            "TLS",
            "MPEG-TS",
            "MPEG-TS",
            "FLV",
            "FLV",
            "WebM",
            "Matroska",
            "MP4",
            "MP4");

    private static final Set<String> SAYS_WHAT_IT_IS = Set.of("RTMP", "MPEG-TS", "LiveFLV", "HTTP", "CLI");

    @TempDir
    private Path folder;

    private static Map<String, byte[]> first() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        byte[] hello = new byte[1 + 1536];
        hello[0] = 3;
        all.put("RTMP", hello);
        all.put("RTMPT", text("POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n "));
        all.put("RTSP", text("OPTIONS rtsp://127.0.0.1/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"));
        all.put("RTSP, interleaved", hex("2400000c80600001000000000000000b"));
        all.put("HTTP", text("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
        all.put("HTTP/2", text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        all.put(
                "WebSocket",
                text("GET /ingest/a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        all.put("TLS", hex("16030100c2010000be0303" + "5a".repeat(190)));
        byte[] packets = new byte[10 * 188];
        for (int i = 0; i < packets.length; i += 188) {
            packets[i] = 0x47;
            packets[i + 1] = 0x1f;
            packets[i + 2] = (byte) 0xff;
            packets[i + 3] = 0x10;
        }
        all.put("MPEG-TS", packets);
        all.put("FLV", hex("464c5601050000000900000000"));
        all.put("WebM", hex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"));
        all.put("MP4", hex("0000001c6674797069736f6d0000020069736f6d69736f32"));
        all.put("JSON", text("{\"command\":\"version\"}\n"));
        all.put("STUN", hex("000100002112a442" + "01".repeat(12)));
        all.put("STUN over TCP", hex("0014000100002112a442" + "01".repeat(12)));
        all.put("DTLS", hex("16fefd0000000000000000002c0100002000000000000000" + "00".repeat(32)));
        all.put("RTP", hex("8060000100000000000000ff" + "11".repeat(100)));
        all.put("RTCP", hex("80c80006000000ff" + "00".repeat(20)));
        all.put("SRT", hex("80000000" + "00".repeat(44)));
        all.put("nothing", new byte[0]);
        byte[] noise = new byte[4_000];
        new Random(1).nextBytes(noise);
        all.put("noise", noise);
        return all;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    @Test
    void whatBeginsEveryProtocolEndsOneConnectionOnEveryPort() throws Exception {
        try (TestServer server = new TestServer(folder, "record_streams=false", "rtsps_port=0");
                Lines log = new Lines();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                RtmpClient client = RtmpClient.connected(server.port("RTMP"))) {
            FrameCollector collector = FrameCollector.of(server.server().streams(), "good");
            client.publish("good");
            int origin = CLIP.media().getFirst().timestampMillis();
            List<BoundPorts.Bound> ports = server.server().ports().all();
            assertTrue(ports.size() >= 12, ports.toString());
            Semaphore cli = new Semaphore(TOGETHER_AT_CLI);
            List<Future<String>> ended = new ArrayList<>();
            int rounds = 0;
            for (BoundPorts.Bound port : ports) {
                for (Map.Entry<String, byte[]> bytes : FIRST.entrySet()) {
                    ended.add(threads.submit(() -> {
                        if (!port.protocol().equals("CLI")) {
                            return sent(port, bytes.getKey(), bytes.getValue(), log);
                        }
                        cli.acquire();
                        try {
                            return sent(port, bytes.getKey(), bytes.getValue(), log);
                        } finally {
                            cli.release();
                        }
                    }));
                }
                FlvFile next = CLIP.shifted(rounds++ * CLIP_MILLIS);
                client.send(next);
                FrameCollector.assertSame(
                        next.media(), collector.take(next.media().size()), origin);
            }
            List<String> open = new ArrayList<>();
            for (Future<String> one : ended) {
                if (!one.get().isEmpty()) {
                    open.add(one.get());
                }
            }
            assertEquals(List.of(), open);
            // What came by UDP, where no connection ends: it is counted, and what is right is taken afterwards.
            long junk = server.server().ports().counters().stream()
                    .filter(counter -> counter.name().endsWith("datagrams.junk"))
                    .mapToLong(counter -> counter.number().getAsLong())
                    .sum();
            assertTrue(junk >= FIRST.size() / 2, junk + " datagrams of nobody");
            transportStreamIsTaken(server);
            client.unpublish();
            assertEquals(List.of(), collector.untilEnd());
        }
        System.out.printf("%d beginnings on each port%n", FIRST.size());
    }

    /// By UDP, to the port that all of this came to.
    private static void transportStreamIsTaken(TestServer server) throws Exception {
        FrameCollector after = FrameCollector.of(server.server().streams(), "after");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-re",
                "-f",
                "lavfi",
                "-i",
                "testsrc=size=160x120:rate=10:duration=3",
                "-c:v",
                "libx264",
                "-g",
                "5",
                "-bf",
                "0",
                "-metadata",
                "service_name=after",
                "-f",
                "mpegts",
                "udp://127.0.0.1:%d?pkt_size=1316".formatted(server.port("MPEG-TS")));
        assertEquals(10, after.take(10).size());
    }

    /// What the server says, by the peer's port.
    private static final class Lines extends AppenderBase<ILoggingEvent> implements AutoCloseable {
        private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        private final Queue<String> all = new ConcurrentLinkedQueue<>();

        Lines() {
            start();
            root.addAppender(this);
        }

        @Override
        protected void append(ILoggingEvent event) {
            all.add(event.getFormattedMessage());
        }

        List<String> of(int port) {
            Pattern peer = Pattern.compile("127\\.0\\.0\\.1:%d\\b.*".formatted(port));
            return all.stream().filter(line -> peer.matcher(line).find()).toList();
        }

        @Override
        public void close() {
            root.detachAppender(this);
        }
    }

    /// Waits until the server has closed; whatever it answers is read.
    ///
    /// @return "", or what is wrong
    private static String sent(BoundPorts.Bound port, String name, byte[] bytes, Lines log) throws Exception {
        if (port.transport().equals("udp")) {
            try (DatagramSocket socket = new DatagramSocket()) {
                byte[] some = bytes.length > 1_316 ? Arrays.copyOf(bytes, 1_316) : bytes;
                socket.send(new DatagramPacket(some, some.length, InetAddress.getLoopbackAddress(), port.port()));
            }
            return "";
        }
        int local;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port.port())) {
            local = socket.getLocalPort();
            socket.setSoTimeout(DEADLINE_MILLIS);
            try {
                socket.getOutputStream().write(bytes);
                if (isWelcome(port.protocol(), name)) {
                    socket.shutdownOutput();
                }
                socket.getInputStream().transferTo(new ByteArrayOutputStream());
            } catch (SocketException _) {
                // Cut off.
            } catch (IOException e) {
                return "%s at %s: %s".formatted(name, port, e);
            }
        }
        return wrong(port, name, local, log);
    }

    /// Somebody at the command line may take minutes; no other port waits as long.
    private static boolean isWelcome(String protocol, String name) {
        return protocol.equals("CLI") && (name.equals("JSON") || name.equals("nothing"));
    }

    /// Where the answer says all, nothing is in the log: requests of HTTP, and connections that rest.
    /// Connectivity checks over TCP are counted, as those over UDP are.
    private static String wrong(BoundPorts.Bound port, String name, int local, Lines log) throws Exception {
        String protocol = port.protocol();
        boolean requests = List.of("HTTP", "HTTPS", "RTMPT").contains(protocol);
        boolean answered =
                requests && List.of("HTTP", "RTMPT", "WebSocket", "nothing").contains(name)
                        || isWelcome(protocol, name)
                        || protocol.equalsIgnoreCase("WebRTC");
        if (answered && !protocol.equals("HTTPS")) {
            return "";
        }
        List<String> lines = log.of(local);
        for (int tries = 0; lines.isEmpty() && tries < 200; tries++) {
            TimeUnit.MILLISECONDS.sleep(50);
            lines = log.of(local);
        }
        String looksLike = LOOKS_LIKE.get(name);
        boolean named = looksLike == null
                || !SAYS_WHAT_IT_IS.contains(protocol)
                || protocol.equals(looksLike)
                || protocol.equals("LiveFLV") && looksLike.equals("FLV")
                || lines.size() == 1 && lines.getFirst().contains("this is " + looksLike);
        return lines.size() == 1 && named ? "" : "%s at %s: %s".formatted(name, port, lines);
    }
}
