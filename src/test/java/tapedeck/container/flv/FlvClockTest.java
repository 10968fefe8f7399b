package tapedeck.container.flv;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FlvClockTest {
    private static final long HOUR = 3_600_000;

    private final FlvClock clock = new FlvClock();
    private final FlvClock.Line video = new FlvClock.Line();
    private final FlvClock.Line audio = new FlvClock.Line();

    private long video(long timestampMillis) {
        return clock.millis(video, (int) timestampMillis);
    }

    private long audio(long timestampMillis) {
        return clock.millis(audio, (int) timestampMillis);
    }

    @Test
    void timeBeginsWithTheFirstMediaAndTheOtherTrackMayBeEarlier() {
        assertEquals(0, video(10_000));
        assertEquals(-23, audio(9_977));
        assertEquals(0, audio(10_000));
        assertEquals(40, video(10_040));
    }

    @Test
    void timestampsWrapAtThirtyTwoBits() {
        assertEquals(0, video(0xFFFFFFF0L));
        assertEquals(40, video(0xFFFFFFF0L + 40));
        assertEquals(20, audio(0xFFFFFFF0L + 20));
        assertEquals(80, video(0xFFFFFFF0L + 80));
    }

    @Test
    void theSignBitIsCrossedWhetherThePublisherWritesItOrNot() {
        long edge = 0x7FFFFFF0L;
        assertEquals(0, video(edge));
        assertEquals(40, video(edge + 40));
        assertEquals(50, audio(edge + 50));
        assertEquals(80, video(edge + 80));
        FlvClock masked = new FlvClock();
        FlvClock.Line line = new FlvClock.Line();
        assertEquals(0, masked.millis(line, (int) edge));
        assertEquals(40, masked.millis(line, (int) (edge + 40 & 0x7FFFFFFF)));
        assertEquals(80, masked.millis(line, (int) (edge + 80 & 0x7FFFFFFF)));
    }

    @Test
    void aSmallStepBackMovesTheFrameBehindItsPredecessor() {
        video(0);
        assertEquals(40, video(40));
        assertEquals(41, video(20));
        assertEquals(80, video(80));
        assertEquals(80, video(80));
    }

    @Test
    void aClockThatIsSetBackGoesOnOneFrameLaterInBothTracks() {
        for (int i = 0; i < 100; i++) {
            assertEquals(i * 40L, video(100_000 + i * 40L));
            assertEquals(i * 40L + 10, audio(100_000 + i * 40L + 10));
        }
        // Ten seconds back. The sound follows one frame later and keeps its distance of 10 ms.
        assertEquals(4_000, video(90_000));
        assertEquals(4_010, audio(104_010));
        assertEquals(4_040, video(90_040));
        assertEquals(4_050, audio(90_050));
        assertEquals(4_080, video(90_080));
        assertEquals(4_090, audio(90_090));
    }

    @Test
    void aJumpForwardByHoursGoesOnOneFrameLaterInBothTracks() {
        for (int i = 0; i < 100; i++) {
            video(i * 40L);
            audio(i * 40L + 10);
        }
        // The sound jumps first this time.
        assertEquals(4_010, audio(3 * HOUR + 4_010));
        assertEquals(4_000, video(4_000));
        assertEquals(4_050, audio(3 * HOUR + 4_050));
        assertEquals(4_040, video(3 * HOUR + 4_040));
        assertEquals(4_080, video(3 * HOUR + 4_080));
    }

    @Test
    void aPauseOfThePublisherIsKept() {
        video(0);
        audio(0);
        assertEquals(25_000, video(25_000));
        assertEquals(25_010, audio(25_010));
    }

    @Test
    void aTrackThatWasSilentForAnHourComesBackInStep() {
        video(0);
        audio(0);
        for (int second = 1; second <= 3600; second++) {
            assertEquals(second * 1000L, video(second * 1000L));
        }
        assertEquals(HOUR + 10, audio(HOUR + 10));
    }

    @Test
    void aTrackThatBeginsAnywhereBeginsNow() {
        for (int i = 0; i <= 100; i++) {
            video(5 * HOUR + i * 40L);
        }
        assertEquals(4_001, audio(0));
        assertEquals(4_024, audio(23));
        assertEquals(4_040, video(5 * HOUR + 4_040));
    }

    @Test
    void aTrackThatBeginsEightSecondsLateKeepsItsPlace() {
        audio(0);
        for (int i = 1; i <= 400; i++) {
            audio(i * 20L);
        }
        assertEquals(8_010, video(8_010));
    }
}
