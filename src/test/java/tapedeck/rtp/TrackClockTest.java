package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.rtp.LossyLink.MILLI;

import org.junit.jupiter.api.Test;

class TrackClockTest {
    /// Its report is the first that was in time: it was captured before what is time 0 by now.
    @Test
    void whoIsPlacedLaterIsNotBeforeTimeZero() {
        PeerClock clock = new PeerClock(100 * MILLI);
        TrackClock first = clock.track(90_000, true);
        TrackClock later = clock.track(48_000, false);
        first.arrived(0, 130 * MILLI);
        first.report(0, 0, clock.report(0, 130 * MILLI));
        assertTrue(clock.ready(600 * MILLI));
        assertEquals(30 * MILLI, first.streamNanos(0, 130 * MILLI));
        later.arrived(0, 610 * MILLI);
        later.report(0, 0, clock.report(0, 30 * MILLI));
        assertEquals(0, later.streamNanos(0, 610 * MILLI));
        later.arrived(960, 630 * MILLI);
        assertTrue(later.streamNanos(960, 630 * MILLI) > 19 * MILLI);
    }
}
