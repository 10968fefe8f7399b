package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.SessionReport.TrackReport;

class FreezesTest {
    private static final Track VIDEO = new Track(Track.VIDEO, new Codec.Vp8(320, 180));
    private static final long MILLIS = 1_000_000;

    private final Freezes freezes = new Freezes();

    @Test
    void onlyAPictureThatStandsStillForOverHalfASecondIsAFreeze() {
        frame(7_000);
        frame(7_040);
        frame(7_040 + TrackReport.FREEZE_NANOS / MILLIS);
        assertEquals(0, freezes.count());
        frame(7_541 + TrackReport.FREEZE_NANOS / MILLIS);
        frame(9_541 + TrackReport.FREEZE_NANOS / MILLIS);
        assertEquals(2, freezes.count());
        assertEquals(2_501 * MILLIS, freezes.nanos());
    }

    private void frame(long millis) {
        freezes.frame(new Frame(VIDEO, millis * MILLIS, millis * MILLIS, true, Bytes.EMPTY));
    }
}
