package tapedeck.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

class TimelineTest {
    private static final Track VIDEO = new Track(Track.VIDEO, new Codec.Vp8(0, 0));
    private static final Track AUDIO = new Track(Track.AUDIO, new Codec.Aac(Bytes.ofHex("1210"), 44_100, 2));
    private static final long MILLI = 1_000_000;

    private final Timeline timeline = new Timeline();

    private static Frame frame(Track track, long dtsMillis, long ptsMillis) {
        return new Frame(track, dtsMillis * MILLI, ptsMillis * MILLI, true, Bytes.EMPTY);
    }

    private List<Long> shifted(Track track, long dtsMillis, long ptsMillis) {
        Frame frame = timeline.shifted(frame(track, dtsMillis, ptsMillis));
        return List.of(frame.dtsNanos() / MILLI, frame.ptsNanos() / MILLI);
    }

    @Test
    void theFirstConnectionBeginsAtZero() {
        assertEquals(0, timeline.place(frame(VIDEO, 5_000, 5_080), 7));
        assertEquals(List.of(0L, 80L), shifted(VIDEO, 5_000, 5_080));
        assertEquals(List.of(0L, 0L), shifted(AUDIO, 4_990, 4_990), "nothing is before 0");
        assertEquals(List.of(20L, 20L), shifted(AUDIO, 5_020, 5_020));
        assertEquals(List.of(40L, 40L), shifted(VIDEO, 5_040, 5_040));
    }

    @Test
    void timesThatNeedNoShiftCostNoNewFrame() {
        Frame first = frame(VIDEO, 0, 80);
        timeline.place(first, 99);
        assertSame(first, timeline.shifted(first));
    }

    @Test
    void theNextConnectionIsPlacedByTheClock() {
        timeline.place(frame(VIDEO, 0, 0), 1_000 * MILLI);
        for (long millis = 0; millis <= 400; millis += 40) {
            shifted(VIDEO, millis, millis);
        }
        shifted(AUDIO, 410, 410);
        // 3 s after the first one began; the source counts anew.
        assertEquals((3_000 - 410) / 40 - 1, timeline.place(frame(VIDEO, 70_000, 70_080), 4_000 * MILLI));
        assertEquals(List.of(3_000L, 3_080L), shifted(VIDEO, 70_000, 70_080));
        assertEquals(List.of(2_990L, 2_990L), shifted(AUDIO, 69_990, 69_990));
        assertEquals(List.of(3_040L, 3_040L), shifted(VIDEO, 70_040, 70_040));
    }

    /// A server that begins with the last keyframe sends seconds at once.
    @Test
    void whatIsAheadOfTheClockIsNotOvertaken() {
        timeline.place(frame(VIDEO, 0, 0), 0);
        shifted(VIDEO, 0, 0);
        shifted(VIDEO, 4_000, 4_000);
        shifted(VIDEO, 4_040, 4_040);
        assertEquals(0, timeline.place(frame(VIDEO, 0, 0), 500 * MILLI));
        assertEquals(List.of(4_080L, 4_080L), shifted(VIDEO, 0, 0));
    }
}
