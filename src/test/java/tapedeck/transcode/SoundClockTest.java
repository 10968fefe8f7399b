package tapedeck.transcode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// The clock alone, fed with packets whose stamps and sample counts disagree.
class SoundClockTest {
    private static final int RATE_HZ = 48_000;
    private static final int PACKET = 960;
    private static final long PACKET_NANOS = 20_000_000L;

    private final SoundClock clock = new SoundClock(RATE_HZ, 1_000_000_000L);
    private long position;
    private double stretched;

    /// Puts a packet with this stamp at its place, as a converter does, and returns what was done in front of it.
    private long packet(long... ptsNanos) {
        long[] targets = new long[ptsNanos.length];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = clock.sampleAt(1_000_000_000L + ptsNanos[i]);
        }
        long step = clock.step(position, targets, PACKET);
        stretched += clock.stretch() * (double) PACKET / RATE_HZ;
        long added = (long) stretched;
        stretched -= added;
        position += step + PACKET + added;
        return step;
    }

    @Test
    void aPacketInTimeIsLeftAlone() {
        for (int i = 0; i < 1000; i++) {
            assertEquals(0, packet(i * PACKET_NANOS, (i + 1) * PACKET_NANOS));
        }
        assertEquals(1000L * PACKET, position);
        assertEquals(0, clock.stretch());
    }

    @Test
    void timesAndSamplesAreTheSameAfterDays() {
        for (int rateHz : new int[] {8000, 22_050, 44_100, 48_000}) {
            SoundClock days = new SoundClock(rateHz, 123_456_789L);
            for (long sample = 0; sample < 400L * 86_400 * rateHz; sample += 86_399L * rateHz + 1023) {
                assertEquals(sample, days.sampleAt(days.nanosAt(sample)));
            }
        }
    }

    @Test
    void aLostPacketBecomesSilence() {
        packet(0, 2 * PACKET_NANOS);
        assertEquals(PACKET, packet(2 * PACKET_NANOS, 3 * PACKET_NANOS, 4 * PACKET_NANOS));
        assertEquals(0, packet(3 * PACKET_NANOS, 4 * PACKET_NANOS));
    }

    @Test
    void aPauseOfTheSenderIsSilenceOfItsLength() {
        packet(0);
        assertEquals(clock.sampleAt(1_400_000_000L) - PACKET, packet(400_000_000L));
        assertEquals(clock.sampleAt(1_800_000_000L) - position, packet(800_000_000L));
    }

    @Test
    void oneLateStampIsNoHole() {
        packet(0);
        assertEquals(0, packet(PACKET_NANOS + 18_000_000, 2 * PACKET_NANOS, 3 * PACKET_NANOS));
        assertEquals(0, packet(2 * PACKET_NANOS, 3 * PACKET_NANOS));
    }

    @Test
    void soundThatComesTwiceIsCut() {
        for (int i = 0; i < 10; i++) {
            packet(i * PACKET_NANOS);
        }
        assertEquals(-5L * PACKET, packet(5 * PACKET_NANOS, 6 * PACKET_NANOS, 7 * PACKET_NANOS));
    }

    /// C4 of the reliability battery: 0.1 % fast (or slow), for three hours, with stamps in whole milliseconds.
    @Test
    void aSenderWithAWrongClockStaysInSyncForHours() {
        for (double fast : new double[] {1.001, 0.999, 1.00005}) {
            SoundClockTest run = new SoundClockTest();
            long worst = 0;
            Random jitter = new Random(1);
            for (int i = 0; i < 3 * 3600 * 50; i++) {
                long trueNanos = (long) (i * PACKET_NANOS / fast);
                long stamp = (trueNanos + jitter.nextLong(3_000_000L)) / 1_000_000 * 1_000_000;
                worst = Math.max(worst, Math.abs(run.clock.sampleAt(1_000_000_000L + trueNanos) - run.position));
                assertEquals(0, i == 0 ? 0 : run.packet(stamp), "no click at packet " + i);
                if (i == 0) {
                    run.packet(0);
                }
            }
            assertTrue(worst < 0.010 * RATE_HZ, "%s: off by %d samples".formatted(fast, worst));
        }
    }

    /// A step that is too small to be a hole is made good without one.
    @Test
    void aSmallStepIsStretchedAway() {
        for (int i = 0; i < 100; i++) {
            packet(i * PACKET_NANOS);
        }
        long stepNanos = 14_000_000L;
        int corrected = 0;
        for (int i = 100; i < 1100; i++) {
            assertEquals(0, packet(i * PACKET_NANOS + stepNanos));
            corrected = Math.max(corrected, Math.abs(clock.stretch()));
        }
        long off = clock.sampleAt(1_000_000_000L + 1100 * PACKET_NANOS + stepNanos) - position;
        assertTrue(Math.abs(off) < 0.005 * RATE_HZ, "still off by " + off);
        assertTrue(corrected > 0 && corrected <= SoundClock.MAX_STRETCH * RATE_HZ, "stretched by " + corrected);
        assertEquals(0, clock.stretch(), "and then it stops");
    }
}
