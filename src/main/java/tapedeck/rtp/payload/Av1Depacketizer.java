package tapedeck.rtp.payload;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Av1TemporalUnit;
import tapedeck.codec.av1.Obu;
import tapedeck.media.Codec;

/// AV1, RTP Payload Format For AV1 1.0, 4.4: a temporal unit is a frame, with all its layers.
///
/// ```
/// |Z|Y| W |N|-|-|-|   Z: the first element goes on from the last packet, Y: the last one goes on in the next
/// | size (leb128) | OBU element | size | OBU element …   W of them, the last without a size; all with one if W is 0
/// ```
/// Behind a loss nothing is handed on until a temporal unit with a sequence header and a key frame, and the
/// sequence header is the first of its unit: so no other proof is needed that the beginning is there.
final class Av1Depacketizer implements Depacketizer {
    private final FrameLoss loss = new FrameLoss();
    private final Units obus = new Units("AV1");
    private boolean open;
    private long timestamp;
    private Codec.@Nullable Av1 codec;

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
            elements(payload);
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        if (marker && open) {
            finish(sink);
        }
    }

    private void elements(Bytes payload) {
        int head = payload.u8(0);
        boolean goesOn = (head & 0x80) != 0;
        if (goesOn && !obus.isOpen() && loss.needsKeyframe()) {
            // The rest of what is lost.
            abandon();
            return;
        }
        if (goesOn != obus.isOpen()) {
            throw new MalformedException(
                    goesOn ? "AV1: a fragment of an OBU has no start" : "AV1: a fragment of an OBU has no end");
        }
        open = true;
        int count = head >> 4 & 3;
        boolean unfinished = (head & 0x40) != 0;
        ByteReader in = payload.reader();
        in.skip(1);
        int i = 0;
        while (in.hasRemaining()) {
            i++;
            Bytes element = count == i ? in.rest() : in.take(Obu.leb128(in));
            if (!obus.isOpen()) {
                obus.begin(0, 0);
            }
            obus.add(element);
            if (in.hasRemaining() || !unfinished) {
                end();
            }
        }
        if (i == 0 || i < count) {
            throw new MalformedException("AV1: %d of %d elements there".formatted(i, count));
        }
    }

    /// 5: what means nothing to a file stays behind.
    private void end() {
        Units.Unit obu = obus.end();
        if (obu.length() == 0) {
            obus.removeLast();
            return;
        }
        int type = Obu.type(obus.u8(obu, 0));
        if (type == Obu.TEMPORAL_DELIMITER || type == Obu.TILE_LIST || type == Obu.PADDING) {
            obus.removeLast();
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

    /// 4.4: N says so; a sequence header in front does where it was forgotten.
    @Override
    public boolean beginsKeyframe(Bytes payload) {
        if (payload.isEmpty() || (payload.u8(0) & 0x80) != 0) {
            return false;
        }
        int head = payload.u8(0);
        if ((head & 0x08) != 0) {
            return true;
        }
        try {
            ByteReader in = payload.reader();
            in.skip(1);
            if ((head >> 4 & 3) != 1) {
                Obu.leb128(in);
            }
            return Obu.type(in.u8()) == Obu.SEQUENCE_HEADER;
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

    private void abandon() {
        loss.lost(timestamp);
        clear();
    }

    private void clear() {
        open = false;
        obus.clear();
    }

    private void finish(Sink sink) {
        if (obus.isOpen()) {
            abandon();
            return;
        }
        if (obus.isEmpty()) {
            clear();
            return;
        }
        Bytes data;
        Av1TemporalUnit unit;
        try {
            data = frame();
            unit = Av1TemporalUnit.parse(data);
        } catch (MalformedException e) {
            abandon();
            throw e;
        }
        clear();
        if (unit.keyframe()) {
            Codec.Av1 next = unit.sequenceHeader().orElseThrow().codec();
            codec = next.equals(codec) ? codec : next;
            loss.keyframe();
        } else if (loss.needsKeyframe()) {
            loss.lost(timestamp);
            return;
        }
        Codec.Av1 current = codec;
        if (current != null) {
            sink.frame(current, timestamp, unit.keyframe(), data);
        }
    }

    /// The OBUs with their sizes, which most senders leave out.
    private Bytes frame() {
        int size = 0;
        for (Units.Unit obu : obus.all()) {
            size += obu.length() + (isSized(obu) ? 0 : Obu.leb128Bytes(payloadBytes(obu)));
        }
        byte[] out = new byte[size];
        int at = 0;
        for (Units.Unit obu : obus.all()) {
            if (isSized(obu)) {
                at = obus.copy(obu, 0, out, at);
                Bytes whole = Bytes.wrap(out, at - obu.length(), at);
                if (Obu.read(whole).whole().length() != obu.length()) {
                    throw new MalformedException("AV1: OBU with a size that is not its element's");
                }
                continue;
            }
            int header = headerBytes(obu);
            for (int i = 0; i < header; i++) {
                out[at++] = (byte) (obus.u8(obu, i) | (i == 0 ? Obu.HAS_SIZE : 0));
            }
            at = Obu.putLeb128(payloadBytes(obu), out, at);
            at = obus.copy(obu, header, out, at);
        }
        return Bytes.wrap(out);
    }

    private boolean isSized(Units.Unit obu) {
        return (obus.u8(obu, 0) & Obu.HAS_SIZE) != 0;
    }

    private int headerBytes(Units.Unit obu) {
        return (obus.u8(obu, 0) & Obu.HAS_EXTENSION) != 0 ? 2 : 1;
    }

    private int payloadBytes(Units.Unit obu) {
        int payload = obu.length() - headerBytes(obu);
        if (payload < 0) {
            throw new MalformedException("AV1: OBU of %d bytes with an extension".formatted(obu.length()));
        }
        return payload;
    }
}
