package tapedeck.record;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

class QualityMeterTest {
    private static final long MILLI = 1_000_000;
    private static final Track VIDEO = new Track(0, new Codec.Vp8(640, 360));
    private static final Track AAC = new Track(1, Aac.lc(48_000, 2));
    private static final Track PCM = new Track(1, new Codec.Pcma(8_000, 1));
    private static final Track OPUS = new Track(1, new Codec.Opus(2, 312));

    @Test
    void theLongestTimeThatAPictureStandsIsTheFreeze() {
        QualityMeter meter = new QualityMeter(true);
        for (long millis : new long[] {0, 40, 80, 730, 770}) {
            meter.frame(frame(VIDEO, millis * MILLI));
        }
        assertEquals(new Quality(3, 650, null, null), meter.report(3));
    }

    @Test
    void aPictureThatStandsWhileTheSoundGoesOnToTheEndIsAFreeze() {
        QualityMeter meter = new QualityMeter(true);
        meter.frame(frame(VIDEO, 0));
        for (int i = 0; i < 50; i++) {
            meter.frame(frame(OPUS, i * 20L * MILLI));
        }
        assertEquals(new Quality(0, 980, null, 0L), meter.report(0));
    }

    @Test
    void withoutVideoTheLongestHoleInTheSoundIsTheFreeze() {
        QualityMeter meter = new QualityMeter(false);
        meter.frame(frame(OPUS, 0));
        meter.frame(frame(OPUS, 20 * MILLI));
        meter.frame(frame(OPUS, 420 * MILLI));
        // A hole is no drift: after it the clock is trusted again.
        assertEquals(new Quality(0, 400, null, 0L), meter.report(0));
    }

    @Test
    void roundedTimeStampsAreNoDrift() {
        QualityMeter meter = new QualityMeter(true);
        for (long i = 0; i < 100_000; i++) {
            long pts = i * 1024 * 1000 / 48_000;
            meter.frame(frame(AAC, pts * MILLI));
        }
        assertEquals(0L, meter.report(0).driftMillis());
    }

    @Test
    void aClockThatRunsFastIsDrift() {
        QualityMeter meter = new QualityMeter(true);
        // An hour whose time stamps say that 20 ms last 20.002 ms.
        for (long i = 0; i < 180_000; i++) {
            meter.frame(frame(OPUS, i * 20_002_000L));
        }
        assertEquals(359L, meter.report(0).driftMillis());
        QualityMeter slow = new QualityMeter(true);
        for (long i = 0; i < 1000; i++) {
            slow.frame(frame(PCM, i * 19_900_000L));
        }
        assertEquals(-99L, slow.report(0).driftMillis());
    }

    @Test
    void silenceThatWasPutInIsCounted() {
        QualityMeter meter = new QualityMeter(true);
        meter.filled(300 * MILLI);
        meter.filled(20 * MILLI);
        assertEquals(new Quality(0, 0, 320L, null), meter.report(0));
    }

    @Test
    void aFileWithoutAFrameHasNothingToReport() {
        assertEquals(new Quality(7, 0, null, null), new QualityMeter(true).report(7));
    }

    /// 20 ms of sound where the codec's packets differ in length.
    private static Frame frame(Track track, long nanos) {
        byte[] data = new byte[160];
        // RFC 6716 3.1: configuration 19, one frame of 20 ms.
        data[0] = (byte) (19 << 3);
        return new Frame(track, nanos, nanos, true, Bytes.wrap(data));
    }
}
