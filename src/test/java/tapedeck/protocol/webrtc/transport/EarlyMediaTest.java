package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EarlyMediaTest {
    private final EarlyMedia.Room room = new EarlyMedia.Room();
    private final EarlyMedia early = new EarlyMedia(room);
    private final List<String> received = new ArrayList<>();

    @Test
    void packetsComeOutOnceInOrderThoughTheSocketReusesItsArray() {
        byte[] socket = new byte[8];
        for (int i = 0; i < 3; i++) {
            socket[0] = (byte) i;
            assertTrue(early.keep(socket, 1 + i, 100 + i));
        }
        early.release(this::note);
        early.release(this::note);
        assertEquals(List.of("0/1@100", "1/2@101", "2/3@102"), received);
    }

    @Test
    void noMoreThanTwoSecondsAreKept() {
        for (int i = 0; i < EarlyMedia.MAX_PACKETS; i++) {
            assertTrue(early.keep(new byte[1], 1, i));
        }
        assertFalse(early.keep(new byte[1], 1, 99));
        early.clear();
        early.release(this::note);
        assertEquals(List.of(), received);
    }

    @Test
    void sessionsShareWhatIsBeyondAKeyframeEach() {
        int large = 1 << 20;
        for (int i = 0; i < EarlyMedia.OWN_PACKETS + EarlyMedia.SHARED_BYTES / large; i++) {
            assertTrue(early.keep(new byte[large], large, i));
        }
        assertFalse(early.keep(new byte[large], large, 99));
        EarlyMedia other = new EarlyMedia(room);
        for (int i = 0; i < EarlyMedia.OWN_PACKETS; i++) {
            assertTrue(other.keep(new byte[1], 1, i));
        }
        assertFalse(other.keep(new byte[1], 1, 99));
        early.clear();
        early.clear();
        assertTrue(other.keep(new byte[1], 1, 99));
        other.release(this::note);
        assertEquals(EarlyMedia.OWN_PACKETS + 1, received.size());
    }

    private void note(byte[] packet, int length, long arrivalNanos) {
        received.add("%d/%d@%d".formatted(packet[0], length, arrivalNanos));
    }
}
