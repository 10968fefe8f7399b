package tapedeck.rtp.payload;

import java.util.BitSet;

/// What a loss costs a video track whose pictures say their temporal layer (RFC 7741 4.2, RFC 9628 4.2): the
/// base layer depends on itself alone, and TL0PICIDX counts its pictures. So if none of them is missing behind a
/// loss, decoding goes on, and only the higher layers wait for a picture that lets them begin again.
final class LayerLoss {
    /// TL0PICIDX has 8 bits: behind a longer loss it may have come round.
    static final int MAX_LOST_PACKETS = 100;
    /// A layer that does not begin again in this time never will: a keyframe is asked for.
    static final int MAX_LEFT_OUT = 60;

    private static final int NONE = -1;
    private static final int LAYERS = 8;

    private final FrameLoss loss = new FrameLoss();
    private final BitSet broken = new BitSet(LAYERS);
    private int lastPictureId = NONE;
    private int lastTl0PicIdx = NONE;
    /// Whether the next picture will tell what a loss has cost.
    private boolean tellsLoss;

    private long lostPackets;
    private int leftOut;

    /// The layer of a picture.
    ///
    /// @param pictureId or -1
    /// @param pictureIdBits 7 or 15
    /// @param tl0PicIdx or -1
    /// @param temporalId 0 is the base layer
    /// @param sync whether it depends on no picture of a higher layer than the base
    /// @param switchesUp whether no later picture of a higher layer depends on one before it
    /// @param namesReferences whether every picture says what it depends on
    record Layer(
            int pictureId,
            int pictureIdBits,
            int tl0PicIdx,
            int temporalId,
            boolean sync,
            boolean switchesUp,
            boolean namesReferences) {
        /// Nothing was said.
        static final Layer UNKNOWN = new Layer(NONE, 15, NONE, 0, false, false, false);
    }

    boolean needsKeyframe() {
        return loss.needsKeyframe();
    }

    long missingFrames() {
        return loss.missingFrames();
    }

    /// Packets in front of the next picture are lost.
    ///
    /// @param timestamp of the picture that they were a part of, if that is known
    void gap(long packets, boolean openPicture, long timestamp) {
        lostPackets += packets;
        boolean hopeless = !tellsLoss || lostPackets > MAX_LOST_PACKETS;
        if (openPicture) {
            broken(timestamp);
        } else if (hopeless) {
            loss.lostUnseen();
        } else {
            loss.leftOutUnseen();
        }
    }

    /// A picture is of no use: damaged, or a part of it is missing.
    void broken(long timestamp) {
        lostPackets = Math.max(lostPackets, 1);
        if (!tellsLoss || lostPackets > MAX_LOST_PACKETS) {
            loss.lost(timestamp);
        } else {
            loss.leftOut(timestamp);
        }
    }

    /// A whole keyframe.
    void keyframe(Layer layer) {
        loss.keyframe();
        broken.clear();
        leftOut = 0;
        lostPackets = 0;
        seen(layer);
    }

    /// Whether this whole picture, no keyframe, can be decoded. Counted if not.
    boolean decodable(Layer layer, long timestamp) {
        if (loss.needsKeyframe()) {
            loss.lost(timestamp);
            return false;
        }
        if (lostPackets > 0 && !explains(layer)) {
            loss.lost(timestamp);
            return false;
        }
        lostPackets = 0;
        seen(layer);
        boolean decodable = isBase(layer) || layer.sync() || isWhole(layer.temporalId());
        if (!decodable) {
            return leftOut(timestamp);
        }
        if (layer.sync() && !isBase(layer)) {
            broken.clear(layer.temporalId());
        }
        if (layer.switchesUp()) {
            broken.clear(layer.temporalId() + 1, LAYERS);
        }
        if (broken.isEmpty()) {
            leftOut = 0;
        }
        return true;
    }

    /// As [#decodable(Layer, long)], where the picture named all that it depends on.
    boolean decodable(Layer layer, boolean referencesThere, long timestamp) {
        if (loss.needsKeyframe() || !referencesThere && isBase(layer)) {
            loss.lost(timestamp);
            return false;
        }
        if (!referencesThere) {
            return leftOut(timestamp);
        }
        lostPackets = 0;
        leftOut = 0;
        seen(layer);
        return true;
    }

    private boolean leftOut(long timestamp) {
        loss.leftOut(timestamp);
        if (++leftOut > MAX_LEFT_OUT) {
            loss.lost(timestamp);
        }
        return false;
    }

    /// Whether the loss was none of the base layer's. If it was no picture at all (padding), nothing is broken.
    private boolean explains(Layer layer) {
        if (layer.pictureId() != NONE
                && lastPictureId != NONE
                && layer.pictureId() == (lastPictureId + 1 & (1 << layer.pictureIdBits()) - 1)) {
            return true;
        }
        if (layer.tl0PicIdx() == NONE || lastTl0PicIdx == NONE) {
            return false;
        }
        int expected = isBase(layer) ? lastTl0PicIdx + 1 & 0xFF : lastTl0PicIdx;
        broken.set(1, LAYERS);
        return layer.tl0PicIdx() == expected;
    }

    private boolean isWhole(int temporalId) {
        int first = broken.nextSetBit(1);
        return first < 0 || first > temporalId;
    }

    private static boolean isBase(Layer layer) {
        return layer.temporalId() == 0;
    }

    private void seen(Layer layer) {
        lastPictureId = layer.pictureId();
        lastTl0PicIdx = layer.tl0PicIdx();
        tellsLoss = lastTl0PicIdx != NONE || layer.namesReferences();
    }
}
