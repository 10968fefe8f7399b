package tapedeck.protocol.webrtc;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;

/// The layers of one publisher's simulcast as its viewers' side sees them: the best one is the stream, and the frames
/// of another one can be had as long as somebody wants them. They share the time of the stream. Lives on the loop of
/// the port.
interface Layers {
    /// In place of a layer's number: the stream itself, whichever of the layers that is.
    int STREAM = -1;
    /// Nothing, before a first picture.
    int NONE = -2;

    /// @param width of the last keyframe, 0 before there was one
    /// @param bitsPerSecond over the last two seconds, 0 while unknown
    /// @param comes whether there were frames of it lately
    record Layer(String rid, int width, int height, long bitsPerSecond, boolean comes) {
        long area() {
            return (long) width * height;
        }
    }

    interface Sink {
        boolean wants(int layer);

        /// Of a layer that is wanted and is not the stream. More frames are being put together: it only keeps it.
        void frame(int layer, Frame frame);
    }

    /// By number; always as many.
    List<Layer> all();

    /// Which one is the stream, or -1 before there is one.
    int chosen();

    /// Which one the stream was at this decoding time: what waits to be sent may be of the one before.
    int chosenAt(long dtsNanos);

    /// Of this layer alone.
    void requestKeyframe(int layer);

    /// From now on frames go there, or nowhere.
    void to(@Nullable Sink sink);
}
