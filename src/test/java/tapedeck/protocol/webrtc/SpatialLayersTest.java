package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.codec.vp9.Vp9Superframe;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Pictures with three layers, of whose frames only the heads are there: those of a keyframe as Chromium sent
/// them (VP9, L3T3 of 1280 × 720).
class SpatialLayersTest {
    private static final long MILLI = 1_000_000L;
    private static final List<Bytes> KEYFRAME = List.of(
            Bytes.ofHex("834983420013f00b3827f81678d0e0907065200006805f5f"),
            Bytes.ofHex("8702020004fe02cf04ff02cfb2a1c120e0cb900008807f91"),
            Bytes.ofHex("8704240009fe059e33f1c120e0cd00000bc07e9e8514f69b"));
    /// A keyframe of the same size with one layer only.
    private static final List<Bytes> ALONE = KEYFRAME.subList(0, 1);

    private static final List<Bytes> INTERFRAME = List.of(
            Bytes.ofHex("87010000008000"), Bytes.ofHex("8702020004fe02cf04ff02cf00"), Bytes.ofHex("870424000000"));

    private final List<Frame> small = new ArrayList<>();
    private final List<Frame> middle = new ArrayList<>();
    private final boolean[] wanted = {true, true, true, true};
    private int keyframes;
    private final SpatialLayers layers = new SpatialLayers(() -> keyframes++);
    private long millis;

    /// Those who watch.
    private final class Watching implements Layers.Sink {
        @Override
        public boolean wants(int layer) {
            return wanted[layer];
        }

        @Override
        public void frame(int layer, Frame frame) {
            assertTrue(layer < 2, "the stream has the best one");
            (layer == 0 ? small : middle).add(frame);
        }
    }

    @BeforeEach
    void watch() {
        layers.to(new Watching());
    }

    private Bytes picture(List<Bytes> frames, boolean keyframe) {
        Bytes data = new Vp9Superframe(frames).first(frames.size());
        Track track = new Track(Track.VIDEO, new Codec.Vp9(0, 8, 1280, 720), 90);
        layers.frame(new Frame(track, millis * MILLI, millis * MILLI, keyframe, data), millis * MILLI);
        millis += 40;
        return data;
    }

    private static List<Integer> widths(List<Frame> frames) {
        return frames.stream()
                .map(frame -> ((Codec.Vp9) frame.track().codec()).width())
                .distinct()
                .toList();
    }

    @Test
    void whereThereIsOneLayerThereIsNothingButTheStream() {
        assertEquals(-1, layers.chosen());
        picture(ALONE, true);
        picture(INTERFRAME.subList(0, 1), false);
        assertEquals(-1, layers.chosen());
        assertEquals(0, small.size() + middle.size());
    }

    @Test
    void eachLayerIsThePictureWithoutThoseAboveIt() {
        picture(KEYFRAME, true);
        picture(INTERFRAME, false);
        assertEquals(2, layers.chosen());
        assertEquals(List.of(320), widths(small));
        assertEquals(List.of(640), widths(middle));
        assertEquals(KEYFRAME.getFirst(), small.getFirst().data());
        assertEquals(
                KEYFRAME.subList(0, 2),
                Vp9Superframe.parse(middle.getFirst().data()).frames());
        assertEquals(INTERFRAME.getFirst(), small.getLast().data());
        assertTrue(small.getFirst().keyframe() && !small.getLast().keyframe());
        assertEquals(90, small.getFirst().track().rotationDegrees());
        assertEquals(40 * MILLI, middle.getLast().ptsNanos());
        assertEquals(
                List.of("s0 320x180 true", "s1 640x360 true", "s2 1280x720 true", "s3 0x0 false"),
                layers.all().stream()
                        .map(layer ->
                                "%s %dx%d %b".formatted(layer.rid(), layer.width(), layer.height(), layer.comes()))
                        .toList());
        layers.requestKeyframe(1);
        assertEquals(1, keyframes);
    }

    @Test
    void whatNobodyWantsIsNotMade() {
        wanted[0] = false;
        picture(KEYFRAME, true);
        assertEquals(0, small.size());
        assertEquals(1, middle.size());
    }

    /// Chromium sends fewer layers when it has little room, in the middle of a group or from a keyframe on.
    @Test
    void aPictureWithFewerLayersIsWholeForThoseWhoHadMore() {
        picture(KEYFRAME, true);
        Bytes less = picture(INTERFRAME.subList(0, 1), false);
        assertEquals(less, middle.getLast().data());
        assertEquals(less, small.getLast().data());
        Bytes alone = picture(ALONE, true);
        assertEquals(alone, middle.getLast().data());
        assertEquals(List.of(640, 320), widths(middle));
        assertEquals(
                List.of(true, false, false, false),
                layers.all().stream().map(Layers.Layer::comes).toList());
        picture(KEYFRAME, true);
        assertEquals(List.of(640, 320), widths(middle));
        assertTrue(layers.all().get(2).comes());
    }

    @Test
    void ratesGrowWithTheLayers() {
        for (int i = 0; i < 100; i++) {
            picture(i == 0 ? KEYFRAME : INTERFRAME, i == 0);
        }
        List<Layers.Layer> all = layers.all();
        assertTrue(all.get(0).bitsPerSecond() > 0);
        assertTrue(all.get(1).bitsPerSecond() > all.get(0).bitsPerSecond());
        assertTrue(all.get(2).bitsPerSecond() > all.get(1).bitsPerSecond());
    }

    @Test
    void aPictureThatCannotBeReadCostsNobodyButItsViewers() {
        picture(KEYFRAME, true);
        Track track = new Track(Track.VIDEO, new Codec.Vp9(0, 8, 1280, 720));
        layers.frame(new Frame(track, 0, 0, false, Bytes.ofHex("8700000000000000c1ffffc1")), 0);
        assertEquals(1, small.size());
        picture(INTERFRAME, false);
        assertEquals(2, small.size());
    }
}
