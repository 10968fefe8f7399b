package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.MalformedException;

class LayerSwitchTest {
    private static final long MILLI = 1_000_000;
    private static final int SMALL = 0;
    private static final int MIDDLE = 1;
    private static final int LARGE = 2;
    /// More than any layer needs.
    private static final long WIDE = 8_000_000;

    private final Offered offered = new Offered();
    private LayerSwitch layer = new LayerSwitch(LayerLimit.ALL, 0);
    private long now;
    private long fullNanos = -1_000_000 * MILLI;
    private final List<Integer> asked = new ArrayList<>();

    /// 180, 360 and 720 lines with 150, 500 and 2,000 kbit/s.
    private static final class Offered implements Layers {
        private final List<Layer> all = new ArrayList<>(List.of(
                new Layer("q", 320, 180, 150_000, true),
                new Layer("h", 640, 360, 500_000, true),
                new Layer("f", 1280, 720, 2_000_000, true)));
        private int chosen = LARGE;

        @Override
        public List<Layer> all() {
            return all;
        }

        @Override
        public int chosen() {
            return chosen;
        }

        @Override
        public int chosenAt(long dtsNanos) {
            return chosen;
        }

        @Override
        public void requestKeyframe(int layer) {}

        @Override
        public void to(@Nullable Sink sink) {}

        private void stops(int number) {
            Layer layer = all.get(number);
            all.set(number, new Layer(layer.rid(), layer.width(), layer.height(), layer.bitsPerSecond(), false));
        }
    }

    private void look(long bitsPerSecond, boolean pressed, long millis) {
        fullNanos = pressed ? now : fullNanos;
        for (long end = now + millis * MILLI; now < end; ) {
            now += 20 * MILLI;
            var path = new LayerSwitch.Path(bitsPerSecond, true, pressed, pressed, now - fullNanos);
            if (layer.look(offered, path, now)) {
                asked.add(layer.wanted());
            }
        }
    }

    private void keyframe(int number) {
        layer.takes(number, true, offered.chosen());
    }

    @Test
    void aPathThatIsWideEnoughGetsTheStream() {
        look(WIDE, false, 60_000);
        assertEquals(Layers.STREAM, layer.wanted());
        assertEquals(List.of(), asked);
        assertFalse(layer.wantsMore(WIDE));
    }

    @Test
    void whereTheBestDoesNotFitTheNextOneComesWithItsKeyframe() {
        look(900_000, true, 200);
        assertEquals(MIDDLE, layer.wanted());
        assertEquals(List.of(MIDDLE), asked);
        assertTrue(layer.takes(Layers.STREAM, false, LARGE), "until then it keeps what it has");
        assertFalse(layer.takes(MIDDLE, false, LARGE), "in the middle of a group");
        assertFalse(layer.takes(SMALL, true, LARGE));
        assertTrue(layer.takes(MIDDLE, true, LARGE));
        assertTrue(layer.takes(MIDDLE, false, LARGE));
        assertFalse(layer.takes(Layers.STREAM, true, LARGE), "it left this one");
        look(900_000, false, 60_000);
        assertEquals(List.of(MIDDLE), asked);
        assertTrue(layer.wantsMore(900_000));
    }

    @Test
    void aKeyframeThatDoesNotComeIsAskedForAgain() {
        look(900_000, true, 200);
        look(900_000, false, 3_000);
        assertEquals(List.of(MIDDLE, MIDDLE, MIDDLE), asked.subList(0, 3));
        assertTrue(asked.size() <= 4, asked.toString());
    }

    @Test
    void whereNothingFitsTheSmallestIsWhatThereIs() {
        look(100_000, true, 200);
        assertEquals(SMALL, layer.wanted());
        keyframe(SMALL);
        look(100_000, true, 5_000);
        assertEquals(SMALL, layer.wanted());
    }

    @Test
    void anEstimateThatIsLowForAMomentChangesNothing() {
        look(1_500_000, false, 500);
        look(WIDE, false, 1_000);
        look(1_500_000, false, 500);
        assertEquals(Layers.STREAM, layer.wanted());
        look(1_500_000, false, 1_000);
        assertEquals(MIDDLE, layer.wanted());
    }

