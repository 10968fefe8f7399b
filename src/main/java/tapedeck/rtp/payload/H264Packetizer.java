package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// H.264, RFC 6184. Packetization mode 1: the parameter sets in front of each keyframe and other small NAL units
/// together as STAP-A, large ones as FU-A. Mode 0: each NAL unit alone. Delimiters and filler stay behind.
final class H264Packetizer implements Packetizer {
    private static final int STAP_A = 24;
    private static final int FU_A = 28;
    /// The size in front of each unit of a STAP-A.
    private static final int SIZE_BYTES = 2;

    private final int maxPayloadBytes;
    private final int packetizationMode;

    /// @param packetizationMode 0 or 1
    H264Packetizer(int maxPayloadBytes, int packetizationMode) {
        this.maxPayloadBytes = maxPayloadBytes;
        this.packetizationMode = packetizationMode;
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        List<Bytes> units = units(frame);
        if (packetizationMode == 0) {
            return alone(units, out);
        }
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
        List<Bytes> units = new ArrayList<>(own.size() + 2);
        if (frame.keyframe() && frame.track().codec() instanceof Codec.H264 codec) {
            addMissing(codec.sps(), own, units);
            addMissing(codec.pps(), own, units);
        }
        for (Bytes unit : own) {
            int type = H264.nalUnitType(unit.u8(0));
            if (type != H264.NAL_AUD && type != H264.NAL_FILLER) {
                units.add(unit);
            }
        }
        return units;
    }

    private static void addMissing(List<Bytes> sets, List<Bytes> own, List<Bytes> units) {
        for (Bytes set : sets) {
            if (!own.contains(set)) {
                units.add(set);
            }
        }
    }

    private boolean alone(List<Bytes> units, Output out) {
        for (Bytes unit : units) {
            if (unit.length() > maxPayloadBytes) {
                return false;
            }
        }
        for (int i = 0; i < units.size(); i++) {
            out.payload(Bytes.EMPTY, units.get(i), i == units.size() - 1);
        }
        return true;
    }

    /// How many units from this one on go into one payload.
    private int together(List<Bytes> units, int from) {
        int size = 1;
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

    /// RFC 6184 5.7.1.
    private static void aggregate(List<Bytes> units, boolean last, Output out) {
        int size = 1;
        int forbidden = 0;
        int importance = 0;
        for (Bytes unit : units) {
            size += SIZE_BYTES + unit.length();
            // 5.7: F is set if it is in one of them, NRI is the highest of all.
            forbidden |= unit.u8(0) & 0x80;
            importance = Math.max(importance, unit.u8(0) & 0x60);
        }
        ByteWriter aggregate = new ByteWriter(size).u8(forbidden | importance | STAP_A);
        units.forEach(unit -> aggregate.u16(unit.length()).bytes(unit));
        out.payload(Bytes.EMPTY, aggregate.handOver(), last);
    }

    /// RFC 6184 5.6 and 5.8.
    private void unit(Bytes unit, boolean last, Output out) {
        if (unit.length() <= maxPayloadBytes) {
            out.payload(Bytes.EMPTY, unit, last);
            return;
        }
        int header = unit.u8(0);
        int indicator = header & 0xE0 | FU_A;
        int type = header & 0x1F;
        Bytes first = Bytes.ofU8(indicator, 0x80 | type);
        // A unit that does not fit whole has at least two parts: "start and end" (5.8 forbids it) never comes.
        var headers =
                new EqualParts.Headers(first, Bytes.ofU8(indicator, type), Bytes.ofU8(indicator, 0x40 | type), first);
        EqualParts.cut(unit.slice(1), headers, maxPayloadBytes, last, out);
    }
}
