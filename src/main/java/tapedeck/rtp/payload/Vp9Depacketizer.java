package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.vp9.Vp9Header;
import tapedeck.codec.vp9.Vp9Superframe;
import tapedeck.media.Codec;

/// VP9, RFC 9628. All spatial layers of a picture become one frame: a superframe (VP9 bitstream specification,
/// annex B), as a decoder and WebM want them.
///
/// Behind a loss, what can still be decoded is known in two ways: pictures of the flexible mode name those that
/// they depend on; others count the pictures of the base layer (see [LayerLoss]).
final class Vp9Depacketizer implements Depacketizer {
    static final int MAX_LAYERS = Vp9Superframe.MAX_FRAMES;

    /// P_DIFF has 7 bits.
    private static final int REACH = 128;
    /// B of the descriptor.
    private static final int STARTS = 0x08;
    /// P and B.
    private static final int STARTS_ALONE = 0x48;

    private final LayerLoss loss = new LayerLoss();
    private final Pieces pieces = new Pieces("VP9");
    private final int[] layerStarts = new int[MAX_LAYERS];
    /// The ids of pictures that were handed on, each at its id modulo the reach.
    private final int[] handedOn = new int[REACH];

    // The open picture.
    private boolean open;
    private int layers;
    private long timestamp;
    private @Nullable Vp9Descriptor base;
    private @Nullable Vp9Descriptor sized;
    private int topSpatialId;
    private boolean referencesThere;

    private boolean knowsStart = true;
    private Codec.@Nullable Vp9 codec;

    Vp9Depacketizer() {
        Arrays.fill(handedOn, -1);
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (open && timestamp != this.timestamp) {
            finish(sink);
        }
        if (payload.isEmpty()) {
            return;
        }
        this.timestamp = timestamp;
        try {
            take(payload);
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        if (marker && open) {
            finish(sink);
        }
    }

    private void take(Bytes payload) {
        ByteReader in = payload.reader();
        Vp9Descriptor descriptor = Vp9Descriptor.read(in);
        if (!open) {
            // Behind a loss, only the lowest layer is surely the first of its picture.
            if (!descriptor.starts() || !knowsStart && descriptor.spatialId() > 0) {
                loss.broken(timestamp);
                knowsStart = false;
                return;
            }
            begin(descriptor);
        } else if (descriptor.starts() && layers == MAX_LAYERS) {
            throw new MalformedException("VP9: picture of more than %d layers".formatted(MAX_LAYERS));
        }
        if (descriptor.starts()) {
            layerStarts[layers++] = pieces.sizeBytes();
            topSpatialId = descriptor.spatialId();
            referencesThere &= hasReferences(descriptor);
        }
        if (!descriptor.sizes().isEmpty()) {
            sized = descriptor;
        }
        pieces.add(in.rest());
    }

    private void begin(Vp9Descriptor descriptor) {
        open = true;
        knowsStart = true;
        layers = 0;
        base = descriptor;
        sized = null;
        referencesThere = true;
    }

    private boolean hasReferences(Vp9Descriptor descriptor) {
        for (int earlier : descriptor.references()) {
            int id = descriptor.pictureId() - earlier & (1 << descriptor.pictureIdBits()) - 1;
            if (handedOn[id % REACH] != id) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void gap(long packets) {
        loss.gap(packets, open, timestamp);
        knowsStart = false;
        clear();
    }

    /// The start of the lowest layer of a picture that depends on no other (P is 0) and whose header says keyframe: an
    /// intra-only picture leaves older ones in use.
    @Override
    public boolean beginsKeyframe(Bytes payload) {
        if (payload.isEmpty() || (payload.u8(0) & STARTS_ALONE) != STARTS) {
            return false;
        }
        try {
            ByteReader in = payload.reader();
            return Vp9Descriptor.read(in).spatialId() == 0 && Vp9Header.beginsKeyframe(in.u8());
        } catch (MalformedException _) {
            return false;
        }
    }

    @Override
    public boolean needsKeyframe() {
        return loss.needsKeyframe();
    }

    @Override
    public long missingFrames() {
        return loss.missingFrames();
    }

    /// The rest of the picture is of no use.
    private void abandon() {
        loss.broken(timestamp);
        knowsStart = false;
        clear();
    }

    private void clear() {
        open = false;
        pieces.clear();
    }

    private void finish(Sink sink) {
        Vp9Descriptor first = base;
        Bytes data = frame();
        Vp9Header header;
        try {
            header = Vp9Header.parse(data);
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        clear();
        if (first == null) {
            return;
        }
        if (header.keyframe()) {
            codec = codec(header);
            Arrays.fill(handedOn, -1);
            loss.keyframe(first.layer());
        } else if (first.namesReferences()) {
            if (!loss.decodable(first.layer(), referencesThere, timestamp)) {
                return;
            }
        } else if (!loss.decodable(first.layer(), timestamp)) {
            return;
        }
        if (first.pictureId() >= 0) {
            handedOn[first.pictureId() % REACH] = first.pictureId();
        }
        Codec.Vp9 current = codec;
        if (current != null) {
            sink.frame(current, timestamp, header.keyframe(), data);
        }
    }

    /// One layer as it is, several with an index behind them: annex B.2.
    private Bytes frame() {
        if (layers == 1) {
            return Bytes.wrap(pieces.joined(0));
        }
        List<Integer> sizes = new ArrayList<>(layers);
        for (int i = 0; i < layers; i++) {
            int end = i + 1 < layers ? layerStarts[i + 1] : pieces.sizeBytes();
            sizes.add(end - layerStarts[i]);
        }
        byte[] frame = pieces.joined(Vp9Superframe.indexBytes(layers));
        Vp9Superframe.putIndex(sizes, frame, pieces.sizeBytes());
        return Bytes.wrap(frame);
    }

    /// The keyframe itself is the lowest layer: the size is that of the highest one, if that was said.
    private Codec.Vp9 codec(Vp9Header header) {
        Codec.Vp9 next = header.codec();
        Vp9Descriptor structure = sized;
        if (structure != null
                && topSpatialId > 0
                && topSpatialId < structure.sizes().size()) {
            int size = structure.sizes().get(topSpatialId);
            if (size >>> 16 > 0 && (size & 0xFFFF) > 0) {
                next = new Codec.Vp9(next.profile(), next.bitDepth(), size >>> 16, size & 0xFFFF);
            }
        }
        Codec.Vp9 current = codec;
        return current != null && current.equals(next) ? current : next;
    }
}
