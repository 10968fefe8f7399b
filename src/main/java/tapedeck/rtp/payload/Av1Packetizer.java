package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.av1.Obu;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// AV1, RTP Payload Format For AV1 1.0, 4.4 and 5: OBUs without sizes, one behind the other; only the last
/// element of a payload is not copied, which is nearly all of it.
///
/// A payload ends inside an OBU, as long as more of the same layer follows: browsers take one that begins with a
/// whole OBU for the beginning of a frame, unless a header extension tells them.
final class Av1Packetizer implements Packetizer {
    private static final int Z = 0x80;
    private static final int Y = 0x40;
    private static final int N = 0x08;
    /// W counts to three.
    private static final int MAX_ELEMENTS = 3;

    private final int maxPayloadBytes;
    private final Layers layers;

    // The frame that is being cut.
    private final List<Element> elements = new ArrayList<>();
    private int next;
    private int done;

    Av1Packetizer(int maxPayloadBytes, Layers layers) {
        this.maxPayloadBytes = maxPayloadBytes;
        this.layers = layers;
    }

    /// What becomes of the spatial and temporal layers of a unit.
    enum Layers {
        /// Each has payloads of its own, as 5 wants it.
        APART,
        /// The unit is cut as if it had one: whoever cannot be told where layers begin, which takes a header extension
        /// (the dependency descriptor), takes each payload that begins with an OBU for another picture.
        TOGETHER
    }

    /// An OBU without its size.
    ///
    /// @param layer its extension byte, or -1
    private record Element(Bytes header, Bytes payload, int layer) {
        int length() {
            return header.length() + payload.length();
        }

        /// 5: OBUs of different layers are not in one packet.
        boolean goesWith(Element other) {
            return layer < 0 || other.layer < 0 || layer == other.layer;
        }
    }

    private Element element(Obu obu) {
        int first = obu.whole().u8(0) & ~Obu.HAS_SIZE;
        if (obu.headerBytes() == 1) {
            return new Element(Bytes.ofU8(first), obu.payload(), -1);
        }
        int extension = obu.whole().u8(1);
        return new Element(
                Bytes.ofU8(first, extension),
                obu.payload(),
                switch (layers) {
                    case APART -> extension;
                    case TOGETHER -> -1;
                });
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        collect(frame);
        int size = 0;
        for (Element element : elements) {
            size += element.length() + Obu.leb128Bytes(element.length());
        }
        int payloadBytes = EqualParts.payloadBytes(Math.max(size, 1), 1, 1, maxPayloadBytes);
        next = 0;
        done = 0;
        int first = frame.keyframe() ? N : 0;
        while (next < elements.size()) {
            payload(payloadBytes, first, out);
            first = 0;
        }
        elements.clear();
        return true;
    }

    private void collect(Frame frame) {
        boolean hasSequenceHeader = false;
        for (Bytes rest = frame.data(); !rest.isEmpty(); ) {
            Obu obu = Obu.read(rest);
            rest = rest.slice(obu.whole().length());
            hasSequenceHeader |= obu.type() == Obu.SEQUENCE_HEADER;
            if (obu.type() != Obu.TEMPORAL_DELIMITER && obu.type() != Obu.TILE_LIST && obu.type() != Obu.PADDING) {
                elements.add(element(obu));
            }
        }
        if (frame.keyframe() && !hasSequenceHeader && frame.track().codec() instanceof Codec.Av1 codec) {
            elements.addFirst(element(Obu.read(codec.sequenceHeader())));
        }
    }

    private void payload(int payloadBytes, int flags, Output out) {
        ByteWriter head = new ByteWriter(16);
        int aggregation = flags | (done > 0 ? Z : 0);
        head.u8(0);
        int count = 1;
        while (count < MAX_ELEMENTS && fitsBeforeAnother(payloadBytes - head.length())) {
            whole(head);
            count++;
        }
        Element last = elements.get(next);
        int left = last.length() - done;
        int take = Math.min(left, payloadBytes - head.length());
        if (take == left && left > 1 && another()) {
            take--;
        }
        int to = done + take;
        int headerBytes = last.header().length();
        if (done < headerBytes) {
            head.bytes(last.header().slice(done, Math.min(to, headerBytes)));
        }
        Bytes body = last.payload().slice(Math.max(0, done - headerBytes), Math.max(0, to - headerBytes));
        if (take == left) {
            next++;
            done = 0;
        } else {
            aggregation |= Y;
            done = to;
        }
        byte[] header = head.toByteArray();
        header[0] = (byte) (aggregation | count << 4);
        out.payload(Bytes.wrap(header), body, next == elements.size());
    }

    /// Whether another element of the same layer stands behind the next one.
    private boolean another() {
        return next + 1 < elements.size() && elements.get(next).goesWith(elements.get(next + 1));
    }

    /// Whether the next element goes into this room whole, and something of another one as well.
    private boolean fitsBeforeAnother(int room) {
        int left = elements.get(next).length() - done;
        return another() && Obu.leb128Bytes(left) + left + 1 <= room;
    }

    private void whole(ByteWriter head) {
        Element element = elements.get(next++);
        int left = element.length() - done;
        byte[] size = new byte[Obu.leb128Bytes(left)];
        Obu.putLeb128(left, size, 0);
        head.bytes(size);
        int headerBytes = element.header().length();
        if (done < headerBytes) {
            head.bytes(element.header().slice(done));
        }
        head.bytes(element.payload().slice(Math.max(0, done - headerBytes)));
        done = 0;
    }
}
