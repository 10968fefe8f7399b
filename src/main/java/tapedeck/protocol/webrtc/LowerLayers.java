package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.media.Frame;

/// Who of an audience has which layer of a simulcast instead of the stream, or is about to. Of a layer that nobody has,
/// no frame is taken. Lives on the port's loop.
final class LowerLayers implements Layers.Sink {
    /// A keyframe of one layer is asked for this often, however many viewers want it.
    static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Layers layers;
    private final Runnable wake;
    private final List<List<Audience.Viewer>> viewers = new ArrayList<>();
    private final long[] askedNanos;
    private List<Picture> pictures = new ArrayList<>();

    /// Waits for the next turn of the loop.
    record Picture(int layer, Frame frame) {}

    /// @param wake called when there is a first picture to take
    LowerLayers(Layers layers, Runnable wake, long nowNanos) {
        this.layers = layers;
        this.wake = wake;
        int count = layers.all().size();
        this.askedNanos = new long[count];
        for (int i = 0; i < count; i++) {
            viewers.add(new ArrayList<>());
            askedNanos[i] = nowNanos - ASK_NANOS;
        }
    }

    Layers layers() {
        return layers;
    }

    @Override
    public boolean wants(int layer) {
        return !viewers.get(layer).isEmpty();
    }

    @Override
    public void frame(int layer, Frame frame) {
        pictures.add(new Picture(layer, frame));
        if (pictures.size() == 1) {
            wake.run();
        }
    }

    List<Picture> take() {
        List<Picture> taken = pictures;
        pictures = new ArrayList<>();
        return taken;
    }

    List<Audience.Viewer> viewers(int layer) {
        return viewers.get(layer);
    }

    /// The viewer gets the pictures of these two layers, or of the stream, and of no other.
    void place(Audience.Viewer viewer, int current, int wanted) {
        for (int i = 0; i < viewers.size(); i++) {
            List<Audience.Viewer> of = viewers.get(i);
            boolean here = of.contains(viewer);
            if (i != current && i != wanted) {
                of.remove(viewer);
            } else if (!here) {
                of.add(viewer);
            }
        }
    }

    void leave(Audience.Viewer viewer) {
        place(viewer, Layers.NONE, Layers.NONE);
    }

    void requestKeyframe(int layer, long nowNanos) {
        if (nowNanos - askedNanos[layer] >= ASK_NANOS) {
            askedNanos[layer] = nowNanos;
            layers.requestKeyframe(layer);
        }
    }
}
