package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MomentTest {
    private static final long SECOND = 1_000_000_000L;

    private static double seconds(long media, long machine) {
        return new Moment(5 * SECOND + media * SECOND, 9 * SECOND + machine * SECOND)
                .secondsSince(new Moment(5 * SECOND, 9 * SECOND));
    }

    @Test
    void theSlowerClockCounts() {
        assertEquals(1, seconds(1, 4));
        assertEquals(1, seconds(3, 1));
    }

    @Test
    void mediaThatStandStillAreNoExcuse() {
        assertEquals(Moment.MAX_BUSY_SECONDS + 1, seconds(0, (long) Moment.MAX_BUSY_SECONDS + 1));
    }
}
