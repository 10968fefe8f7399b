package tapedeck.rtp;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What one publisher's track may do to those behind it: each change of codec or size can begin a new file, and a size
/// can be a lie that somebody allocates for. Frames of a picture that is too large, or that changes too often, are left
/// out.
public final class TrackGuard {
    /// H.264 and H.265 end at 8192 x 4320, level 6.2.
    public static final int MAX_PICTURE_SIDE = 8_192;
    /// Cameras turn, networks narrow: a few changes may come together, and then one in this time.
    static final int MAX_CHANGES_AT_ONCE = 8;

    static final long CHANGE_NANOS = 2_000_000_000;

    private final Consumer<Frame> out;
    private @Nullable Track current;
    private boolean skipping;
    private int changes = MAX_CHANGES_AT_ONCE;
    private long refilledNanos;
    private long refused;

    /// @param out takes the frames that go on
    public TrackGuard(Consumer<Frame> out) {
        this.out = out;
    }

    /// Hands it on, or leaves it out.
    public void write(Frame frame) {
        if (!frame.track().equals(current) && !change(frame)) {
            refused++;
            skipping = true;
            return;
        }
        if (skipping && !frame.keyframe()) {
            // Between it and the last one that went on, some are left out.
            refused++;
            return;
        }
        skipping = false;
        out.accept(frame);
    }

    private boolean change(Frame frame) {
        if (frame.track().codec() instanceof Codec.Video video
                && (video.width() > MAX_PICTURE_SIDE || video.height() > MAX_PICTURE_SIDE)) {
            return false;
        }
        long gained = (frame.dtsNanos() - refilledNanos) / CHANGE_NANOS;
        if (gained > 0) {
            refilledNanos += gained * CHANGE_NANOS;
            changes = (int) Math.min(MAX_CHANGES_AT_ONCE, changes + gained);
        }
        if (changes == 0) {
            return false;
        }
        changes--;
        current = frame.track();
        return true;
    }

    /// Frames that were left out.
    public long refused() {
        return refused;
    }
}
