package tapedeck.protocol.mpegts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Frame;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.StreamName;

/// What senders of all kinds bring to the port.
class MpegTsServerTest {
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static Bytes stream(String title, List<Frame> frames) {
        MemoryFile file = new MemoryFile();
        try (Muxer muxer = Container.TS.muxer(
                file, TestMedia.tracks(frames), new MuxerOptions(Instant.parse("2026-01-02T03:04:05Z"), 0, title))) {
            for (Frame frame : frames) {
                muxer.write(frame);
                if (frame.keyframe() && frame.track().isVideo()) {
                    muxer.flush();
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return file.content();
    }

    private static void assertClosed(Socket socket) throws IOException {
        try {
            assertEquals(-1, socket.getInputStream().read());
        } catch (IOException reset) {
            // With bytes of ours unread.
            assertTrue(String.valueOf(reset.getMessage()).contains("reset"), reset.toString());
        }
    }

    private static void send(Socket socket, byte[] bytes) throws IOException {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException closed) {
            // By the server already, which is what most of these want to see.
        }
    }

    @Test
    void theServiceIsTheName() throws Exception {
        List<Frame> frames = TestMedia.of("h264b+aac", 2);
        try (TsHouse house = new TsHouse();
                Socket socket = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "deck/one");
            send(socket, stream("deck/one", frames).toByteArray());
            socket.close();
            List<Frame> received = collector.untilEnd();
            assertEquals(frames.size(), received.size());
            assertEquals("MPEGTS", collector.stream().publisher().protocol().name());
            assertEquals("BOTH", collector.stream().publisher().expects().name());
        }
    }

    /// Pictures that never end, up to a bound of all senders.
    @Test
    void whatWaitsOfAllSendersIsBounded() throws Exception {
        ByteBudget budget = new ByteBudget(1 << 20);
        byte[] good = stream("good", TestMedia.of("h264", 2)).toByteArray();
        try (TsHouse house = new TsHouse(budget);
                Socket beside = house.connect();
                Socket socket = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "good");
            send(beside, good);
            collector.until(20);
            int packet = 0;
            while ((good[packet + 3] & 0x20) == 0 || (good[packet + 1] & 0x40) == 0 || good[packet + 4] == 0) {
                packet += 188;
            }
            byte[] endless = Arrays.copyOf(good, packet + 188 * 8_000);
            for (int at = packet + 188; at < endless.length; at += 188) {
                int counter = endless[packet + 3] + (at - packet) / 188 & 0xF;
                endless[at] = 0x47;
                endless[at + 1] = (byte) (endless[packet + 1] & 0x1F);
                endless[at + 2] = endless[packet + 2];
                endless[at + 3] = (byte) (0x10 | counter);
                Arrays.fill(endless, at + 4, at + 188, (byte) 0x55);
            }
            send(socket, endless);
            assertClosed(socket);
            send(beside, good);
            collector.until(60);
            beside.close();
            collector.untilEnd();
        }
        assertEquals(0, budget.takenBytes());
    }

