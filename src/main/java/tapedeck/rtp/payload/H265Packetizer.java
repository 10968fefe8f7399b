package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// H.265, RFC 7798 4.4: the parameter sets in front of each keyframe and other small NAL units together as
/// aggregation packets, large ones as fragmentation units. Delimiters and filler stay behind.
final class H265Packetizer implements Packetizer {
    private static final int AP = 48;
    private static final int FU = 49;

    private final NalPackets packets;

    H265Packetizer(int maxPayloadBytes) {
        packets = new NalPackets(maxPayloadBytes, H265.NAL_HEADER_BYTES, new Headers());
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        packets.send(units(frame), out);
        return true;
    }

    /// The NAL units to send; in front of a keyframe the parameter sets, but none twice.
    private static List<Bytes> units(Frame frame) {
        List<Bytes> sets = new ArrayList<>();
        if (frame.track().codec() instanceof Codec.H265 codec) {
            sets.addAll(codec.vps());
            sets.addAll(codec.sps());
            sets.addAll(codec.pps());
        }
        List<Bytes> units = NalPackets.withSets(frame, sets);
        units.removeIf(unit -> {
            int type = H265.nalUnitType(unit.u8(0));
            // A NAL unit of a header alone cannot be sent, and says nothing.
            return type == H265.NAL_AUD || type == H265.NAL_FILLER || unit.length() <= H265.NAL_HEADER_BYTES;
        });
        return units;
    }

    private static final class Headers implements NalPackets.Headers {
        /// 4.4.2: F if one of them has it, the lowest layer and the lowest TID of all.
        @Override
        public Bytes ofAggregate(List<Bytes> units) {
            int forbidden = 0;
            int layer = 0x3F;
            int temporalId = 7;
            for (Bytes unit : units) {
                int header = unit.u16(0);
                forbidden |= header & 0x8000;
                layer = Math.min(layer, header >> 3 & 0x3F);
                temporalId = Math.min(temporalId, header & 7);
            }
            int header = forbidden | AP << 9 | layer << 3 | temporalId;
            return Bytes.ofU8(header >> 8, header & 0xFF);
        }

        /// 4.4.3.
        @Override
        public EqualParts.Headers ofParts(Bytes unit) {
            int type = H265.nalUnitType(unit.u8(0));
            int head = unit.u8(0) & 0x81 | FU << 1;
            int rest = unit.u8(1);
            Bytes first = Bytes.ofU8(head, rest, 0x80 | type);
            return new EqualParts.Headers(
                    first, Bytes.ofU8(head, rest, type), Bytes.ofU8(head, rest, 0x40 | type), first);
        }
    }
}
