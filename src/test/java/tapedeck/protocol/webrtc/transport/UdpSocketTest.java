package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.net.BoundPorts;
import tapedeck.peers.Await;

@Timeout(60)
class UdpSocketTest {
    private static final int DATAGRAM_BYTES = 1_200;
    /// What the kernel counts for one of that size: its own head, and room in powers of two.
    private static final int COUNTED_BYTES = 2_304;

    /// A pause of the whole server, as by its garbage collector.
    @Test
    void whatComesWhileNobodyReadsWaitsInTheSocket() throws Exception {
        BoundPorts ports = new BoundPorts();
        try (PortHouse house = new PortHouse();
                DatagramSocket sender = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            house.port.countersTo(ports);
            int fits = Math.min(house.port.receiveBufferBytes() / COUNTED_BYTES, 8_000) * 9 / 10;
            CountDownLatch away = new CountDownLatch(1);
            CountDownLatch back = new CountDownLatch(1);
            house.port.execute(() -> {
                away.countDown();
                try {
                    assertTrue(back.await(30, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            away.await();
            byte[] nobodys = new byte[DATAGRAM_BYTES];
            nobodys[0] = (byte) 0x80;
            for (int i = 0; i < fits; i++) {
                sender.send(new DatagramPacket(nobodys, nobodys.length, PortHouse.LOOPBACK, house.port.port()));
            }
            back.countDown();
            Await.await("all came", () -> house.statistics().junk() == fits);
            assertEquals(0, SocketDrops.of(house.port.port()));
            Map<String, Long> counted = ports.counters().stream()
                    .collect(Collectors.toMap(
                            BoundPorts.Counter::name,
                            counter -> counter.number().getAsLong()));
            assertEquals(fits, counted.get("tapedeck.webrtc.datagrams.junk"));
            assertEquals(fits, counted.get("tapedeck.webrtc.datagrams.received"));
            long turns = counted.get("tapedeck.webrtc.reads");
            assertTrue(turns >= 1 && turns < fits / 10, fits + " datagrams were read in " + turns + " turns");
        }
    }
}
