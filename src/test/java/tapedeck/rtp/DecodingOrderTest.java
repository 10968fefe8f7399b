package tapedeck.rtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;

/// Decoding times are found from presentation times: those of an encoder are the measure.
class DecodingOrderTest {
    private static final long ROOM_NANOS = 200_000_000L;

    @ParameterizedTest
    @ValueSource(strings = {"h264", "h264b", "h265", "h265b", "vp8", "aac"})
    void theyAreThoseOfTheEncoder(String codec) {
        List<Frame> frames = TestMedia.of(codec, 2);
        Codec first = frames.getFirst().track().codec();
        int depth = DecodingOrder.depth(first);
        assertEquals(codec.endsWith("b"), depth > 0, "reordering is said by the SPS: " + depth);
        DecodingOrder order = new DecodingOrder();
        order.setCodec(first);
        long last = -1;
        long startPts = frames.getFirst().ptsNanos();
        for (int i = 0; i < frames.size(); i++) {
            long pts = frames.get(i).ptsNanos() - startPts + ROOM_NANOS;
            long dts = order.dtsNanos(pts);
            assertTrue(dts > last && dts <= pts, "frame %d: %d after %d, shown at %d".formatted(i, dts, last, pts));
            last = dts;
            if (i >= depth) {
                // An encoder delays by as much as it reorders, or by one more.
                long lag = pts - dts - (frames.get(i).ptsNanos() - frames.get(i).dtsNanos());
                assertTrue(Math.abs(lag) <= 100_000_000L, "frame %d: %d".formatted(i, lag));
            }
        }
    }

    /// Without a word of the SPS the first pictures that prove the reordering (two of them) are late; those after them
    /// are not.
    @Test
    void whatTheParameterSetsDoNotSayIsLearnt() {
        DecodingOrder order = new DecodingOrder();
        order.setCodec(new Codec.H264(List.of(tapedeck.bytes.Bytes.ofU8(0x67)), List.of(), 0, 0));
        long tick = 40_000_000L;
        int late = 0;
        long last = -1;
        for (int group = 0; group < 20; group++) {
            for (int place : new int[] {2, 1}) {
                long pts = (2L * group + place) * tick;
                long dts = order.dtsNanos(pts);
                assertTrue(dts > last);
                last = dts;
                late += dts > pts ? 1 : 0;
            }
        }
        assertEquals(2, late);
    }
}
