package tapedeck.rtp.payload;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.vp8.Vp8Header;
import tapedeck.media.Codec;

/// VP8, RFC 7741 4.2.
///
/// ```
/// |X|R|N|S|R| PID |   S and PID 0: a frame starts here
/// |I|L|T|K|  RSV  |   if X
/// |M| PictureID   |   if I; 15 bits if M
/// |   TL0PICIDX   |   if L
/// |TID|Y| KEYIDX  |   if T or K
/// ```
final class Vp8Depacketizer implements Depacketizer {
    private final LayerLoss loss = new LayerLoss();
    private final Pieces pieces = new Pieces("VP8");
    private boolean open;
    private long timestamp;
    private LayerLoss.Layer layer = LayerLoss.Layer.UNKNOWN;
    private Codec.@Nullable Vp8 codec;

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (open && timestamp != this.timestamp) {
            finish(sink);
        }
        if (payload.isEmpty()) {
            return;
        }
        try {
            ByteReader in = payload.reader();
            LayerLoss.Layer next = descriptor(in);
            if (starts(payload)) {
                if (open) {
                    finish(sink);
                }
                open = true;
                layer = next;
            }
            this.timestamp = timestamp;
            if (!open) {
                // The rest of a frame whose first part is gone.
                loss.broken(timestamp);
                return;
            }
            pieces.add(in.rest());
        } catch (MalformedException e) {
            this.timestamp = timestamp;
            abandon();
            throw e;
        }
        if (marker) {
            finish(sink);
        }
    }

    @Override
    public void gap(long packets) {
        loss.gap(packets, open, timestamp);
        clear();
    }

    /// The frame tag stands behind the descriptor: its lowest bit is 0 in a keyframe, RFC 6386 9.1.
    @Override
    public boolean beginsKeyframe(Bytes payload) {
        if (payload.isEmpty() || !starts(payload)) {
            return false;
        }
        try {
            ByteReader in = payload.reader();
            descriptor(in);
            return (in.u8() & 1) == 0;
        } catch (MalformedException _) {
            return false;
        }
    }

    /// S and partition 0.
    private static boolean starts(Bytes payload) {
        return (payload.u8(0) & 0x17) == 0x10;
    }

    @Override
    public boolean needsKeyframe() {
        return loss.needsKeyframe();
    }

    @Override
    public long missingFrames() {
        return loss.missingFrames();
    }

    /// Reads up to the first byte of the frame, of which there has to be one.
    private static LayerLoss.Layer descriptor(ByteReader in) {
        int head = in.u8();
        LayerLoss.Layer layer = LayerLoss.Layer.UNKNOWN;
        if ((head & 0x80) != 0) {
            layer = extension(in, in.u8());
        }
        if (!in.hasRemaining()) {
            throw new MalformedException(
                    "VP8: payload descriptor of %d bytes and nothing else".formatted(in.position()));
        }
        return layer;
    }

    private static LayerLoss.Layer extension(ByteReader in, int has) {
        int pictureId = -1;
        int pictureIdBits = 15;
        if ((has & 0x80) != 0) {
            pictureId = in.u8();
            if (pictureId >= 0x80) {
                pictureId = (pictureId & 0x7F) << 8 | in.u8();
            } else {
                pictureIdBits = 7;
            }
        }
        int tl0PicIdx = (has & 0x40) != 0 ? in.u8() : -1;
        int layers = (has & 0x30) != 0 ? in.u8() : 0;
        if ((has & 0x20) == 0) {
            // Without TID the index says nothing.
            return new LayerLoss.Layer(pictureId, pictureIdBits, -1, 0, false, false, false);
        }
        return new LayerLoss.Layer(
                pictureId, pictureIdBits, tl0PicIdx, layers >> 6, (layers & 0x20) != 0, false, false);
    }

    private void abandon() {
        loss.broken(timestamp);
        clear();
    }

    private void clear() {
        open = false;
        pieces.clear();
    }

    private void finish(Sink sink) {
        Bytes data = Bytes.wrap(pieces.joined(0));
        Vp8Header header;
        try {
            header = Vp8Header.parse(data);
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        clear();
        if (header.keyframe()) {
            Codec.Vp8 next = header.codec();
            codec = next.equals(codec) ? codec : next;
            loss.keyframe(layer);
        } else if (!loss.decodable(layer, timestamp)) {
            return;
        }
        Codec.Vp8 current = codec;
        if (current != null) {
            sink.frame(current, timestamp, header.keyframe(), data);
        }
    }
}