    @Test
    void itClimbsWhenThePathCarriesMoreForAWhile() {
        look(900_000, true, 200);
        keyframe(MIDDLE);
        look(WIDE, false, 2_000);
        assertEquals(MIDDLE, layer.wanted(), "not at once");
        look(WIDE, false, 2_500);
        assertEquals(Layers.STREAM, layer.wanted());
        assertEquals(MIDDLE, layer.current());
        assertTrue(layer.takes(Layers.STREAM, true, LARGE));
        assertEquals(List.of(MIDDLE, Layers.STREAM), asked);
    }

    @Test
    void anEstimateJustAboveTheNeedIsNotEnoughToClimb() {
        look(900_000, true, 200);
        keyframe(MIDDLE);
        look(2_300_000, false, 30_000);
        assertEquals(MIDDLE, layer.wanted());
    }

    @Test
    void whoClimbedInVainWaitsLongerEachTime() {
        look(900_000, true, 200);
        keyframe(MIDDLE);
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            long from = now;
            while (layer.wanted() == MIDDLE) {
                look(WIDE, false, 100);
            }
            waits.add((now - from) / MILLI / 1_000);
            keyframe(Layers.STREAM);
            look(900_000, true, 200);
            keyframe(MIDDLE);
        }
        assertEquals(List.of(3L, 7L, 15L, 31L, 63L, 63L), waits);
    }

    @Test
    void aLayerThatNoLongerComesIsLeft() {
        look(100_000, true, 200);
        keyframe(SMALL);
        offered.stops(SMALL);
        look(900_000, false, 200);
        assertEquals(MIDDLE, layer.wanted());
    }

    @Test
    void aLayerThatBecomesTheStreamGoesOnAsTheStream() {
        look(900_000, true, 200);
        keyframe(MIDDLE);
        offered.stops(LARGE);
        offered.chosen = MIDDLE;
        assertFalse(layer.takes(Layers.STREAM, false, MIDDLE), "what waits is of the old one");
        assertTrue(layer.takes(Layers.STREAM, true, MIDDLE));
        look(900_000, false, 5_000);
        assertEquals(Layers.STREAM, layer.wanted());
    }

    @Test
    void withoutProbesItIsTriedWhetherMoreFits() {
        look(900_000, true, 200);
        keyframe(MIDDLE);
        for (int i = 0; i < 300; i++) {
            now += 20 * MILLI;
            layer.look(offered, new LayerSwitch.Path(900_000, false, false, false, now - fullNanos), now);
        }
        assertEquals(Layers.STREAM, layer.wanted());
    }

    private static LayerLimit limit(@Nullable String rid, int height) {
        return new LayerLimit(Optional.ofNullable(rid), height > 0 ? OptionalInt.of(height) : OptionalInt.empty());
    }

    @Test
    void aViewerMayAskForLessThanTheBest() {
        for (LayerLimit less : List.of(limit("h", 0), limit(null, 500), limit("f", 360))) {
            layer = new LayerSwitch(less, now);
            layer.begin(offered);
            assertEquals(MIDDLE, layer.wanted(), less.toString());
            assertFalse(layer.takes(Layers.STREAM, true, LARGE), "it never gets the best");
            keyframe(MIDDLE);
            look(WIDE, false, 20_000);
            assertEquals(MIDDLE, layer.current());
            assertFalse(layer.wantsMore(100_000));
            look(200_000, true, 200);
            assertEquals(SMALL, layer.wanted(), "what fits comes first");
        }
    }

    @Test
    void aWishThatNoLayerFulfilsGetsTheNearest() {
        assertEquals(List.of(SMALL), limit(null, 1).allowed(offered.all(), LARGE));
        assertEquals(List.of(Layers.STREAM, MIDDLE, SMALL), limit("none", 0).allowed(offered.all(), LARGE));
        assertEquals(List.of(Layers.STREAM, SMALL), limit("f", 0).allowed(offered.all(), MIDDLE));
    }

    @Test
    void wishesAreReadStrictly() {
        assertEquals(LayerLimit.ALL, LayerLimit.parse(Optional.empty(), Optional.empty()));
        assertEquals(limit("h", 360), LayerLimit.parse(Optional.of("h"), Optional.of("360")));
        for (String bad : List.of("", "a b", "12345678901234567", "é")) {
            assertThrows(
                    MalformedException.class, () -> LayerLimit.parse(Optional.of(bad), Optional.empty()), "rid " + bad);
        }
        for (String bad : List.of("", "0", "-1", "16385", "1e3", "99999999999", "٣")) {
            assertThrows(MalformedException.class, () -> LayerLimit.parse(Optional.empty(), Optional.of(bad)), bad);
        }
    }
}
