package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Av1Layers;
import tapedeck.codec.vp9.Vp9Superframe;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.TrackGuard;

/// The spatial layers inside the pictures of one source (SVC: `L2T1` to `L3T3_KEY` of VP9 and AV1): the stream has them
/// all, and without the uppermost ones a picture is smaller. No layer depends on one above it, so what is left can be
/// decoded in all modes.
final class SpatialLayers implements Layers {
    /// W3C webrtc-svc knows three.
    static final int MAX_LAYERS = 4;

    private final Runnable keyframe;
    private final List<LayerRate> rates =
            IntStream.range(0, MAX_LAYERS).mapToObj(_ -> new LayerRate()).toList();
    private final List<TrackGuard> guards = new ArrayList<>(MAX_LAYERS);
    /// With the first layer, with the first two and so on; as many as there ever were.
    private final List<Size> sizes = new ArrayList<>(MAX_LAYERS);
    private final @Nullable Track[] tracks = new Track[MAX_LAYERS];
    /// In the last keyframe.
    private int coming;
    private @Nullable Sink sink;

    /// @param keyframe asks the source for one
    SpatialLayers(Runnable keyframe) {
        this.keyframe = keyframe;
        for (int i = 0; i < MAX_LAYERS; i++) {
            int layer = i;
            guards.add(new TrackGuard(frame -> hand(layer, frame)));
        }
    }

    /// The size of a picture.
    private record Size(int width, int height) {}

    /// One picture by its layers.
    private interface Picture {
        int layers();

        int bytes(int layers);

        Bytes first(int layers);

        /// Of a keyframe.
        List<Size> sizes();
    }

    private record Vp9Picture(Vp9Superframe superframe) implements Picture {
        @Override
        public int layers() {
            return superframe.frames().size();
        }

        @Override
        public int bytes(int layers) {
            return superframe.bytes(layers);
        }

        @Override
        public Bytes first(int layers) {
            return superframe.first(layers);
        }

        @Override
        public List<Size> sizes() {
            return superframe.layers().stream()
                    .map(size -> new Size(size.width(), size.height()))
                    .toList();
        }
    }

    private record Av1Picture(Av1Layers unit) implements Picture {
        @Override
        public int layers() {
            return unit.count();
        }

        @Override
        public int bytes(int layers) {
            return unit.bytes(layers);
        }

        @Override
        public Bytes first(int layers) {
            return unit.first(layers);
        }

        @Override
        public List<Size> sizes() {
            return unit.sizes().stream()
                    .map(size -> new Size(size.width(), size.height()))
                    .toList();
        }
    }

    /// A picture of the stream, with all that there is of it.
    void frame(Frame whole, long nowNanos) {
        if (chosen() < 0 && !whole.keyframe()) {
            return;
        }
        Picture picture;
        try {
            picture = picture(whole);
            if (picture != null && whole.keyframe()) {
                keyframe(picture.sizes());
            }
        } catch (MalformedException _) {
            // Whoever decodes it will see; there are no layers in it.
            return;
        }
        for (int i = 0; picture != null && i <= chosen(); i++) {
            layer(i, picture, whole, nowNanos);
        }
    }

    private static @Nullable Picture picture(Frame whole) {
        return switch (whole.track().codec()) {
            case Codec.Vp9 _ -> new Vp9Picture(Vp9Superframe.parse(whole.data()));
            case Codec.Av1 _ -> new Av1Picture(Av1Layers.parse(whole.data()));
            case Codec.H264 _, Codec.H265 _, Codec.Vp8 _, Codec.Audio _ -> null;
        };
    }

    private void keyframe(List<Size> found) {
        coming = Math.min(found.size(), MAX_LAYERS);
        for (int i = 0; i < coming; i++) {
            if (i == sizes.size()) {
                sizes.add(found.get(i));
            } else {
                sizes.set(i, found.get(i));
            }
        }
    }

    private void layer(int layer, Picture picture, Frame whole, long nowNanos) {
        // A sender that is short of room leaves upper layers out, which needs no keyframe.
        int count = Math.min(layer + 1, picture.layers());
        rates.get(layer).add(picture.bytes(count), nowNanos);
        Sink wanting = sink;
        if (layer < chosen() && wanting != null && wanting.wants(layer)) {
            Bytes data = count == picture.layers() ? whole.data() : picture.first(count);
            guards.get(layer)
                    .write(new Frame(
                            track(layer, count, whole), whole.dtsNanos(), whole.ptsNanos(), whole.keyframe(), data));
        }
    }

    /// The size changes with keyframes only, as that of the stream does.
    private Track track(int layer, int count, Frame whole) {
        Track known = tracks[layer];
        if (known == null || whole.keyframe()) {
            Size size = sizes.get(count - 1);
            Codec smaller = sized(whole.track().codec(), size.width(), size.height());
            known = new Track(whole.track().id(), smaller, whole.track().rotationDegrees());
            tracks[layer] = known;
        }
        return known;
    }

    private static Codec sized(Codec codec, int width, int height) {
        return switch (codec) {
            case Codec.Vp9 vp9 -> new Codec.Vp9(vp9.profile(), vp9.bitDepth(), width, height);
            case Codec.Av1 av1 -> new Codec.Av1(av1.sequenceHeader(), width, height);
            case Codec.H264 _, Codec.H265 _, Codec.Vp8 _, Codec.Audio _ -> codec;
        };
    }

    private void hand(int layer, Frame frame) {
        Sink wanting = sink;
        if (wanting != null) {
            wanting.frame(layer, frame);
        }
    }

    @Override
    public List<Layer> all() {
        List<Layer> all = new ArrayList<>(MAX_LAYERS);
        for (int i = 0; i < MAX_LAYERS; i++) {
            Size size = i < sizes.size() ? sizes.get(i) : new Size(0, 0);
            all.add(new Layer("s" + i, size.width(), size.height(), rates.get(i).bitsPerSecond(), i < coming));
        }
        return all;
    }

    /// The stream is all of them. Where there never was more than one, it is none of these.
    @Override
    public int chosen() {
        return sizes.size() > 1 ? sizes.size() - 1 : -1;
    }

    @Override
    public int chosenAt(long dtsNanos) {
        return chosen();
    }

    @Override
    public void requestKeyframe(int layer) {
        keyframe.run();
    }

    @Override
    public void to(@Nullable Sink other) {
        sink = other;
    }
}
