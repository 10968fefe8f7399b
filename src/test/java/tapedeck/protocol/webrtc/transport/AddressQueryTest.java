package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Await;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.StunMessage;
import tapedeck.protocol.webrtc.ice.StunWriter;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.settings.Announced;

@Timeout(120)
class AddressQueryTest {
    private static final InetSocketAddress MAPPED = new InetSocketAddress("203.0.113.7", 61_000);

    private final PortHouse house = new PortHouse();

    @AfterEach
    void close() {
        house.close();
    }

    /// A STUN server that sees everybody at [#MAPPED], and does not answer the first requests.
    private static final class StunServer implements AutoCloseable {
        private final DatagramSocket socket = new DatagramSocket(0, PortHouse.LOOPBACK);
        private final AtomicInteger requests = new AtomicInteger();
        private final Set<Integer> askedFrom = ConcurrentHashMap.newKeySet();

        StunServer(int silentFor) throws IOException {
            Thread.ofVirtual().start(() -> {
                try {
                    DatagramPacket packet = new DatagramPacket(new byte[2_048], 2_048);
                    while (true) {
                        socket.receive(packet);
                        askedFrom.add(packet.getPort());
                        if (requests.incrementAndGet() > silentFor) {
                            byte[] response = answer(packet);
                            socket.send(new DatagramPacket(response, response.length, packet.getSocketAddress()));
                        }
                    }
                } catch (IOException e) {
                    // Closed.
                }
            });
        }

        private static byte[] answer(DatagramPacket request) {
            StunMessage message = StunMessage.parse(Bytes.wrap(Arrays.copyOf(request.getData(), request.getLength())));
            assertEquals(StunMessage.BINDING_REQUEST, message.type());
            return new StunWriter(StunMessage.BINDING_SUCCESS, message.transactionId())
                    .xorMappedAddress(MAPPED)
                    .toBytes()
                    .toByteArray();
        }

        Announced announced() {
            return Announced.parse(List.of("stun:127.0.0.1:" + socket.getLocalPort()));
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    @Test
    void theServerIsAskedFromThePeersPortUntilItAnswersAndPeersAreToldWhatItSays() throws Exception {
        try (StunServer server = new StunServer(2)) {
            Announced announced = server.announced();
            Supplier<List<InetSocketAddress>> mapped = house.port.ask(announced.stunServers());
            assertEquals(List.of(), mapped.get());
            Await.await("answer", () -> mapped.get().equals(List.of(MAPPED)));
            assertEquals(Set.of(house.port.port()), server.askedFrom);
            List<Candidate> candidates =
                    new Addresses(announced, mapped).candidates(PortHouse.LOOPBACK, house.port.port());
            Candidate first = candidates.getFirst();
            assertEquals("203.0.113.7:61000 host", first.address() + ":" + first.port() + " " + first.type());
            assertTrue(
                    candidates.stream()
                            .noneMatch(c ->
                                    c.transport().equals("tcp") && c.address().equals("203.0.113.7")),
                    "nobody knows where TCP would arrive");
            assertTrue(candidates.stream().anyMatch(c -> c.address().equals("127.0.0.1")), "and the machine's own");
        }
    }

    @Test
    void answersThatWereNotAskedForAreJunk() throws Exception {
        try (StunServer server = new StunServer(1_000)) {
            Supplier<List<InetSocketAddress>> mapped =
                    house.port.ask(server.announced().stunServers());
            Await.await("request", () -> server.requests.get() > 0);
            byte[] forged = new StunWriter(
                            StunMessage.BINDING_SUCCESS, Bytes.wrap(new byte[StunMessage.TRANSACTION_ID_BYTES]))
                    .xorMappedAddress(MAPPED)
                    .toBytes()
                    .toByteArray();
            server.socket.send(new DatagramPacket(
                    forged, forged.length, new InetSocketAddress(PortHouse.LOOPBACK, house.port.port())));
            Await.await("junk", () -> house.statistics().junk() == 1);
            assertEquals(List.of(), mapped.get());
        }
    }
}
