package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.stream.Item;
import tapedeck.stream.StreamName;

class FanOutTest {
    private static final long SECOND = 1_000_000_000L;

    private static Item.Message message(int bytes) {
        return new Item.Message("chat", "", "me", false, 0, Bytes.wrap(new byte[bytes]));
    }

    @Test
    void whatIsSaidToManyIsBoundedAndComesBackWithTime() {
        FanOut fanOut = new FanOut(new StreamName("a"), SECOND);
        Item.Message large = message(65_536 - FanOut.MESSAGE_BYTES);
        int taken = 0;
        while (fanOut.take(large, 300, SECOND)) {
            taken++;
        }
        assertEquals(FanOut.BYTES_AT_ONCE / (300L * 65_536), taken);
        assertTrue(fanOut.take(message(10), 300, SECOND), "there is room for a short one");
        assertTrue(fanOut.take(large, 1, SECOND));
        assertFalse(fanOut.take(large, 300, SECOND));
        assertTrue(fanOut.take(large, 300, 2 * SECOND));
    }

    @Test
    void chatOfThreeHundredPassesEasily() {
        FanOut fanOut = new FanOut(new StreamName("a"), SECOND);
        for (int i = 0; i < 10_000; i++) {
            assertTrue(fanOut.take(message(100), 300, SECOND + i * SECOND / 300), "message " + i);
        }
    }
}
