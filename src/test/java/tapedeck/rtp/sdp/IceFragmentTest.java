package tapedeck.rtp.sdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.MalformedException;

class IceFragmentTest {
    /// The example of RFC 8840 9.2, in the form that browsers send.
    private static final String EXAMPLE = """
            a=ice-options:trickle ice2
            a=group:BUNDLE 0 1
            m=audio 9 UDP/TLS/RTP/SAVPF 111
            a=mid:0
            a=ice-ufrag:EsAw
            a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
            a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1
            a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 network-id 1
            a=end-of-candidates
            """;

    @Test
    void credentialsAndCandidatesAreReadWhereverTheyStand() {
        IceFragment fragment = IceFragment.parse(EXAMPLE.replace("\n", "\r\n"));
        assertEquals("EsAw", fragment.ufrag());
        assertEquals("P2uYro0UCOQ4zxjKXaWCBui1", fragment.password());
        assertEquals(2, fragment.candidates().size());
        assertEquals("active", fragment.candidates().get(1).tcpType());
        assertEquals("", IceFragment.parse("a=end-of-candidates\r\n").ufrag());
        assertEquals("", IceFragment.parse("").ufrag(), "nothing new");
    }

    @Test
    void everyLimitHolds() {
        String candidate = "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\n";
        assertEquals(
                IceFragment.MAX_CANDIDATES,
                IceFragment.parse(candidate.repeat(IceFragment.MAX_CANDIDATES))
                        .candidates()
                        .size());
        assertThrows(
                MalformedException.class, () -> IceFragment.parse(candidate.repeat(IceFragment.MAX_CANDIDATES + 1)));
        assertThrows(MalformedException.class, () -> IceFragment.parse(" ".repeat(IceFragment.MAX_CHARACTERS + 1)));
        assertThrows(MalformedException.class, () -> IceFragment.parse("a=ice-ufrag:abc\na=ice-pwd:" + "x".repeat(22)));
        assertThrows(
                MalformedException.class, () -> IceFragment.parse("a=ice-ufrag:abcd\na=ice-pwd:" + "x".repeat(21)));
    }

    @Test
    void cutAndChangedFragmentsAreReadOrRefused() {
        for (int length = 0; length <= EXAMPLE.length(); length++) {
            parse(EXAMPLE.substring(0, length));
        }
        Random random = new Random(8840);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        int read = 0;
        for (int run = 0; run < 1_000 || System.nanoTime() < deadline; run++) {
            StringBuilder mutated = new StringBuilder(EXAMPLE);
            for (int change = random.nextInt(1, 6); change > 0; change--) {
                mutated.setCharAt(random.nextInt(mutated.length()), (char) random.nextInt(1, 0x180));
            }
            read += parse(mutated.toString());
        }
        assertTrue(read > 0, "some changes do no harm");
    }

    private static int parse(String text) {
        try {
            IceFragment.parse(text);
            return 1;
        } catch (MalformedException e) {
            return 0;
        }
    }
}
