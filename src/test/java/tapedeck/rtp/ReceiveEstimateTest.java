package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// A sender that obeys, behind a way that carries only so much and queues what is more.
class ReceiveEstimateTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000_000_000;
    private static final int PACKET_BYTES = 1_200;

    private static final class Sender {
        private final ReceiveEstimate estimate = new ReceiveEstimate();
        private final Random random = new Random(1);
        private final boolean sendTimes;
        private long limit = ReceiveEstimate.MAX_BITS_PER_SECOND;
        private long now = SECOND;
        private long freeAt;
        private long worstQueue;
        private long reportedAt = now;
        private long lost;

        private Sender(boolean sendTimes) {
            this.sendTimes = sendTimes;
        }

        /// @param wants what the sender would like to send
        private void run(long nanos, long wants, long carries, double loss) {
            worstQueue = 0;
            for (long end = now + nanos; now < end; ) {
                now += PACKET_BYTES * 8L * SECOND / Math.min(wants, limit);
                long leaves = Math.max(now, freeAt) + PACKET_BYTES * 8L * SECOND / carries;
                worstQueue = Math.max(worstQueue, leaves - now);
                // Half a second of queue, as routers have it.
                if (leaves - now > SECOND / 2 || random.nextDouble() < loss) {
                    lost++;
                } else {
                    freeAt = leaves;
                    long arrival = leaves + 20 * MILLI + random.nextLong(5 * MILLI);
                    if (sendTimes) {
                        estimate.received(PACKET_BYTES, (int) ((now << 18) / SECOND & 0xFF_FFFF), arrival);
                    } else {
                        estimate.received(PACKET_BYTES, now / 1000 * 90 / 1000 & 0xFFFF_FFFFL, 90_000, arrival);
                    }
                }
                if (now - reportedAt >= (estimate.urgent() ? SECOND / 5 : SECOND)) {
                    reportedAt = now;
                    limit = estimate.limit(lost, now);
                    lost = 0;
                }
            }
        }
    }

    @Test
    void aFreeWayIsNotLimited() {
        Sender sender = new Sender(true);
        sender.run(30 * SECOND, 4_000_000, 50_000_000, 0.01);
        assertEquals(ReceiveEstimate.MAX_BITS_PER_SECOND, sender.limit);
    }

    @Test
    void aNarrowWayIsFilledAndItsQueueStaysShort() {
        for (boolean times : new boolean[] {true, false}) {
            var narrow = new Sender(times);
            narrow.run(5 * SECOND, 2_500_000, 10_000_000, 0);
            narrow.run(5 * SECOND, 2_500_000, 500_000, 0);
            assertTrue(narrow.limit < 600_000, "yields within five seconds: " + narrow.limit);
            narrow.run(60 * SECOND, 2_500_000, 500_000, 0);
            assertTrue(narrow.limit > 300_000 && narrow.limit < 650_000, "stays: " + narrow.limit);
            assertTrue(narrow.worstQueue < 450 * MILLI, "queue of ms " + narrow.worstQueue / MILLI);
            narrow.run(40 * SECOND, 2_500_000, 10_000_000, 0);
            assertTrue(narrow.limit > 2_500_000, "climbs again: " + narrow.limit);
        }
    }

    @Test
    void muchLossIsYieldedTo() {
        Sender sender = new Sender(true);
        sender.run(5 * SECOND, 2_500_000, 50_000_000, 0);
        sender.run(20 * SECOND, 2_500_000, 50_000_000, 0.25);
        assertTrue(sender.limit < 1_000_000, "limit " + sender.limit);
        assertTrue(sender.limit >= ReceiveEstimate.MIN_BITS_PER_SECOND);
    }
}
