package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

class LayerChoiceTest {
    private static final long MILLI = 1_000_000;
    private static final int[] WIDTHS = {160, 320, 640};

    private final List<Frame> out = new ArrayList<>();
    private final LayerChoice choice = new LayerChoice(3, out::add);
    private final List<Integer> asked = new ArrayList<>();

    private void send(int layer, long millis, boolean keyframe) {
        Track track = new Track(Track.VIDEO, new Codec.Vp8(WIDTHS[layer], WIDTHS[layer] * 9 / 16));
        choice.frame(
                layer, new Frame(track, millis * MILLI, millis * MILLI, keyframe, Bytes.ofU8(layer)), millis * MILLI);
        choice.tick(millis * MILLI, asked::add);
    }

    private List<Integer> layers() {
        return out.stream().map(frame -> frame.data().u8(0)).toList();
    }

    @Test
    void theLargestIsChosenAndNothingOfItIsLost() {
        send(0, 0, true);
        send(0, 33, false);
        send(2, 40, true);
        send(2, 73, false);
        assertEquals(List.of(), out, "the middle one may be the largest");
        send(1, 80, true);
        send(2, 106, false);
        send(0, 110, false);
        assertEquals(List.of(2, 2, 2), layers());
    }

    @Test
    void layersThatDoNotComeAreNotWaitedForLong() {
        send(0, 0, true);
        for (long millis = 33; millis <= 1_000; millis += 33) {
            send(0, millis, false);
        }
        assertEquals(0, out.size());
        send(0, 1_010, false);
        assertEquals(32, out.size());
    }

    @Test
    void aLargerOneThatComesLaterIsTakenAtItsKeyframe() {
        for (int layer = 0; layer < 3; layer++) {
            send(layer, 1, true);
        }
        send(2, 33, false);
        // The best falls silent; the next best is asked for a keyframe, and taken with it.
        for (long millis = 66; millis < 1_400; millis += 33) {
            send(0, millis, false);
            send(1, millis, false);
        }
        assertEquals(List.of(1), asked);
        assertEquals(List.of(2, 2), layers());
        send(1, 1_410, true);
        send(0, 1_420, true);
        send(1, 1_443, false);
        assertEquals(List.of(2, 2, 1, 1), layers());
        // It comes again, but in the middle of its group of pictures: it is asked too.
        send(2, 2_500, false);
        assertEquals(List.of(1, 2), asked.stream().distinct().toList());
        assertEquals(4, out.size());
        send(2, 2_533, true);
        send(1, 2_533, false);
        assertEquals(List.of(2, 2, 1, 1, 2), layers());
        assertEquals(2, choice.changes());
    }

    @Test
    void aSmallerOneIsNotTakenForAShortPause() {
        for (int layer = 0; layer < 3; layer++) {
            send(layer, 1, true);
        }
        send(1, 900, true);
        send(2, 905, false);
        assertEquals(List.of(2, 2), layers());
    }

    @Test
    void timeGoesForwardWhenLayersChange() {
        for (int layer = 0; layer < 2; layer++) {
            send(layer, 1, true);
        }
        send(1, 1_020, false);
        send(2, 1_020, true);
        long last = -1;
        for (Frame frame : out) {
            assertTrue(frame.dtsNanos() > last && frame.ptsNanos() >= frame.dtsNanos());
            last = frame.dtsNanos();
        }
        assertEquals(2, choice.chosen());
    }

    @Test
    void whatWaitsIsStillOfTheLayerBefore() {
        for (int layer = 0; layer < 2; layer++) {
            send(layer, 1, true);
        }
        send(1, 1_020, false);
        assertEquals(1, choice.chosenAt(1_020 * MILLI));
        send(2, 1_053, true);
        send(2, 1_086, false);
        assertEquals(1, choice.chosenAt(1_020 * MILLI));
        assertEquals(2, choice.chosenAt(1_053 * MILLI));
        assertEquals(2, choice.chosenAt(1_086 * MILLI));
    }

    /// A browser that is asked for a keyframe of one layer makes one of all of them.
    @Test
    void theNextBestIsNotReachedByWayOfASmallerOne() {
        for (int layer = 0; layer < 3; layer++) {
            send(layer, 1, true);
        }
        for (long millis = 33; millis < 1_400; millis += 33) {
            send(0, millis, false);
            send(1, millis, false);
        }
        send(0, 1_410, true);
        send(1, 1_411, true);
        send(0, 1_443, false);
        send(1, 1_444, false);
        assertEquals(List.of(2, 1, 1), layers());
    }
}
