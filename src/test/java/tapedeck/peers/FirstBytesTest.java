package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
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

/// What begins every protocol, sent to every TCP port of a whole server: the server ends that connection and says so
/// in one line, and a stream beside it loses nothing. The peer does nothing to end it.
@Timeout(300)
class FirstBytesTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final int CLIP_MILLIS = 4_100;
    /// Against hanging: the longest that a port waits for a peer that says nothing more is the idle time of HTTP, 65 s.
    private static final int DEADLINE_MILLIS = 120_000;
    /// The command line turns away whoever comes when sixteen are there.
    private static final int TOGETHER_AT_CLI = 8;

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

    @Test
    void whatBeginsEveryProtocolEndsOneConnectionOnEveryPort() throws Exception {
        try (TestServer server = new TestServer(folder, "record_streams=false", "rtsps_port=0");
                Lines log = new Lines();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                RtmpClient client = RtmpClient.connected(server.port("RTMP"))) {
            FrameCollector collector = FrameCollector.of(server.server().streams(), "good");
            client.publish("good");
            int origin = CLIP.media().getFirst().timestampMillis();
            // Those of UDP are in `bench/faults stray`.
            List<BoundPorts.Bound> ports = server.server().ports().all().stream()
                    .filter(port -> port.transport().equals("tcp"))
                    .toList();
            assertTrue(ports.size() >= 11, ports.toString());
            Semaphore cli = new Semaphore(TOGETHER_AT_CLI);
            List<Future<String>> ended = new ArrayList<>();
            int rounds = 0;
            for (BoundPorts.Bound port : ports) {
                // An address for each port: the system may give two connections one port if they go to different ones.
                InetAddress from = InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) (2 + rounds)});
                for (Map.Entry<String, byte[]> bytes : FirstBytes.ALL.entrySet()) {
                    ended.add(threads.submit(() -> {
                        if (!port.protocol().equals("CLI")) {
                            return sent(from, port, bytes.getKey(), bytes.getValue(), log);
                        }
                        cli.acquire();
                        try {
                            return sent(from, port, bytes.getKey(), bytes.getValue(), log);
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
            client.unpublish();
            assertEquals(List.of(), collector.untilEnd());
        }
        System.out.printf("%d beginnings on each port%n", FirstBytes.ALL.size());
    }

    /// What the server says, by the peer.
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

        /// @param peer `ADDRESS:PORT`
        List<String> of(String peer) {
            Pattern said = Pattern.compile("\\b" + Pattern.quote(peer) + "\\b");
            return all.stream().filter(line -> said.matcher(line).find()).toList();
        }

        @Override
        public void close() {
            root.detachAppender(this);
        }
    }

    /// Waits until the server has closed; whatever it answers is read.
    ///
    /// @return "", or what is wrong
    private static String sent(InetAddress from, BoundPorts.Bound port, String name, byte[] bytes, Lines log)
            throws Exception {
        String local;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port.port(), from, 0)) {
            local = from.getHostAddress() + ":" + socket.getLocalPort();
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
    private static String wrong(BoundPorts.Bound port, String name, String local, Lines log) throws Exception {
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
