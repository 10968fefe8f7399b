package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SentPacketsTest {
    private static final long SECOND = 1_000_000_000L;

    private final SentPackets sent = new SentPackets();

    /// As many as there is room for or as were sent within the time that counts are found, and nothing older is taken
    /// for one of them.
    private void assertRemembers(int perSecond) {
        int count = 5 * perSecond;
        for (int i = 0; i < count; i++) {
            long nanos = i * SECOND / perSecond;
            assertEquals(i & 0xFFFF, sent.nextNumber());
            sent.add(100 + i % 1_000, i % 7, nanos);
            long young = Math.min(SentPackets.MAX_NANOS * perSecond / SECOND, SentPackets.MAX_PACKETS) - 2;
            for (int back : new int[] {0, 1, 200, (int) young / 2, (int) young}) {
                long packet = sent.find(i - back & 0xFFFF);
                if (back <= i && back <= young) {
                    assertEquals(i - back, packet);
                }
                if (packet >= 0) {
                    assertEquals(100 + packet % 1_000, sent.bytes(packet));
                    assertEquals(packet % 7, sent.probe(packet));
                    assertEquals(packet * SECOND / perSecond, sent.sentNanos(packet));
                }
            }
            assertEquals(-1, sent.find(i + 1 & 0xFFFF), "not sent yet");
        }
    }

    @Test
    void theLastSecondsOfAUsualStreamAreRemembered() {
        assertRemembers(260);
    }

    @Test
    void aFastStreamHasRoomUntilTheLimit() {
        assertRemembers(4_000);
    }
}
