package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// Of the layers of a simulcast, hands on the one with the largest picture that comes. It changes at a keyframe only:
/// upwards with any keyframe of a larger one, downwards when the one it has was silent for a while.
final class LayerChoice {
    /// At the start, all layers get this long to show how large they are: to begin with a small one and change at once
    /// would split a recording.
    static final long FIRST_NANOS = 1_000_000_000;

    static final long SILENT_NANOS = 1_000_000_000;
    static final long ASK_NANOS = 1_000_000_000;
    /// Of one layer while no choice was made; who sends more is chosen from at once.
    static final int MAX_WAITING = 256;

    /// What every container can tell apart.
    private static final long MIN_STEP_NANOS = 1_000_000;
    private static final long NONE = Long.MIN_VALUE;

    private final List<Layer> layers = new ArrayList<>();
    private final Consumer<Frame> out;
    private int chosen = -1;
    private int before = -1;
    private long changedNanos = NONE;
    private long firstNanos = NONE;
    private long askedNanos = NONE;
    private long lastNanos = -MIN_STEP_NANOS;
    private long changes;

    private static final class Layer {
        /// Since its last keyframe, while nothing is chosen.
        private final List<Frame> waiting = new ArrayList<>();

        private long area;
        private long frameNanos = NONE;

        private boolean alive(long nowNanos) {
            return frameNanos != NONE && nowNanos - frameNanos <= SILENT_NANOS;
        }
    }

    /// @param out takes the frames of the chosen layer
    LayerChoice(int count, Consumer<Frame> out) {
        this.out = out;
        for (int i = 0; i < count; i++) {
            layers.add(new Layer());
        }
    }

    /// A whole frame of a layer; the first one of each is a keyframe.
    void frame(int index, Frame frame, long nowNanos) {
        Layer layer = layers.get(index);
        layer.frameNanos = nowNanos;
        if (frame.keyframe() && frame.track().codec() instanceof Codec.Video codec) {
            layer.area = (long) codec.width() * codec.height();
        }
        if (chosen < 0) {
            wait(layer, frame, nowNanos);
        } else if (index == chosen) {
            write(frame);
        } else if (frame.keyframe()
                && (layer.area > area() || !layers.get(chosen).alive(nowNanos) && index == best(nowNanos))) {
            before = chosen;
            chosen = index;
            changes++;
            write(frame);
            changedNanos = lastNanos;
        }
    }

    private long area() {
        return layers.get(chosen).area;
    }

    private void wait(Layer layer, Frame frame, long nowNanos) {
        if (firstNanos == NONE) {
            firstNanos = nowNanos;
        }
        if (frame.keyframe()) {
            layer.waiting.clear();
        }
        layer.waiting.add(frame);
        if (layer.waiting.size() >= MAX_WAITING || layers.stream().allMatch(other -> other.area > 0)) {
            choose();
        }
    }

    private void choose() {
        for (int i = 0; i < layers.size(); i++) {
            if (!layers.get(i).waiting.isEmpty() && (chosen < 0 || layers.get(i).area > area())) {
                chosen = i;
            }
        }
        layers.get(chosen).waiting.forEach(this::write);
        layers.forEach(layer -> layer.waiting.clear());
    }

    /// Layers count from the same pictures: the first one of another may be as old as the last one.
    private void write(Frame frame) {
        long nanos = Math.max(frame.dtsNanos(), lastNanos + MIN_STEP_NANOS);
        lastNanos = nanos;
        out.accept(
                nanos == frame.dtsNanos()
                        ? frame
                        : new Frame(
                                frame.track(),
                                nanos,
                                Math.max(nanos, frame.ptsNanos()),
                                frame.keyframe(),
                                frame.data()));
    }

    /// @param askForKeyframe called with the layer that could be changed to
    void tick(long nowNanos, IntConsumer askForKeyframe) {
        if (chosen < 0) {
            if (firstNanos != NONE && nowNanos - firstNanos >= FIRST_NANOS) {
                choose();
            }
            return;
        }
        if (askedNanos != NONE && nowNanos - askedNanos < ASK_NANOS) {
            return;
        }
        int best = best(nowNanos);
        if (best >= 0 && best != chosen) {
            askedNanos = nowNanos;
            askForKeyframe.accept(best);
        }
    }

    private int best(long nowNanos) {
        int best = -1;
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).alive(nowNanos) && (best < 0 || layers.get(i).area > layers.get(best).area)) {
                best = i;
            }
        }
        return best;
    }

    /// Whether there were frames of it as long as there were any: nothing of a picture that stands still comes at all.
    boolean comes(int index) {
        long newest = NONE;
        for (Layer layer : layers) {
            newest = Math.max(newest, layer.frameNanos);
        }
        return newest != NONE && layers.get(index).alive(newest);
    }

    /// The one that is handed on, or -1 before there is one.
    int chosen() {
        return chosen;
    }

    /// The one that a frame with this decoding time is of, if it was handed on lately.
    int chosenAt(long dtsNanos) {
        return dtsNanos >= changedNanos ? chosen : before;
    }

    long changes() {
        return changes;
    }
}
