package tapedeck.protocol.webrtc.ice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.settings.Announced;

/// What peers are told, and how it is ranked.
class AddressesTest {
    private static final InetAddress AWAY = InetAddress.ofLiteral("198.51.100.20");

    private static List<String> candidates(List<String> announced, List<InetSocketAddress> mapped, InetAddress peer) {
        return new Addresses(Announced.parse(announced), () -> mapped)
                .candidates(peer, 8189).stream().map(Candidate::toString).toList();
    }

    @Test
    void announcedAddressesStandAloneInTheirOrderAndUdpComesFirst() {
        assertEquals(
                List.of(
                        "1 1 udp 2130706431 203.0.113.7 8189 typ host",
                        "2 1 udp 2130706175 2001:db8:0:0:0:0:0:1 8189 typ host",
                        "3 1 tcp 1520435199 203.0.113.7 8189 typ host tcptype passive",
                        "4 1 tcp 1520434943 2001:db8:0:0:0:0:0:1 8189 typ host tcptype passive"),
                candidates(List.of("203.0.113.7", "2001:db8::1"), List.of(), AWAY));
    }

    @Test
    void whatAStunServerSaysComesBeforeTheMachinesOwnAddresses() {
        InetSocketAddress same = new InetSocketAddress("203.0.113.7", 8189);
        List<String> told = candidates(List.of("stun:stun.example.org"), List.of(same), AWAY);
        assertEquals("1 1 udp 2130706431 203.0.113.7 8189 typ host", told.getFirst());
        assertTrue(
                told.contains((told.size() / 2 + 1) + " 1 tcp 1520435199 203.0.113.7 8189 typ host tcptype passive"));
        InetSocketAddress other = new InetSocketAddress("203.0.113.7", 9000);
        List<String> mapped = candidates(List.of("stun:stun.example.org"), List.of(other), AWAY);
        assertEquals("1 1 udp 2130706431 203.0.113.7 9000 typ host", mapped.getFirst());
        assertTrue(mapped.stream().noneMatch(c -> c.contains(" tcp ") && c.contains("203.0.113.7")));
    }

    @Test
    void onlyPeersOnThisMachineAreToldOfLoopback() {
        List<String> here = candidates(List.of(), List.of(), InetAddress.ofLiteral("127.0.0.1"));
        assertTrue(here.stream().anyMatch(c -> c.contains(" udp ") && c.contains(" 127.0.0.1 8189")), here.toString());
        assertTrue(here.stream().anyMatch(c -> c.contains(" tcp ") && c.contains(" 127.0.0.1 8189")), here.toString());
        List<String> six = candidates(List.of(), List.of(), InetAddress.ofLiteral("::1"));
        assertTrue(
                six.stream().anyMatch(c -> c.contains(" udp ") && c.contains(" 0:0:0:0:0:0:0:1 8189")), six.toString());
        assertTrue(candidates(List.of("203.0.113.7"), List.of(), InetAddress.getLoopbackAddress()).stream()
                .noneMatch(c -> c.contains("127.0.0.1")));
    }

    /// RFC 8445 5.1.2 and 6.1.2.3 by hand; RFC 6544 4.2: a passive host candidate has direction preference 4.
    @Test
    void prioritiesAreThoseOfTheRfcs() {
        assertEquals(126L * (1 << 24) + 65_535L * 256 + 255, Priority.udpHost(0));
        assertEquals(Priority.udpHost(0) - 256, Priority.udpHost(1));
        assertEquals(90L * (1 << 24) + (4L * 8_192 + 8_191) * 256 + 255, Priority.tcpHost(0));
        assertTrue(Priority.tcpHost(0) < Priority.udpHost(60_000));
        assertEquals((1L << 32) * 100 + 2 * 200, Priority.ofPair(100, 200));
        assertEquals((1L << 32) * 100 + 2 * 200 + 1, Priority.ofPair(200, 100));
        assertEquals((1L << 32) * 100 + 2 * 100, Priority.ofPair(100, 100));
        long udp = Priority.ofPair(0x7FFF_FFFFL, Priority.udpHost(0));
        assertTrue(udp > 0 && udp > Priority.ofPair(0x7FFF_FFFFL, Priority.tcpHost(0)));
    }
}