    @Test
    void withoutAServiceThePortIsTheName() throws Exception {
        try (TsHouse house = new TsHouse();
                Socket socket = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "ts-" + socket.getLocalPort());
            send(socket, stream("", TestMedia.of("h264+aac", 4)).toByteArray());
            socket.close();
            assertTrue(collector.untilEnd().size() > 200);
        }
    }

    @Test
    void aTakenNameAndOneThatIsNotAllowedEndOneConnection() throws Exception {
        byte[] bytes = stream("taken", TestMedia.of("h264+aac", 2)).toByteArray();
        try (TsHouse house = new TsHouse();
                Socket first = house.connect();
                Socket second = house.connect();
                Socket third = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "taken");
            send(first, bytes);
            collector.until(20);
            send(second, bytes);
            assertClosed(second);
            send(third, stream("../etc", TestMedia.of("h264+aac", 2)).toByteArray());
            assertClosed(third);
            assertTrue(house.streams.find(new StreamName("taken")).isPresent());
        }
    }

    @Test
    void whoSpeaksSomethingElseIsToldApartAtOnce() throws Exception {
        try (TsHouse house = new TsHouse()) {
            for (String words : List.of(
                    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                    "OPTIONS rtsp://x/ RTSP/1.0\r\n\r\n",
                    "\u0003\u0000\u0000\u0000\u0000",
                    "FLV\u0001\u0005",
                    "\u0016\u0003\u0001\u0002\u0000")) {
                try (Socket socket = house.connect()) {
                    send(socket, words.getBytes(StandardCharsets.ISO_8859_1));
                    assertClosed(socket);
                }
            }
            try (Socket socket = house.connect()) {
                byte[] garbage = new byte[TsIngest.MAX_SKIPPED_BYTES + 4096];
                new Random(5).nextBytes(garbage);
                send(socket, garbage);
                assertClosed(socket);
            }
            assertEquals(List.of(), List.copyOf(house.streams.all()));
        }
    }

    @Test
    void aPasswordCannotBeShownSoOnlyExemptAddressesMay() throws Exception {
        byte[] bytes = stream("guarded", TestMedia.of("h264+aac", 2)).toByteArray();
        String[] jwt = {"publish_auth=jwt", "auth_jwt_secret=0123456789abcdef0123456789abcdef"};
        try (TsHouse house = new TsHouse(jwt);
                Socket socket = house.connect()) {
            send(socket, bytes);
            assertClosed(socket);
        }
        try (TsHouse house = new TsHouse(jwt[0], jwt[1], "publish_auth_exempt=10.0.0.0/8, 127.0.0.0/8");
                Socket socket = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "guarded");
            send(socket, bytes);
            assertTrue(collector.until(20).size() >= 20);
        }
    }

    @Test
    void oneStreamForEachSenderOverUdpAndLossIsCounted() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 3);
        try (TsHouse house = new TsHouse();
                DatagramSocket one = new DatagramSocket();
                DatagramSocket other = new DatagramSocket()) {
            FrameCollector whole = FrameCollector.of(house.streams, "one");
            FrameCollector torn = FrameCollector.of(house.streams, "other");
            Bytes first = stream("one", frames);
            Bytes second = stream("other", frames);
            datagram(one, house.port(), "GET / HTTP/1.1".getBytes(StandardCharsets.US_ASCII), 0, 14);
            for (int at = 0, number = 0; at < first.length(); at += 1316, number++) {
                datagram(one, house.port(), first.toByteArray(), at, Math.min(1316, first.length() - at));
                if (number != 60 && at < second.length()) {
                    datagram(other, house.port(), second.toByteArray(), at, Math.min(1316, second.length() - at));
                }
                if (number % 16 == 0) {
                    // Not more than a socket holds.
                    TimeUnit.MILLISECONDS.sleep(15);
                }
            }
            whole.until(frames.size());
            long deadline = System.nanoTime() + DEADLINE_NANOS;
            while (torn.stream().statistics().frames() + torn.stream().missedFrames() < frames.size()) {
                assertTrue(System.nanoTime() - deadline < 0, "all but the lost frames");
                TimeUnit.MILLISECONDS.sleep(20);
            }
            whole.stream().terminate("enough");
            torn.stream().terminate("enough");
            assertEquals(frames.size(), whole.untilEnd().size());
            assertEquals(0, whole.stream().missedFrames());
            int received = torn.untilEnd().size();
            assertTrue(received < frames.size(), "frames are missing");
            assertEquals(frames.size() - received, torn.stream().missedFrames());
        }
    }

    private static void datagram(DatagramSocket socket, int port, byte[] bytes, int from, int length)
            throws IOException {
        socket.send(new DatagramPacket(bytes, from, length, InetAddress.getLoopbackAddress(), port));
    }

    /// All that others made, whole and cut: a connection ends, and the stream beside it has all of its frames.
    @Test
    void otherPeoplesFilesWholeAndCutHarmNobody() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 4);
        byte[] good = stream("good", frames).toByteArray();
        try (TsHouse house = new TsHouse();
                Socket beside = house.connect()) {
            FrameCollector collector = FrameCollector.of(house.streams, "good");
            send(beside, Arrays.copyOf(good, good.length / 2));
            Random random = new Random(3);
            for (Path file : SharedMedia.files("ts")) {
                byte[] bytes = Files.readAllBytes(file);
                for (int length : new int[] {bytes.length, random.nextInt(bytes.length), random.nextInt(400)}) {
                    try (Socket socket = house.connect()) {
                        send(socket, Arrays.copyOf(bytes, length));
                    }
                }
            }
            send(beside, Arrays.copyOfRange(good, good.length / 2, good.length));
            beside.close();
            assertEquals(frames.size(), collector.untilEnd().size());
            long deadline = System.nanoTime() + DEADLINE_NANOS;
            while (!house.streams.all().isEmpty()) {
                assertTrue(System.nanoTime() - deadline < 0, () -> house.streams.all() + " live");
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }
}
