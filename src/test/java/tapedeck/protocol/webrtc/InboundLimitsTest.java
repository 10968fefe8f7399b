package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// What an authentic publisher may not do: flood.
class InboundLimitsTest {
    private static final long SECOND = 1_000_000_000;

    @Test
    void aFloodOfAMinuteIsCutToTheLimitAndTheSenderGoesOn() {
        FloodLimit limit = new FloodLimit();
        long passed = 0;
        long sent = 10 * FloodLimit.MAX_PACKETS_PER_SECOND * 60;
        for (long i = 0; i < sent; i++) {
            passed += limit.admits(100, i * 60 * SECOND / sent) ? 1 : 0;
        }
        assertTrue(passed <= 61 * FloodLimit.MAX_PACKETS_PER_SECOND, passed + " passed");
        assertTrue(passed >= 60 * FloodLimit.MAX_PACKETS_PER_SECOND, passed + " passed");
        assertEquals(sent - passed, limit.dropped());
        assertTrue(limit.admits(1_200, 62 * SECOND));
    }

    @Test
    void bytesAreLimitedToo() {
        FloodLimit limit = new FloodLimit();
        long bytes = 0;
        for (int i = 0; i < 70_000; i++) {
            bytes += limit.admits(1_500, i * SECOND / 7_000) ? 1_500 : 0;
        }
        assertTrue(bytes <= 11 * FloodLimit.MAX_BITS_PER_SECOND / 8, bytes + " bytes");
    }

    @Test
    void aFourKPictureWithItsKeyframesPasses() {
        FloodLimit limit = new FloodLimit();
        for (int second = 0; second < 10; second++) {
            // 30 Mbit/s, of which a third in one burst.
            for (int i = 0; i < 3_000; i++) {
                long nanos = second * SECOND + (i < 1_000 ? 0 : (i - 1_000) * SECOND / 2_000);
                assertTrue(limit.admits(1_250, nanos));
            }
        }
    }
}
