package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.protocol.webrtc.SimulatedViewer.MILLI;
import static tapedeck.protocol.webrtc.SimulatedViewer.SECOND;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.payload.Packetizer;

/// A publisher of three layers and one viewer over simulated paths, in simulated time: what the receiving half puts
/// together is whole pictures of one layer at a time.
class LayersToViewersTest {
    private static final List<String> BROWSER = List.of("nack", "nack pli", "ccm fir", "transport-cc");
    private static final int[] WIDTHS = SimulatedSimulcast.WIDTHS;
    private static final int BEST = SimulatedSimulcast.BEST;
    private static final int FRAMES_PER_SECOND = SimulatedSimulcast.FRAMES_PER_SECOND;
    private static final SimulatedViewer.Path NARROW = new SimulatedViewer.Path(900_000, 60_000, 40 * MILLI, 0);
    private static final SimulatedViewer.Path WIDE = new SimulatedViewer.Path(10_000_000, 600_000, 40 * MILLI, 0);
    private static final Frame SOUND =
            new Frame(new Track(Track.AUDIO, new Codec.Opus(2, 0)), 0, 0, true, Bytes.ofU8(0xFC, 0xFF, 0xFE));

    private final Publisher publisher = new Publisher();
    private SimulatedViewer viewer = viewer(BROWSER, SimulatedViewer.Repeats.RTX);

    private SimulatedViewer viewer(List<String> feedback, SimulatedViewer.Repeats repeats) {
        return new SimulatedViewer(1, WIDE, feedback, repeats, publisher.frame(BEST, 0, true), SOUND);
    }

    /// Makes keyframes only where it is asked for them, as browsers do.
    private static final class Publisher implements Layers {
        private final Random random = new Random(7);
        private final boolean[] wished = {true, true, true};
        private final int[] keyframes = new int[WIDTHS.length];
        private final LayerRate[] rates = {new LayerRate(), new LayerRate(), new LayerRate()};

        @Override
        public List<Layer> all() {
            List<Layer> all = new ArrayList<>();
            for (int i = 0; i < WIDTHS.length; i++) {
                all.add(new Layer(
                        "qhf".substring(i, i + 1), WIDTHS[i], WIDTHS[i] * 9 / 16, rates[i].bitsPerSecond(), true));
            }
            return all;
        }

        @Override
        public int chosen() {
            return BEST;
        }

        @Override
        public int chosenAt(long dtsNanos) {
            return BEST;
        }

        @Override
        public void requestKeyframe(int layer) {
            wished[layer] = true;
        }

        @Override
        public void to(@Nullable Sink sink) {}

        /// Layers lie a few milliseconds apart, the lower ones in front.
        private Frame next(int layer, int number) {
            boolean keyframe = wished[layer];
            wished[layer] = false;
            keyframes[layer] += keyframe ? 1 : 0;
            long nanos = SECOND + number * SECOND / FRAMES_PER_SECOND + layer * 7 * MILLI;
            Frame frame = frame(layer, nanos, keyframe);
            rates[layer].add(frame.data().length(), nanos);
            return frame;
        }

        private Frame frame(int layer, long nanos, boolean keyframe) {
            return SimulatedSimulcast.frame(layer, nanos, keyframe, random);
        }
    }

    private final Packetizer[] packetizers = Arrays.stream(WIDTHS)
            .mapToObj(width -> Packetizer.of(new Codec.Vp8(width, width * 9 / 16), Packetizer.USUAL_PAYLOAD_BYTES))
            .toArray(Packetizer[]::new);
    private int number;

    private void play(int seconds) {
        viewer.layers = publisher;
        for (int end = number + seconds * FRAMES_PER_SECOND; number < end; number++) {
            for (int layer = 0; layer < WIDTHS.length; layer++) {
                Frame frame = publisher.next(layer, number);
                viewer.media.frame(
                        FramePackets.of(frame, frame.keyframe(), packetizers[layer]),
                        layer == BEST ? Layers.STREAM : layer,
                        viewer.now);
            }
            for (int step = 0; step < 8; step++) {
                viewer.now += 5 * MILLI;
                viewer.step();
            }
        }
    }

    private static int width(Frame frame) {
        return ((Codec.Vp8) frame.track().codec()).width();
    }

    private List<Integer> widths(int from) {
        return viewer.pictures.stream()
                .skip(from)
                .map(LayersToViewersTest::width)
                .distinct()
                .toList();
    }

    /// The longest time between two pictures, in ms of the viewer's clock.
    private long still(int from) {
        long longest = 0;
        for (int i = Math.max(1, from); i < viewer.pictures.size(); i++) {
            long shown = viewer.shownNanos.get(viewer.pictures.get(i).data());
            longest = Math.max(
                    longest,
                    (shown - viewer.shownNanos.get(viewer.pictures.get(i - 1).data())) / MILLI);
        }
        return longest;
    }

