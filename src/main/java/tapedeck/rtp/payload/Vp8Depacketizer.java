package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
    static final int MAX_FRAME_BYTES = 8 << 20;
    static final int MAX_PIECES = 16_384;

    private final FrameLoss loss = new FrameLoss();
    private final List<Bytes> pieces = new ArrayList<>();
    private boolean open;
    private int sizeBytes;
    private long timestamp;
    private Codec.@Nullable Vp8 codec;

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (open && timestamp != this.timestamp) {
            finish(sink);
        }
        if (payload.isEmpty()) {
            return;
        }
        int at;
        try {
            at = descriptorBytes(payload);
        } catch (MalformedException e) {
            this.timestamp = timestamp;
            abandon();
            throw e;
        }
        if ((payload.u8(0) & 0x17) == 0x10) {
            if (open) {
                finish(sink);
            }
            open = true;
            this.timestamp = timestamp;
        }
        if (!open) {
            // The rest of a frame whose first part is gone.
            loss.lost(timestamp);
            return;
        }
        try {
            add(payload.slice(at));
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        if (marker) {
            finish(sink);
        }
    }

    @Override
    public void gap(long packets) {
        if (open) {
            abandon();
        } else {
            loss.lostUnseen();
        }
    }

    @Override
    public boolean beginsKeyframe(Bytes payload) {
        if (payload.isEmpty() || (payload.u8(0) & 0x17) != 0x10) {
            return false;
        }
        try {
            // RFC 6386 9.1: the first bit of a frame is 0 in a keyframe.
            return (payload.u8(descriptorBytes(payload)) & 1) == 0;
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

    static int descriptorBytes(Bytes payload) {
        int at = 1;
        if ((payload.u8(0) & 0x80) != 0) {
            int extension = octet(payload, at++);
            if ((extension & 0x80) != 0) {
                at += (octet(payload, at) & 0x80) != 0 ? 2 : 1;
            }
            if ((extension & 0x40) != 0) {
                at++;
            }
            if ((extension & 0x30) != 0) {
                at++;
            }
        }
        if (at >= payload.length()) {
            throw new MalformedException("VP8: payload descriptor of %d bytes in %d".formatted(at, payload.length()));
        }
        return at;
    }

    private static int octet(Bytes payload, int at) {
        if (at >= payload.length()) {
            throw new MalformedException("VP8: payload descriptor longer than its %d bytes".formatted(at));
        }
        return payload.u8(at);
    }

    private void add(Bytes piece) {
        sizeBytes += piece.length();
        if (sizeBytes > MAX_FRAME_BYTES || pieces.size() == MAX_PIECES) {
            throw new MalformedException("VP8: frame of %d bytes in %d parts".formatted(sizeBytes, pieces.size() + 1));
        }
        pieces.add(piece);
    }

    private void abandon() {
        loss.lost(timestamp);
        clear();
    }

    private void clear() {
        open = false;
        sizeBytes = 0;
        pieces.clear();
    }

    private void finish(Sink sink) {
        open = false;
        byte[] frame = new byte[sizeBytes];
        int at = 0;
        for (Bytes piece : pieces) {
            piece.copyTo(0, frame, at, piece.length());
            at += piece.length();
        }
        Bytes data = Bytes.wrap(frame);
        Vp8Header header;
        try {
            header = Vp8Header.parse(data);
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        clear();
        Codec.Vp8 current = codec;
        if (header.keyframe()) {
            Codec.Vp8 next = header.codec();
            current = next.equals(current) ? current : next;
            codec = current;
            loss.keyframe();
        } else if (loss.needsKeyframe()) {
            loss.lost(timestamp);
            return;
        }
        if (current != null) {
            sink.frame(current, timestamp, header.keyframe(), data);
        }
    }
}
