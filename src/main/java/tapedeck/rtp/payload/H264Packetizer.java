package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// H.264, RFC 6184, packetization mode 1: the parameter sets in front of each keyframe as one STAP-A, other NAL units
/// alone or as FU-A.
final class H264Packetizer implements Packetizer {
    private static final int STAP_A = 24;
    private static final int FU_A = 28;

    private final int maxPayloadBytes;

    H264Packetizer(int maxPayloadBytes) {
        this.maxPayloadBytes = maxPayloadBytes;
    }

    @Override
    public void packetize(Frame frame, Output out) {
        List<Bytes> units = H264.nalUnits(frame.data());
        if (frame.keyframe() && frame.track().codec() instanceof Codec.H264 codec) {
            parameterSets(codec, out);
        }
        for (int i = 0; i < units.size(); i++) {
            unit(units.get(i), i == units.size() - 1, out);
        }
    }

    private void parameterSets(Codec.H264 codec, Output out) {
        List<Bytes> sets = new ArrayList<>(codec.sps());
        sets.addAll(codec.pps());
        int size = 1;
        for (Bytes set : sets) {
            size += 2 + set.length();
        }
        if (size > maxPayloadBytes) {
            sets.forEach(set -> unit(set, false, out));
            return;
        }
        int importance = 0;
        ByteWriter aggregate = new ByteWriter(size);
        aggregate.u8(0);
        for (Bytes set : sets) {
            importance = Math.max(importance, set.u8(0) & 0x60);
            aggregate.u16(set.length()).bytes(set);
        }
        byte[] payload = aggregate.toByteArray();
        // RFC 6184 5.7: NRI is the highest of all that is inside.
        payload[0] = (byte) (importance | STAP_A);
        out.payload(Bytes.wrap(payload), false);
    }

    private void unit(Bytes unit, boolean last, Output out) {
        if (unit.length() <= maxPayloadBytes) {
            out.payload(unit, last);
            return;
        }
        int body = unit.length() - 1;
        int parts = Math.ceilDiv(body, maxPayloadBytes - 2);
        int header = unit.u8(0);
        for (int i = 0; i < parts; i++) {
            // Parts of equal size: the last one is no dwarf.
            int from = 1 + (int) ((long) body * i / parts);
            int to = 1 + (int) ((long) body * (i + 1) / parts);
            byte[] payload = new byte[2 + to - from];
            payload[0] = (byte) (header & 0xE0 | FU_A);
            payload[1] = (byte) (header & 0x1F | (i == 0 ? 0x80 : 0) | (i == parts - 1 ? 0x40 : 0));
            unit.copyTo(from, payload, 2, to - from);
            out.payload(Bytes.wrap(payload), last && i == parts - 1);
        }
    }
}
