package tapedeck.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class BackoffTest {
    @Test
    void theWaitGrowsFromOneSecondToThirty() {
        Random random = new Random(1);
        TreeSet<Long> firsts = new TreeSet<>();
        for (int run = 0; run < 100; run++) {
            Backoff backoff = new Backoff(random);
            for (long seconds : new long[] {1, 2, 4, 8, 16, 30, 30, 30}) {
                long nanos = backoff.nextNanos();
                long base = seconds * 1_000_000_000L;
                assertTrue(nanos >= base && nanos <= Math.min(base * 1.25, 30e9), nanos + " for " + seconds);
                if (seconds == 1) {
                    firsts.add(nanos);
                }
            }
            backoff.reset();
            assertTrue(backoff.nextNanos() < 2_000_000_000L);
            backoff.longest();
            assertEquals(Backoff.LONGEST_NANOS, backoff.nextNanos());
        }
        assertTrue(firsts.size() > 90, "by chance");
    }
}