    private void timeGoesForward() {
        for (int i = 1; i < viewer.pictures.size(); i++) {
            Frame before = viewer.pictures.get(i - 1);
            Frame frame = viewer.pictures.get(i);
            assertTrue(frame.ptsNanos() > before.ptsNanos(), "picture " + i);
            assertTrue(width(frame) == width(before) || frame.keyframe(), "picture " + i);
        }
    }

    @Test
    void aNarrowPathGetsALowerLayerWithoutAFreezeAndAWideOneTheBestAgain() {
        play(5);
        assertEquals(List.of(1280), widths(0));
        assertEquals(5 * FRAMES_PER_SECOND, viewer.pictures.size(), 3);
        int narrowed = viewer.pictures.size();
        viewer.path = NARROW;
        play(5);
        assertEquals(List.of(1280, 640), widths(narrowed));
        // This receiver is made for recordings: it waits two seconds for what never comes. Browsers go on at the
        // keyframe.
        assertTrue(still(narrowed) < 2_000, "still for %d ms".formatted(still(narrowed)));
        int steady = viewer.pictures.size();
        play(30);
        assertEquals(List.of(640), widths(steady), "it stays there");
        assertEquals(30 * FRAMES_PER_SECOND, viewer.pictures.size() - steady, 3, "and gets every picture");
        assertTrue(still(steady) < 500, "still for %d ms".formatted(still(steady)));
        assertEquals("h", viewer.media.reports().getFirst().layer());

        int widened = viewer.pictures.size();
        viewer.path = WIDE;
        play(25);
        assertEquals(List.of(640, 1280), widths(widened));
        assertTrue(still(widened) < 500, "still for %d ms".formatted(still(widened)));
        int last = viewer.pictures.size();
        play(10);
        assertEquals(List.of(1280), widths(last));
        assertEquals(10 * FRAMES_PER_SECOND, viewer.pictures.size() - last, 3);
        assertEquals("f", viewer.media.reports().getFirst().layer());
        timeGoesForward();
        assertEquals(1, publisher.keyframes[0], "nobody needed this one");
        assertTrue(publisher.keyframes[1] <= 3, "keyframes " + publisher.keyframes[1]);
        assertTrue(publisher.keyframes[BEST] <= 3, "keyframes " + publisher.keyframes[BEST]);
    }

    /// Nothing can be found out but by sending more: the next larger layer is tried, and kept if the path carries it.
    private void itComesDownAndUpAgainWithoutProbes() {
        play(5);
        viewer.path = NARROW;
        play(10);
        int steady = viewer.pictures.size();
        play(20);
        long lower = viewer.pictures.stream()
                .skip(steady)
                .filter(frame -> width(frame) < 1280)
                .count();
        assertTrue(4 * lower > 3 * 20 * FRAMES_PER_SECOND, "a lower one lasts: " + lower);
        viewer.path = WIDE;
        int widened = viewer.pictures.size();
        play(45);
        assertEquals(1280, widths(widened).getLast(), "the best comes again: " + widths(widened));
        int last = viewer.pictures.size();
        play(30);
        assertEquals(List.of(1280), widths(last), "and lasts");
        assertEquals(30 * FRAMES_PER_SECOND, viewer.pictures.size() - last, 5);
        timeGoesForward();
    }

    @Test
    void aViewerThatOnlySaysHowMuchItMayGetClimbsAgain() {
        viewer = viewer(List.of("nack", "nack pli", "ccm fir", "goog-remb"), SimulatedViewer.Repeats.RTX);
        viewer.limits = true;
        itComesDownAndUpAgainWithoutProbes();
    }

    @Test
    void aViewerWithoutRtxClimbsAgain() {
        viewer = viewer(BROWSER, SimulatedViewer.Repeats.AS_IT_WAS);
        itComesDownAndUpAgainWithoutProbes();
    }

    @Test
    void losesNothingWhereLossIsNotForWantOfRoom() {
        play(3);
        viewer.path = new SimulatedViewer.Path(10_000_000, 600_000, 40 * MILLI, 0.02);
        play(20);
        assertEquals(List.of(1280), widths(0));
        viewer.path = WIDE;
        play(2);
        assertEquals(25 * FRAMES_PER_SECOND, viewer.pictures.size(), 3);
    }

    @Test
    void aPathThatNarrowsByStepsGetsOneLayerAfterAnother() {
        play(3);
        viewer.path = NARROW;
        play(10);
        int middle = viewer.pictures.size();
        viewer.path = new SimulatedViewer.Path(300_000, 20_000, 40 * MILLI, 0);
        play(15);
        assertEquals(List.of(640, 320), widths(middle));
        int small = viewer.pictures.size();
        play(10);
        assertEquals(List.of(320), widths(small));
        assertEquals(10 * FRAMES_PER_SECOND, viewer.pictures.size() - small, 5);
        timeGoesForward();
    }
}
