package tapedeck.rtp.payload;

/// What a loss costs a video track: which frames are gone, and whether the next keyframe is awaited.
final class FrameLoss {
    private static final long NONE = Long.MIN_VALUE;

    private boolean needsKeyframe = true;
    private long missingFrames;
    private long lastMissing = NONE;

    boolean needsKeyframe() {
        return needsKeyframe;
    }

    long missingFrames() {
        return missingFrames;
    }

    /// The frame with this timestamp cannot be handed on. Counted once, however many parts of it still come.
    void lost(long timestamp) {
        leftOut(timestamp);
        needsKeyframe = true;
    }

    /// Something was lost between two frames, and nothing is known of it.
    void lostUnseen() {
        leftOutUnseen();
        needsKeyframe = true;
    }

    /// As [#lost(long)], but no other frame depends on it.
    void leftOut(long timestamp) {
        if (timestamp != lastMissing) {
            missingFrames++;
            lastMissing = timestamp;
        }
    }

    /// As [#lostUnseen()], but no other frame depends on it, as far as is known.
    void leftOutUnseen() {
        missingFrames++;
    }

    void keyframe() {
        needsKeyframe = false;
    }
}
