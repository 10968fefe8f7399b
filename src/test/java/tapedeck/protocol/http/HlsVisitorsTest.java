package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tapedeck.stream.StreamName;

class HlsVisitorsTest {
    private static final StreamName NAME = new StreamName("a");

    private long nanos;

    @Test
    void beyondTheBoundOnlyWhoHasNotBeenThereForLongestIsForgotten() {
        HlsVisitors visitors = new HlsVisitors(() -> nanos);
        String watching = visitors.admit(NAME);
        String eldest = visitors.admit(NAME);
        for (int i = 2; i < HlsVisitors.MAX_VISITORS; i++) {
            visitors.admit(NAME);
        }
        assertTrue(visitors.isKnown(watching, NAME));
        String newest = visitors.admit(NAME);
        assertEquals(HlsVisitors.MAX_VISITORS, visitors.size());
        assertFalse(visitors.isKnown(eldest, NAME));
        assertTrue(visitors.isKnown(watching, NAME));
        assertTrue(visitors.isKnown(newest, NAME));
    }

    @Test
    void whoHasBeenAwayIsAskedAgainAndOtherStreamsAreNotForThem() {
        HlsVisitors visitors = new HlsVisitors(() -> nanos);
        String id = visitors.admit(NAME);
        assertFalse(visitors.isKnown(id, new StreamName("b")));
        nanos += HlsVisitors.IDLE_NANOS;
        assertTrue(visitors.isKnown(id, NAME));
        nanos += HlsVisitors.IDLE_NANOS + 1;
        assertFalse(visitors.isKnown(id, NAME));
    }
}
