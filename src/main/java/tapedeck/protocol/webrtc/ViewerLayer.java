package tapedeck.protocol.webrtc;

import org.jspecify.annotations.Nullable;
import tapedeck.rtp.FramePackets;

/// One viewer's place among the layers of a simulcast: [LayerSwitch] decides, this asks and tells those around it.
final class ViewerLayer {
    private final LayerSwitch decision;
    private final VideoQueue queue;
    private final Needs needs;
    private long seenNoRoom;

    /// What only the session can do.
    interface Needs {
        /// Of the stream's publisher; null where there is no simulcast.
        default @Nullable Layers layers() {
            return null;
        }

        /// The viewer has another layer, or wants another one.
        default void placed() {}

        /// A keyframe of this layer, or of the stream, would let the viewer change to it.
        default void change(int to) {}
    }

    ViewerLayer(LayerLimit limit, VideoQueue queue, Needs needs, long nowNanos) {
        this.decision = new LayerSwitch(limit, nowNanos);
        this.queue = queue;
        this.needs = needs;
    }

    /// Before the first picture.
    void begin() {
        Layers layers = needs.layers();
        if (layers != null) {
            decision.begin(layers);
        }
    }

    /// A number, [Layers#STREAM] or [Layers#NONE].
    int current() {
        return decision.current();
    }

    int wanted() {
        return decision.wanted();
    }

    /// Whether a larger one is there, and nobody knows whether the path carries it.
    boolean wantsMore(long bitsPerSecond) {
        return decision.wantsMore(bitsPerSecond);
    }

    /// What is to be sent at least, to see whether the path carries it; 0 where that is known.
    long triedBitsPerSecond() {
        return decision.triedBitsPerSecond();
    }

    /// Whether the picture goes to this viewer.
    ///
    /// @param from the layer that it is of, or [Layers#STREAM]
    boolean takes(FramePackets frame, int from) {
        if (from == decision.current()) {
            return true;
        }
        Layers layers = needs.layers();
        int stream = layers == null ? -1 : layers.chosenAt(frame.frame().dtsNanos());
        if (!decision.takes(from, frame.entryPoint(), stream)) {
            return false;
        }
        queue.change();
        // What gave way says nothing about the path.
        seenNoRoom = queue.noRoom();
        needs.placed();
        return true;
    }

    /// Whether another layer is what the path carries.
    ///
    /// @param measured whether probes can tell that it carries more than is sent
    /// @param limitBytes what may wait
    /// @param calmNanos since the path was full
    void fit(long bitsPerSecond, boolean measured, long limitBytes, long calmNanos, long nowNanos) {
        Layers layers = needs.layers();
        if (layers == null) {
            return;
        }
        long noRoom = queue.noRoom();
        var path = new LayerSwitch.Path(
                bitsPerSecond, measured, queue.bytes() > limitBytes / 2, noRoom > seenNoRoom, calmNanos);
        seenNoRoom = noRoom;
        int before = decision.wanted();
        boolean ask = decision.look(layers, path, nowNanos);
        if (decision.wanted() != before) {
            needs.placed();
        }
        if (ask) {
            needs.change(decision.wanted());
        }
    }

    /// The rid of what the viewer gets, or "".
    String name() {
        Layers layers = needs.layers();
        int number = layers != null && current() == Layers.STREAM ? layers.chosen() : current();
        return layers == null || number < 0 ? "" : layers.all().get(number).rid();
    }
}
