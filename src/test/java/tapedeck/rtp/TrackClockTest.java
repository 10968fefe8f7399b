package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.rtp.LossyLink.MILLI;

import org.junit.jupiter.api.Test;

class TrackClockTest {
    private static final long WAY_NANOS = 30 * MILLI;

    private final PeerClock peer = new PeerClock(100 * MILLI);
    private final TrackClock video = peer.track(90_000, true);
    private final TrackClock audio = peer.track(48_000, false);

    /// A picture captured at this time of the sender's clock comes, and its report.
    private void picture(long capturedMillis, long lateMillis) {
        long arrival = (capturedMillis + lateMillis) * MILLI + WAY_NANOS;
        video.arrived(capturedMillis * 90, arrival);
        video.report(capturedMillis * 90, capturedMillis * MILLI, peer.report(capturedMillis * MILLI, arrival));
    }

    /// A report says of sound that it was captured so much later than it was, and another packet comes.
    private void inexactSound(long capturedMillis, long offMillis) {
        long arrival = capturedMillis * MILLI + WAY_NANOS;
        audio.arrived(capturedMillis * 48, arrival);
        audio.report(
                (capturedMillis - offMillis) * 48,
                capturedMillis * MILLI,
                peer.report(capturedMillis * MILLI, arrival));
        audio.arrived((capturedMillis + 20) * 48, arrival + 20 * MILLI);
    }

    /// Its report is the first that was in time: it was captured before what is time 0 by now.
    @Test
    void whoIsPlacedLaterIsNotBeforeTimeZero() {
        picture(0, 100);
        assertTrue(peer.ready(600 * MILLI));
        assertEquals(30 * MILLI, video.streamNanos(0, 130 * MILLI));
        audio.arrived(0, 610 * MILLI);
        audio.report(0, 0, peer.report(0, 30 * MILLI));
        assertEquals(0, audio.streamNanos(0, 610 * MILLI));
        audio.arrived(960, 630 * MILLI);
        assertTrue(audio.streamNanos(960, 630 * MILLI) > 19 * MILLI);
    }

    /// Sound seems to come 80 ms before it was captured.
    @Test
    void whatIsEarlyAtFirstShowsThatReportsWereLate() {
        picture(0, 0);
        inexactSound(400, 80);
        assertEquals(WAY_NANOS - 80 * MILLI, video.firstCapturedNanos());
    }

    @Test
    void whatIsLessEarlyThanReportsAreExactMovesNothing() {
        picture(0, 0);
        inexactSound(400, PeerClock.MAX_INEXACT_NANOS / MILLI);
        assertEquals(WAY_NANOS, video.firstCapturedNanos());
    }

    /// Chromium's reports of sound are not exact for a while.
    @Test
    void whatIsEarlyOnceAnotherReportAgreedMovesNothing() {
        picture(0, 0);
        picture(TrackClock.CONFIRMED_NANOS / MILLI, 0);
        inexactSound(600, 80);
        assertEquals(WAY_NANOS, video.firstCapturedNanos());
    }

    /// Sound of a sender whose media run faster than its clock seems to come ever earlier: it moves nobody for long.
    @Test
    void whatIsEarlyLaterOnMovesNothing() {
        picture(0, 0);
        inexactSound(PeerClock.UNCONFIRMED_NANOS / MILLI, 80);
        assertEquals(WAY_NANOS, video.firstCapturedNanos());
    }
}
