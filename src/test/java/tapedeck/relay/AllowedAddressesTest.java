package tapedeck.relay;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tapedeck.net.tls.ClientTls;
import tapedeck.settings.SettingsException;

class AllowedAddressesTest {
    private static final List<String> REFUSED = List.of(
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "198.19.0.1",
            "224.0.0.1",
            "239.255.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            // The same hosts in other clothes.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:c0a8:101::",
            "2001:0:1::1");

    private static final List<String> ALLOWED = List.of(
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1");

    private static AllowedAddresses with(String... items) throws SettingsException {
        return AllowedAddresses.of(List.of(items));
    }

    @Test
    void onlyPublicAddressesAreAllowedByDefault() throws Exception {
        AllowedAddresses none = with();
        for (String address : REFUSED) {
            RelayRefusedException refused = assertThrows(
                    RelayRefusedException.class, () -> none.check(InetAddress.ofLiteral(address)), address);
            assertTrue(refused.getMessage().contains("pull_allow"), refused.getMessage());
        }
        for (String address : ALLOWED) {
            assertDoesNotThrow(() -> none.check(InetAddress.ofLiteral(address)), address);
        }
    }

    @Test
    void theSettingAllowsMore() throws Exception {
        AllowedAddresses some = with("192.168.1.0/24", "loopback", "fd00::/8");
        for (String address :
                List.of("192.168.1.7", "127.0.0.1", "::1", "fd01::1", "::ffff:192.168.1.7", "64:ff9b::192.168.1.7")) {
            assertDoesNotThrow(() -> some.check(InetAddress.ofLiteral(address)), address);
        }
        for (String address : List.of("192.168.2.7", "10.0.0.1", "fc01::1", "fe80::1")) {
            assertThrows(RelayRefusedException.class, () -> some.check(InetAddress.ofLiteral(address)), address);
        }
        AllowedAddresses all = with("all");
        for (String address : REFUSED) {
            assertDoesNotThrow(() -> all.check(InetAddress.ofLiteral(address)), address);
        }
        SettingsException wrong = assertThrows(SettingsException.class, () -> with("10.0.0.0/33"));
        assertTrue(wrong.getMessage().startsWith("pull_allow=10.0.0.0/33"), wrong.getMessage());
    }

    private static RelayTarget target(RelayNetwork network, String address) throws IOException {
        return network.target(RelayAddress.parse(address), Map.of(), 0);
    }

    /// The address that was checked is the one that is connected to, however the host was written.
    @Test
    void otherSpellingsOfAnAddressHelpNobody() throws Exception {
        RelayNetwork network = new RelayNetwork(with(), ClientTls.of(""), InetAddress::getAllByName);
        for (String host : List.of(
                "127.1",
                "2130706433",
                "0x7f000001",
                "0x7f.1",
                "017700000001",
                "127.0.1",
                "0",
                "[::ffff:7f00:1]",
                "[0:0:0:0:0:0:0:1]",
                "localhost",
                "LOCALHOST.",
                "[::127.0.0.1]")) {
            assertThrows(IOException.class, () -> target(network, "rtmp://" + host + "/live/a"), host);
        }
    }

    @Test
    void ofAHostWithSeveralAddressesAnAllowedOneIsTaken() throws Exception {
        RelayNetwork network = new RelayNetwork(with(), ClientTls.of(""), host -> switch (host) {
            case "mixed" -> new InetAddress[] {InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("1.1.1.1")};
            case "inside" -> new InetAddress[] {InetAddress.ofLiteral("10.0.0.1")};
            default -> throw new UnknownHostException(host);
        });
        RelayTarget mixed = target(network, "rtsp://mixed/a");
        assertEquals("1.1.1.1", mixed.address().getAddress().getHostAddress());
        assertEquals(554, mixed.address().getPort());
        assertThrows(RelayRefusedException.class, () -> target(network, "rtsp://inside/a"));
        IOException unknown = assertThrows(IOException.class, () -> target(network, "rtsp://nowhere/a"));
        assertEquals("unknown host nowhere", unknown.getMessage());
        assertThrows(RelayRefusedException.class, () -> target(network, "udp://mixed"), "no port");
    }

    @Test
    void aRedirectIsCheckedLikeTheFirstAddress() throws Exception {
        RelayNetwork network = new RelayNetwork(with(), ClientTls.of(""), InetAddress::getAllByName);
        RelayTarget first = target(network, "http://u:p@1.1.1.1/a");
        assertEquals("u", first.redirected("/b").login().orElseThrow().user());
        assertTrue(first.redirected("http://1.0.0.1/b").login().isEmpty(), "another host gets no password");
        assertTrue(first.redirected("https://1.1.1.1/b").login().isEmpty(), "nor another port");
        assertEquals("https://1.0.0.1/b", first.redirected("https://1.0.0.1/b").toString());
        for (String inside : List.of(
                "http://127.0.0.1/",
                "//169.254.169.254/latest",
                "file:///etc/passwd",
                "rtsp://1.1.1.1/",
                "udp://1.1.1.1:1")) {
            assertThrows(RelayRefusedException.class, () -> first.redirected(inside), inside);
        }
        RelayTarget next = first;
        for (int i = 0; i < RelayTarget.MAX_REDIRECTS; i++) {
            next = next.redirected("/" + i);
        }
        RelayTarget last = next;
        assertThrows(IOException.class, () -> last.redirected("/again"));
    }
}
