package tapedeck.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnnouncedTest {
    @Test
    void addressesAndStunServersMayBeMixed() {
        Announced announced = Announced.parse(List.of(
                "203.0.113.7", "2001:db8::1", "stun:stun.example.org", "STUN:[::1]:3479", "stun:192.0.2.1:19302"));
        assertEquals(
                List.of(InetAddress.ofLiteral("203.0.113.7"), InetAddress.ofLiteral("2001:db8::1")),
                announced.addresses());
        assertEquals(
                "[stun:stun.example.org:3478, stun:[::1]:3479, stun:192.0.2.1:19302]",
                announced.stunServers().toString());
    }

    @Test
    void whatIsNeitherIsRefusedInWords() {
        for (String wrong : List.of(
                "media.example.org",
                "1.2.3.4:8189",
                "stun:",
                "stun:host:0",
                "stun:host:65536",
                "stun:host:1:2",
                "stuns:host",
                "stun:[::1",
                "300.1.1.1")) {
            assertThrows(IllegalArgumentException.class, () -> Announced.parse(List.of(wrong)), wrong);
        }
    }
}
