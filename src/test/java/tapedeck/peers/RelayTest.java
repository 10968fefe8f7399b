package tapedeck.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a [Link] does is measured by a clock of the test's own; what a [Relay] does, with real sockets.
@Timeout(60)
class RelayTest {
    private static final long MILLI = 1_000_000;
    private static final int BYTES = 1_000;

    /// @param nanos of its arrival
    private record Arrival(int number, long sentNanos, long nanos, byte[] datagram) {
        double delayMillis() {
            return (nanos - sentNanos) / 1e6;
        }
    }

    /// What comes out, in order, of `count` datagrams of 1,000 bytes, one per `spacingNanos`.
    private static List<Arrival> carried(long seed, int count, long spacingNanos, Conditions conditions) {
        Link link = new Link(seed, new Link.Tally());
        List<Arrival> arrivals = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] datagram = new byte[BYTES];
            int number = i;
            long now = i * spacingNanos;
            link.carry(datagram, now, conditions, (due, sent) -> arrivals.add(new Arrival(number, now, due, sent)));
        }
        arrivals.sort(Comparator.comparingLong(Arrival::nanos));
        return arrivals;
    }

    private static List<Integer> numbers(List<Arrival> arrivals) {
        return arrivals.stream().map(Arrival::number).toList();
    }

    @Test
    void aPerfectNetworkCarriesEverythingAtOnce() {
        List<Arrival> arrivals = carried(1, 1_000, MILLI, Conditions.NONE);
        assertEquals(1_000, arrivals.size());
        assertTrue(arrivals.stream().allMatch(arrival -> arrival.nanos() == arrival.sentNanos()));
    }

    @Test
    void asMuchIsLostAsWasSaid() {
        for (double rate : new double[] {0.01, 0.05, 0.2}) {
            int lost = 100_000
                    - carried(2, 100_000, MILLI, Conditions.NONE.loss(rate)).size();
            assertEquals(rate, lost / 100_000.0, 0.005);
        }
    }

    @Test
    void theSameSeedLosesTheSame() {
        Conditions bad = Conditions.NONE
                .loss(0.1)
                .delayMillis(20)
                .scatterMillis(30)
                .duplicates(0.05)
                .bitFlips(1e-4);
        assertEquals(numbers(carried(3, 5_000, MILLI, bad)), numbers(carried(3, 5_000, MILLI, bad)));
        assertNotEquals(numbers(carried(3, 5_000, MILLI, bad)), numbers(carried(4, 5_000, MILLI, bad)));
    }

    @Test
    void burstsAreAsLongAndAsFrequentAsGilbertSays() {
        List<Integer> numbers = numbers(carried(5, 200_000, MILLI, Conditions.NONE.bursts(0.01, 0.1)));
        int bursts = 0;
        for (int i = 1; i < numbers.size(); i++) {
            bursts += numbers.get(i) > numbers.get(i - 1) + 1 ? 1 : 0;
        }
        int lost = 200_000 - numbers.size();
        assertEquals(0.0909, lost / 200_000.0, 0.01, "p / (p + r)");
        assertEquals(10, (double) lost / bursts, 1, "1 / r");
    }

    @Test
    void delayIsExactAndJitterStaysInItsBoundsAndInOrder() {
        List<Arrival> arrivals =
                carried(6, 20_000, 5 * MILLI, Conditions.NONE.delayMillis(40).jitterMillis(150));
        double sum = 0;
        for (Arrival arrival : arrivals) {
            assertTrue(arrival.delayMillis() >= 40 && arrival.delayMillis() <= 190, "" + arrival.delayMillis());
            sum += arrival.delayMillis();
        }
        assertEquals(40 + 75, sum / arrivals.size(), 10);
        assertEquals(
                arrivals.stream()
                        .sorted(Comparator.comparingInt(Arrival::number))
                        .toList(),
                arrivals);
        assertTrue(arrivals.stream().anyMatch(arrival -> arrival.delayMillis() < 60));
        assertTrue(arrivals.stream().anyMatch(arrival -> arrival.delayMillis() > 170));
    }

    @Test
    void scatterIsEvenlySpreadAndMixesTheOrder() {
        List<Arrival> arrivals =
                carried(7, 20_000, 5 * MILLI, Conditions.NONE.delayMillis(10).scatterMillis(100));
        int[] quarters = new int[4];
        int overtakes = 0;
        for (int i = 0; i < arrivals.size(); i++) {
            quarters[(int) ((arrivals.get(i).delayMillis() - 10) / 25)]++;
            overtakes += i > 0 && arrivals.get(i).number() < arrivals.get(i - 1).number() ? 1 : 0;
        }
        for (int quarter : quarters) {
            assertEquals(5_000, quarter, 300);
        }
        assertTrue(overtakes > 2_000, overtakes + " overtakes");
    }

    @Test
    void someAreOvertakenAndSomeComeTwice() {
        Conditions conditions =
                Conditions.NONE.delayMillis(10).reorder(0.05, 30).duplicates(0.05);
        List<Arrival> arrivals = carried(8, 20_000, 5 * MILLI, conditions);
        long late = arrivals.stream()
                .filter(arrival -> arrival.delayMillis() == 40)
                .map(Arrival::number)
                .distinct()
                .count();
        assertEquals(0.05, late / 20_000.0, 0.005);
        assertEquals(0.05, arrivals.size() / 20_000.0 - 1, 0.005);
        Set<Integer> all = new HashSet<>(numbers(arrivals));
        assertEquals(20_000, all.size());
    }

    @Test
    void aBottleneckPassesItsRateAndLosesWhatItsQueueCannotHold() {
        // 8 Mbit/s into 2 Mbit/s: 250 datagrams a second pass, 20 of them fit into the queue.
        List<Arrival> arrivals = carried(9, 10_000, MILLI, Conditions.NONE.rate(2_000_000, 20 * BYTES));
        assertEquals(2_500, arrivals.size(), 30);
        double most = arrivals.stream().mapToDouble(Arrival::delayMillis).max().orElseThrow();
        assertEquals(20 * 4, most, 4);
        for (int i = 1; i < arrivals.size(); i++) {
            assertTrue(arrivals.get(i).nanos() - arrivals.get(i - 1).nanos() >= 4 * MILLI - 1);
        }
    }

    @Test
    void bitsFlipAsOftenAsWasSaidAndNotInTheSendersCopy() {
        byte[] original = new byte[BYTES];
        Link link = new Link(10, new Link.Tally());
        long[] flips = new long[1];
        for (int i = 0; i < 2_000; i++) {
            link.carry(original, i, Conditions.NONE.bitFlips(1e-3), (_, sent) -> {
                for (byte b : sent) {
                    flips[0] += Integer.bitCount(b & 0xFF);
                }
            });
        }
        assertEquals(16_000, flips[0], 600);
        assertArrayEquals(new byte[BYTES], original);
    }

    @Test
    void rulesSizesAndBlackholesLoseWhatTheyName() {
        Link.Tally tally = new Link.Tally();
        Link link = new Link(11, tally);
        List<Integer> sizes = new ArrayList<>();
        Link.Arrivals into = (_, sent) -> sizes.add(sent.length);
        link.carry(new byte[600], 0, Conditions.NONE.maxDatagramBytes(600), into);
        link.carry(new byte[601], 0, Conditions.NONE.maxDatagramBytes(600), into);
        link.carry(new byte[602], 0, Conditions.NONE.drops(datagram -> datagram.length == 602), into);
        link.carry(new byte[603], 0, Conditions.NONE.blackhole(true), into);
        assertEquals(List.of(600), sizes);
        assertEquals(4, tally.of(Relay.Fate.OFFERED));
        assertEquals(1, tally.of(Relay.Fate.TOO_LARGE));
        assertEquals(1, tally.of(Relay.Fate.RULED_OUT));
        assertEquals(1, tally.of(Relay.Fate.BLACKHOLED));
    }

    @Test
    void aFlightIsLostAsOftenAsWasSaidWhateverItsRecordNumbers() {
        DtlsFlights rule = new DtlsFlights(3, 1, 2);
        byte[] certificate = handshake(11, 1);
        byte[] keyExchange = handshake(16, 2);
        assertFalse(rule.test(handshake(1, 0)), "the hello is another flight");
        assertFalse(rule.test(certificate));
        assertTrue(rule.test(keyExchange));
        keyExchange[10] = 9; // another record number
        assertTrue(rule.test(keyExchange));
        assertFalse(rule.test(certificate));
        keyExchange[10] = 10;
        assertFalse(rule.test(keyExchange), "the third time");
        assertFalse(rule.test(new byte[] {(byte) 0x80, 96}), "media");
    }

    private static byte[] handshake(int type, int messageSequence) {
        byte[] record = new byte[13 + 12 + 40];
        record[0] = 22;
        record[13] = (byte) type;
        record[18] = (byte) messageSequence;
        return record;
    }

    @Test
    void anAnswerNamesTheRelayAndNothingElse() throws Exception {
        try (Relay relay = new Relay(1, 1)) {
            String section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                    + "a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host\r\n"
                    + "a=candidate:2 1 udp 2130706175 127.0.0.1 8189 typ host\r\n"
                    + "a=candidate:3 1 tcp 1671430143 192.0.2.7 8189 typ host tcptype passive\r\n"
                    + "a=mid:0\r\n";
            assertEquals(
                    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                            + "a=candidate:1 1 udp 2130706431 127.0.0.1 PORT typ host\r\n"
                            + "a=candidate:3 1 tcp 1671430143 127.0.0.1 PORT typ host tcptype passive\r\n"
                            + "a=mid:0\r\n",
                    relay.rewrite(section).replace("" + relay.port(), "PORT"));
        }
    }

    /// Answers each datagram with the port that it came from, in front of what it held.
    private static DatagramSocket echo() throws SocketException {
        DatagramSocket server = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(new byte[2_000], 2_000);
                    server.receive(packet);
                    byte[] text = Arrays.copyOf(packet.getData(), packet.getLength());
                    byte[] answer = (packet.getPort() + " " + new String(text, UTF_8)).getBytes(UTF_8);
                    server.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                // Closed.
            }
        });
        return server;
    }

    private static String ask(DatagramSocket client, Relay relay, String text) throws IOException {
        client.send(new DatagramPacket(text.getBytes(UTF_8), text.length(), relay.address()));
        DatagramPacket packet = new DatagramPacket(new byte[2_000], 2_000);
        client.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), UTF_8);
    }

    @Test
    void eachClientHasAnAddressOfItsOwnAtTheServerWhichCanChange() throws Exception {
        try (DatagramSocket server = echo();
                Relay relay = new Relay(server.getLocalPort(), 1);
                DatagramSocket one = new DatagramSocket();
                DatagramSocket other = new DatagramSocket()) {
            one.setSoTimeout(20_000);
            other.setSoTimeout(20_000);
            String first = ask(one, relay, "a");
            assertEquals(first, ask(one, relay, "a"));
            assertNotEquals(first, ask(other, relay, "a"));
            assertEquals(2, relay.clientsAtServer().size());
            relay.moveClients(InetAddress.ofLiteral("127.0.0.2"));
            assertNotEquals(first, ask(one, relay, "a"));
            assertTrue(relay.clientsAtServer().stream()
                    .allMatch(address -> address.getHostString().equals("127.0.0.2")));
        }
    }

    @Test
    void datagramsTakeTheirTimeAndABlackholeEnds() throws Exception {
        try (DatagramSocket server = echo();
                Relay relay = new Relay(server.getLocalPort(), 1);
                DatagramSocket client = new DatagramSocket()) {
            client.setSoTimeout(20_000);
            relay.both(Conditions.NONE.delayMillis(40));
            long start = System.nanoTime();
            ask(client, relay, "x");
            assertTrue(System.nanoTime() - start >= 80 * MILLI);
            relay.set(Relay.Way.TO_SERVER, Conditions.NONE.blackhole(true));
            client.setSoTimeout(200);
            assertThrows(SocketTimeoutException.class, () -> ask(client, relay, "lost"));
            assertEquals(1, relay.count(Relay.Way.TO_SERVER, Relay.Fate.BLACKHOLED));
            relay.set(Relay.Way.TO_SERVER, Conditions.NONE);
            client.setSoTimeout(20_000);
            assertTrue(ask(client, relay, "back").endsWith("back"));
        }
    }

    /// A connection through `relay`: our end and the server's.
    private static Socket[] connection(ServerSocket server, Relay relay) throws IOException {
        Socket client = new Socket();
        client.setSendBufferSize(8 * 1024);
        client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), relay.port()));
        return new Socket[] {client, server.accept()};
    }

    @Test
    void tcpIsCarriedWholeLaterAndSlower() throws Exception {
        byte[] bytes = new byte[200_000];
        new java.util.Random(1).nextBytes(bytes);
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                Relay relay = new Relay(server.getLocalPort(), 1)) {
            relay.both(Conditions.NONE.delayMillis(20).jitterMillis(20).rate(4_000_000, 10_000));
            Socket[] ends = connection(server, relay);
            long start = System.nanoTime();
            CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(() -> readAll(ends[1]));
            ends[0].getOutputStream().write(bytes);
            ends[0].shutdownOutput();
            assertArrayEquals(bytes, received.get());
            assertTrue(System.nanoTime() - start >= 400 * MILLI, "200 kB at 4 Mbit/s take 0.4 s");
            ends[1].getOutputStream().write(7);
            ends[1].close();
            assertArrayEquals(new byte[] {7}, readAll(ends[0]), "the other direction stayed open");
            ends[0].close();
        }
    }

    private static byte[] readAll(Socket socket) {
        try {
            return socket.getInputStream().readAllBytes();
        } catch (IOException e) {
            return e.toString().getBytes(UTF_8);
        }
    }

    @Test
    void aStalledReceiverClosesTheWindowAndAHalfClosedConnectionStillSpeaks() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                Relay relay = new Relay(server.getLocalPort(), 1)) {
            Socket[] ends = connection(server, relay);
            relay.set(Relay.Way.TO_SERVER, Conditions.NONE.stalled(true));
            byte[] much = new byte[4 << 20];
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                try {
                    ends[0].getOutputStream().write(much);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            ends[1].setSoTimeout(300);
            InputStream in = ends[1].getInputStream();
            assertThrows(SocketTimeoutException.class, () -> in.readNBytes(much.length));
            assertFalse(sent.isDone());
            relay.set(Relay.Way.TO_SERVER, Conditions.NONE);
            ends[1].setSoTimeout(20_000);
            in.readNBytes(much.length / 2);
            relay.halfClose(Relay.Way.TO_SERVER);
            in.readAllBytes();
            ends[1].getOutputStream().write(5);
            assertEquals(5, ends[0].getInputStream().read());
            assertEquals(1, relay.connections());
            relay.resetConnections();
            // Whoever of writer and reader asks the system first is told of the reset, the other only of the end. What
            // fits into the system's buffers is written without a reader.
            boolean writerWasTold = sent.handle((_, failure) -> failure != null).join();
            if (!writerWasTold) {
                assertThrows(
                        SocketException.class, () -> ends[0].getInputStream().read());
            }
            assertEquals(0, relay.connections());
        }
    }
}
