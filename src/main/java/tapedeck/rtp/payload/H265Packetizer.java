package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// H.265, RFC 7798 4.4: the parameter sets in front of each keyframe and other small NAL units together as
/// aggregation packets, large ones as fragmentation units. Delimiters and filler stay behind.
final class H265Packetizer implements Packetizer {
    private static final int AP = 48;
    private static final int FU = 49;
    /// The size in front of each unit of an AP.
    private static final int SIZE_BYTES = 2;

    private final int maxPayloadBytes;

    H265Packetizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        List<Bytes> units = units(frame);
        for (int i = 0; i < units.size(); ) {
            int together = together(units, i);
            boolean last = i + together == units.size();
            if (together > 1) {
                aggregate(units.subList(i, i + together), last, out);
            } else {
                unit(units.get(i), last, out);
            }
            i += together;
        }
        return true;
    }

    /// The NAL units to send; in front of a keyframe the parameter sets, but none twice.
    private static List<Bytes> units(Frame frame) {
        List<Bytes> own = H264.nalUnits(frame.data());
        List<Bytes> units = new ArrayList<>(own.size() + 3);
        if (frame.keyframe() && frame.track().codec() instanceof Codec.H265 codec) {
            for (List<Bytes> sets : List.of(codec.vps(), codec.sps(), codec.pps())) {
                for (Bytes set : sets) {
                    if (!own.contains(set)) {
                        units.add(set);
                    }
                }
            }
        }
        for (Bytes unit : own) {
            int type = H265.nalUnitType(unit.u8(0));
            // A NAL unit of a header alone cannot be sent, and says nothing.
            if (type != H265.NAL_AUD && type != H265.NAL_FILLER && unit.length() > H265.NAL_HEADER_BYTES) {
                units.add(unit);
            }
        }
        return units;
    }

    /// How many units from this one on go into one payload.
    private int together(List<Bytes> units, int from) {
        int size = H265.NAL_HEADER_BYTES;
        int count = 0;
        for (int i = from; i < units.size(); i++) {
            size += SIZE_BYTES + units.get(i).length();
            if (size > maxPayloadBytes) {
                break;
            }
            count++;
        }
        return Math.max(count, 1);
    }

    /// 4.4.2: F if one of them has it, the lowest layer and the lowest TID of all.
    private static void aggregate(List<Bytes> units, boolean last, Output out) {
        int size = H265.NAL_HEADER_BYTES;
        int forbidden = 0;
        int layer = 0x3F;
        int temporalId = 7;
        for (Bytes unit : units) {
            size += SIZE_BYTES + unit.length();
            int header = unit.u16(0);
            forbidden |= header & 0x8000;
            layer = Math.min(layer, header >> 3 & 0x3F);
            temporalId = Math.min(temporalId, header & 7);
        }
        ByteWriter aggregate = new ByteWriter(size).u16(forbidden | AP << 9 | layer << 3 | temporalId);
        units.forEach(unit -> aggregate.u16(unit.length()).bytes(unit));
        out.payload(Bytes.EMPTY, aggregate.handOver(), last);
    }

    /// 4.4.1 and 4.4.3.
    private void unit(Bytes unit, boolean last, Output out) {
        if (unit.length() <= maxPayloadBytes) {
            out.payload(Bytes.EMPTY, unit, last);
            return;
        }
        int type = H265.nalUnitType(unit.u8(0));
        int head = unit.u8(0) & 0x81 | FU << 1;
        int rest = unit.u8(1);
        Bytes first = Bytes.ofU8(head, rest, 0x80 | type);
        var headers =
                new EqualParts.Headers(first, Bytes.ofU8(head, rest, type), Bytes.ofU8(head, rest, 0x40 | type), first);
        EqualParts.cut(unit.slice(H265.NAL_HEADER_BYTES), headers, maxPayloadBytes, last, out);
    }
}
