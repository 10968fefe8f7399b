package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

class DecodingTimesTest {
    private static final long ROOM_NANOS = 200_000_000L;

    @Test
    void whatIsNotReorderedIsDecodedWhenItIsShown() {
        DecodingTimes times = new DecodingTimes();
        Codec vp8 = TestMedia.vp8(1).getFirst().track().codec();
        assertEquals(40, times.dtsNanos(vp8, 40));
        assertEquals(20, times.dtsNanos(vp8, 20), "also where a source jumps back");
    }

    @Test
    void anotherCodecBeginsAnew() {
        DecodingTimes times = new DecodingTimes();
        for (String name : List.of("h264b", "h265b", "h264")) {
            long last = Long.MIN_VALUE;
            for (Frame frame : TestMedia.of(name, 1)) {
                long ptsNanos = frame.ptsNanos() + ROOM_NANOS;
                long dtsNanos = times.dtsNanos(frame.track().codec(), ptsNanos);
                assertTrue(dtsNanos > last && dtsNanos <= ptsNanos, name + ": " + dtsNanos + " after " + last);
                last = dtsNanos;
            }
        }
    }
}
