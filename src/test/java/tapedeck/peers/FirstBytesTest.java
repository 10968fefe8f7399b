package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.net.BoundPorts;

/// What begins every protocol, sent to every port of a whole server: that connection ends, and a stream beside it loses
/// nothing.
@Timeout(300)
class FirstBytesTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final int CLIP_MILLIS = 4_100;
    /// Against hanging: no deadline of the server's for first bytes is as long.
    private static final int DEADLINE_MILLIS = 120_000;

    private static final Map<String, byte[]> FIRST = first();

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
        try (TestServer server = new TestServer(folder, "record_streams=false");
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                RtmpClient client = RtmpClient.connected(server.port("RTMP"))) {
            FrameCollector collector = FrameCollector.of(server.server().streams(), "good");
            client.publish("good");
            int origin = CLIP.media().getFirst().timestampMillis();
            List<BoundPorts.Bound> ports = server.server().ports().all();
            assertTrue(ports.size() >= 8, ports.toString());
            List<Future<String>> ended = new ArrayList<>();
            int rounds = 0;
            for (BoundPorts.Bound port : ports) {
                for (Map.Entry<String, byte[]> bytes : FIRST.entrySet()) {
                    ended.add(threads.submit(() -> sent(port, bytes.getKey(), bytes.getValue())));
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
        System.out.printf("%d beginnings on each port%n", FIRST.size());
    }

    /// Whatever is answered is read to the end of the connection.
    ///
    /// @return "", or what did not end
    private static String sent(BoundPorts.Bound port, String name, byte[] bytes) throws IOException {
        if (port.transport().equals("udp")) {
            try (DatagramSocket socket = new DatagramSocket()) {
                byte[] some = bytes.length > 1_316 ? Arrays.copyOf(bytes, 1_316) : bytes;
                socket.send(new DatagramPacket(some, some.length, InetAddress.getLoopbackAddress(), port.port()));
            }
            return "";
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port.port())) {
            socket.setSoTimeout(DEADLINE_MILLIS);
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(answer);
            return "";
        } catch (SocketException _) {
            // Cut off.
            return "";
        } catch (IOException e) {
            return "%s at %s: %s".formatted(name, port, e);
        }
    }
}
