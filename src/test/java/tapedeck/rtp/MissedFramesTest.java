package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MissedFramesTest {
    private static final long STEP = 33_333_333;

    private final MissedFrames missed = new MissedFrames();

    private void frames(int from, int to, long missing, long lost) {
        for (int i = from; i < to; i++) {
            missed.frame(i * STEP, missing, lost);
        }
    }

    @Test
    void whatWasLostWholeIsCountedByItsTime() {
        frames(0, 30, 0, 0);
        // One loss of 14 packets, of which nothing more is known than that it was at least one frame: ten.
        frames(40, 60, 1, 14);
        assertEquals(10, missed.total());
        // Three that came and could not be decoded, and nothing else.
        frames(63, 70, 4, 15);
        assertEquals(13, missed.total());
    }

    @Test
    void aPauseIsNoLoss() {
        frames(0, 30, 0, 0);
        frames(300, 330, 0, 0);
        assertEquals(0, missed.total());
        // One packet lost in a pause of ten seconds was one frame at most, beside the one that is known.
        frames(630, 640, 1, 1);
        assertEquals(2, missed.total());
    }

    @Test
    void whatIsKnownCountsAtLeast() {
        missed.frame(0, 7, 3);
        assertEquals(0, missed.total(), "before the first one");
        missed.frame(STEP, 9, 5);
        assertEquals(2, missed.total());
        missed.end(10);
        missed.end(10);
        assertEquals(3, missed.total());
    }
}
