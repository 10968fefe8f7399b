package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SetupDeadlineTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long LIMIT = RtspLimits.SETUP_NANOS;

    @Test
    void onlyTheFirstThatIsAllowedGivesMoreTime() {
        SetupDeadline deadline = new SetupDeadline(5);
        assertFalse(deadline.isOver(5 + LIMIT));
        assertTrue(deadline.isOver(6 + LIMIT));
        deadline.allowed(20 * SECOND);
        assertFalse(deadline.isOver(20 * SECOND + LIMIT));
        deadline.allowed(40 * SECOND);
        assertTrue(deadline.isOver(20 * SECOND + LIMIT + 1));
    }

    @Test
    void whatPlayedMayBeginAgainAndWhatNeverDidMayNot() {
        SetupDeadline deadline = new SetupDeadline(0);
        deadline.again(20 * SECOND);
        assertTrue(deadline.isOver(LIMIT + 1));
        deadline.met();
        assertTrue(deadline.isMet());
        assertFalse(deadline.isOver(100 * LIMIT));
        deadline.again(100 * LIMIT);
        assertFalse(deadline.isOver(101 * LIMIT));
        assertTrue(deadline.isOver(101 * LIMIT + 1));
    }
}
