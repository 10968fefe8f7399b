package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// H.264, RFC 6184. Packetization mode 1: the parameter sets in front of each keyframe and other small NAL units
/// together as STAP-A, large ones as FU-A. Mode 0: each NAL unit alone. Delimiters and filler stay behind.
final class H264Packetizer implements Packetizer {
    private static final int STAP_A = 24;
    private static final int FU_A = 28;

    private final int maxPayloadBytes;
    private final int packetizationMode;
    private final NalPackets packets;

    /// @param packetizationMode 0 or 1
    H264Packetizer(int maxPayloadBytes, int packetizationMode) {
        this.maxPayloadBytes = maxPayloadBytes;
        this.packetizationMode = packetizationMode;
        packets = new NalPackets(maxPayloadBytes, 1, new Headers());
    }

    @Override
    public boolean packetize(Frame frame, Output out) {
        List<Bytes> units = units(frame);
        if (packetizationMode == 0) {
            return alone(units, out);
        }
        packets.send(units, out);
        return true;
    }

    /// The NAL units to send; in front of a keyframe the parameter sets, but none twice.
    private static List<Bytes> units(Frame frame) {
        List<Bytes> sets = new ArrayList<>();
        if (frame.track().codec() instanceof Codec.H264 codec) {
            sets.addAll(codec.sps());
            sets.addAll(codec.pps());
        }
        List<Bytes> units = NalPackets.withSets(frame, sets);
        units.removeIf(unit -> {
            int type = H264.nalUnitType(unit.u8(0));
            return type == H264.NAL_AUD || type == H264.NAL_FILLER;
        });
        return units;
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

    private static final class Headers implements NalPackets.Headers {
        /// RFC 6184 5.7: F is set if it is in one of them, NRI is the highest of all.
        @Override
        public Bytes ofAggregate(List<Bytes> units) {
            int forbidden = 0;
            int importance = 0;
            for (Bytes unit : units) {
                forbidden |= unit.u8(0) & 0x80;
                importance = Math.max(importance, unit.u8(0) & 0x60);
            }
            return Bytes.ofU8(forbidden | importance | STAP_A);
        }

        /// RFC 6184 5.8.
        @Override
        public EqualParts.Headers ofParts(Bytes unit) {
            int header = unit.u8(0);
            int indicator = header & 0xE0 | FU_A;
            int type = header & 0x1F;
            Bytes first = Bytes.ofU8(indicator, 0x80 | type);
            // A unit that does not fit whole has at least two parts: "start and end" (5.8 forbids it) never comes.
            return new EqualParts.Headers(
                    first, Bytes.ofU8(indicator, type), Bytes.ofU8(indicator, 0x40 | type), first);
        }
    }
}
