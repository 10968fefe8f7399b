package tapedeck.protocol.fetch;

import java.util.ArrayList;
import java.util.List;
import tapedeck.media.Frame;

/// The way from the beginning of a file that has no index to a place in it: what is passed is forgotten but for what
/// the place needs, which is all since the last keyframe.
final class Skip {
    /// Of one group of pictures. One that is larger is begun with later.
    static final int MAX_KEPT_BYTES = 32 << 20;

    private static final long OVER = -1;

    private final List<Frame> kept = new ArrayList<>();
    private long toNanos = OVER;
    private long firstNanos;
    private long keptBytes;
    private boolean begun;
    private boolean pictures;

    /// Begins: the first frame that comes is the file's first one.
    void to(long nanos) {
        taken();
        toNanos = nanos;
        begun = false;
        pictures = false;
    }

    boolean isOver() {
        return toNanos == OVER;
    }

    /// Takes the next frame of the file. Times count from its first picture, or from its first sound if it has none.
    ///
    /// @return whether that is the place: what can be begun with there is what is [#taken]
    boolean reached(Frame frame) {
        boolean firstPicture = frame.track().isVideo() && !pictures;
        if (!begun || firstPicture) {
            begun = true;
            firstNanos = frame.dtsNanos();
        }
        pictures |= firstPicture;
        boolean counts = frame.track().isVideo() == pictures;
        long atNanos = frame.dtsNanos() - firstNanos;
        // Sound alone can be begun with anywhere.
        boolean entry = frame.keyframe() && counts;
        if (entry && (atNanos <= toNanos || kept.isEmpty()) || keptBytes > MAX_KEPT_BYTES) {
            kept.clear();
            keptBytes = 0;
        }
        if (entry || !kept.isEmpty()) {
            kept.add(frame);
            keptBytes += frame.data().length();
        }
        return counts && !kept.isEmpty() && atNanos >= toNanos;
    }

    /// What was kept; and it is over.
    List<Frame> taken() {
        List<Frame> taken = List.copyOf(kept);
        kept.clear();
        keptBytes = 0;
        toNanos = OVER;
        return taken;
    }
}
