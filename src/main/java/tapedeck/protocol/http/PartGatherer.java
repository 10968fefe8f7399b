package tapedeck.protocol.http;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.stream.Item;
import tapedeck.stream.Tally;

/// Keeps what is said about the frames of a part while a muxer makes its bytes of them.
final class PartGatherer {
    private final Supplier<Bytes> muxed;
    private final List<Part> parts = new ArrayList<>();
    private long dtsNanos;
    private Tally carried = new Tally();
    private Part.@Nullable Entry entry;

    /// @param muxed gives what the muxer has made since the last time
    PartGatherer(Supplier<Bytes> muxed) {
        this.muxed = muxed;
    }

    /// Whether a player can begin with this frame: then a part has to.
    boolean begins(Item.Media media) {
        return media.entryPoint() && (media.frame().track().isVideo() || carried.frames() == 0);
    }

    /// This frame is the next of the part.
    ///
    /// @param begin what lets a player begin with it, or null
    void add(Frame frame, Part.@Nullable Entry begin) {
        if (carried.frames() == 0) {
            dtsNanos = frame.dtsNanos();
            entry = begin;
        }
        carried.add(frame);
    }

    /// The part ends here.
    void cut() {
        if (carried.frames() > 0) {
            Bytes data = muxed.get();
            if (!data.isEmpty()) {
                parts.add(new Part(data, dtsNanos, carried, entry));
            }
            carried = new Tally();
            entry = null;
        }
    }

    List<Part> take() {
        cut();
        List<Part> taken = List.copyOf(parts);
        parts.clear();
        return taken;
    }
}
