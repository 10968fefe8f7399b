package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.media.Frame;

/// How NAL units go into packets: small ones together, each behind its size, large ones in parts (RFC 6184 5.6 to 5.8,
/// RFC 7798 4.4).
final class NalPackets {
    /// The size in front of each unit of an aggregate.
    private static final int SIZE_BYTES = 2;

    /// What the two codecs write in their own ways.
    interface Headers {
        /// Of an aggregate of these, as long as that of a NAL unit.
        Bytes ofAggregate(List<Bytes> units);

        /// Of the parts of this one, whose own header is left out.
        EqualParts.Headers ofParts(Bytes unit);
    }

    private final int maxPayloadBytes;
    private final int headerBytes;
    private final Headers headers;

    /// @param headerBytes of a NAL unit
    NalPackets(int maxPayloadBytes, int headerBytes, Headers headers) {
        this.maxPayloadBytes = maxPayloadBytes;
        this.headerBytes = headerBytes;
        this.headers = headers;
    }

    /// The NAL units of a frame behind those of the parameter sets that are not among them.
    ///
    /// @param sets in front of a keyframe
    static List<Bytes> withSets(Frame frame, List<Bytes> sets) {
        List<Bytes> own = H264.nalUnits(frame.data());
        List<Bytes> units = new ArrayList<>(own.size() + sets.size());
        if (frame.keyframe()) {
            sets.stream().filter(set -> !own.contains(set)).forEach(units::add);
        }
        units.addAll(own);
        return units;
    }

    void send(List<Bytes> units, Packetizer.Output out) {
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
    }

    /// How many units from this one on go into one payload.
    private int together(List<Bytes> units, int from) {
        int size = headerBytes;
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

    private void aggregate(List<Bytes> units, boolean last, Packetizer.Output out) {
        int size = headerBytes;
        for (Bytes unit : units) {
            size += SIZE_BYTES + unit.length();
        }
        ByteWriter aggregate = new ByteWriter(size).bytes(headers.ofAggregate(units));
        units.forEach(unit -> aggregate.u16(unit.length()).bytes(unit));
        out.payload(Bytes.EMPTY, aggregate.handOver(), last);
    }

    private void unit(Bytes unit, boolean last, Packetizer.Output out) {
        if (unit.length() <= maxPayloadBytes) {
            out.payload(Bytes.EMPTY, unit, last);
        } else {
            EqualParts.cut(unit.slice(headerBytes), headers.ofParts(unit), maxPayloadBytes, last, out);
        }
    }
}
