package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import org.junit.jupiter.api.Test;
import tapedeck.peers.Await;

class SocketDropsTest {
    @Test
    void theKernelsTableIsRead() {
        String line =
                " 1234: 00000000000000000000000000000000:1FFD 00000000000000000000000000000000:0000 07 00000000:00000000"
                        + " 00:00000000 00000000     0        0 98765 2 0000000000000000 421";
        assertEquals(421, SocketDrops.ofLine(line, 8189));
        assertEquals(0, SocketDrops.ofLine(line, 8190));
        assertEquals(0, SocketDrops.ofLine("  sl  local_address rem_address   st tx_queue rx_queue drops", 8189));
        assertEquals(0, SocketDrops.ofLine("", 8189));
    }

    @Test
    void whatASocketThatNobodyReadsDoesNotHoldIsCounted() throws Exception {
        try (DatagramSocket deaf = new DatagramSocket(0, PortHouse.LOOPBACK);
                DatagramSocket sender = new DatagramSocket(0, PortHouse.LOOPBACK)) {
            deaf.setReceiveBufferSize(4_096);
            int port = deaf.getLocalPort();
            assertEquals(0, SocketDrops.of(port));
            for (int i = 0; i < 200; i++) {
                sender.send(new DatagramPacket(new byte[1_000], 1_000, deaf.getLocalSocketAddress()));
            }
            Await.await("drops", () -> SocketDrops.of(port) > 100);
        }
    }
}
