package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RoundTripReportsTest {
    private static final long SSRC = 0xFEDCBA98L;
    private static final long MILLI = 1_000_000;
    /// So that the middle 32 bits of the time wrap under way: 1900 to 1970 is 32,384 s more than whole turns of 2^16.
    private static final long START = (65_536 - 32_384) * 1_000 * MILLI - 100 * MILLI;

    private final RoundTripReports reports = new RoundTripReports(SSRC);

    /// A peer that hears it after `there`, lets it lie, and whose answer takes `back`.
    private long arrival(Rtcp.ExtendedReport said, long there, long lies, long back, long now) {
        long last = said.receiverTime() >>> 16 & 0xFFFF_FFFFL;
        heard(SSRC, last, lies * 65_536 / 1_000, now + (there + lies + back) * MILLI);
        return reports.roundTripNanos() / MILLI;
    }

    private void heard(long ssrc, long last, long delay, long nowNanos) {
        reports.heard(
                new Rtcp.ExtendedReport(1, 0, List.of(new Rtcp.ExtendedReport.Delay(ssrc, last, delay))), nowNanos);
    }

    @Test
    void theTimeForWhichItLayAtThePeerDoesNotCount() {
        assertTrue(NtpTime.middle(NtpTime.of(START)) > NtpTime.middle(NtpTime.of(START + 1_000 * MILLI)), "it wraps");
        assertEquals(80, arrival(reports.say(START), 50, 1_000, 30, START), 1);
        assertEquals(20, arrival(reports.say(START), 20, 0, 0, START), 1);
    }

    @Test
    void itIsSaidOnceASecond() {
        assertTrue(reports.isDue(START));
        reports.say(START);
        assertFalse(reports.isDue(START + 999 * MILLI));
        assertTrue(reports.isDue(START + 1_000 * MILLI));
    }

    @Test
    void whoAnswersAtOnceIsKnownToBeThere() {
        assertEquals(0, reports.roundTripNanos(), "nobody has answered");
        arrival(reports.say(START), 0, 0, 0, START);
        assertTrue(reports.roundTripNanos() > 0 && reports.roundTripNanos() < MILLI);
    }

    @Test
    void whatCannotBeIsNotBelieved() {
        long last = NtpTime.middle(NtpTime.of(START));
        heard(SSRC, last, 0, START + 20 * MILLI);
        assertEquals(0, reports.roundTripNanos(), "nothing was said yet");
        reports.say(START);
        heard(SSRC + 1, last, 0, START + 20 * MILLI);
        assertEquals(0, reports.roundTripNanos(), "of somebody else");
        heard(SSRC, 0, 0, START + 20 * MILLI);
        assertEquals(0, reports.roundTripNanos(), "it has heard nothing");
        heard(SSRC, last, 65_536, START + 20 * MILLI);
        assertEquals(0, reports.roundTripNanos(), "it lay there longer than it was away");
        heard(SSRC, last, 0, START + RtpSender.MAX_ROUND_TRIP_NANOS + MILLI);
        assertEquals(0, reports.roundTripNanos(), "too long");
        heard(SSRC, last, 0, START + 20 * MILLI);
        assertEquals(20, reports.roundTripNanos() / MILLI, 1);
    }
}
