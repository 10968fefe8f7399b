package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;

/// H.264, RFC 6184: single NAL unit packets, STAP-A and FU-A (packetization modes 0 and 1).
///
/// ```
/// single   | NAL unit                                  |
/// STAP-A   | 24 | size 16 | NAL unit | size | NAL unit … |
/// FU-A     | 28 | S E R type | part of a NAL unit         |
/// ```
/// Parameter sets go into the codec, delimiters and filler are left out.
final class H264Depacketizer implements Depacketizer {
    static final int MAX_FRAME_BYTES = Pieces.MAX_FRAME_BYTES;
    /// Slices may be cut to packets; then there are as many units.
    static final int MAX_PIECES = Pieces.MAX_PIECES;

    /// 32 SPS and 256 PPS are all that ISO/IEC 14496-10 7.4.2 has ids for.
    static final int MAX_PARAMETER_SETS = 288;

    private static final int STAP_A = 24;
    private static final int FU_A = 28;

    private final FrameLoss loss = new FrameLoss();
    private final List<Bytes> parameterSets = new ArrayList<>();
    private Codec.@Nullable H264 codec;

    private State state = State.BETWEEN;

    // The open access unit.
    private final Units nals = new Units("H.264", MAX_PIECES);
    private boolean idr;
    private long timestamp;

    /// Whether the first NAL unit of the access unit has to prove that it is the first.
    private Start start = Start.ANY_FIRST_SLICE;

    private boolean provesStart = true;

    private enum State {
        BETWEEN,
        OPEN,
        /// The rest of this access unit is of no use.
        SKIPPING
    }

    private enum Start {
        KNOWN,
        /// At the very beginning, where parameter sets may come by SDP alone: a first slice is enough.
        ANY_FIRST_SLICE,
        /// Behind a loss: new parameter sets may be what was lost.
        PARAMETER_SETS
    }

    /// @param parameterSets from the SDP
    H264Depacketizer(List<Bytes> parameterSets) {
        for (Bytes set : parameterSets) {
            if (!set.isEmpty()) {
                this.parameterSets.add(set);
            }
        }
        try {
            takeParameterSets();
        } catch (MalformedException _) {
            // Cameras describe themselves wrongly; what they send in band counts.
            this.parameterSets.clear();
        }
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (state != State.BETWEEN && timestamp != this.timestamp) {
            finish(sink);
        }
        if (payload.isEmpty()) {
            return;
        }
        if (state == State.BETWEEN) {
            clear();
            state = State.OPEN;
            this.timestamp = timestamp;
            provesStart = start == Start.KNOWN;
        }
        if (state == State.OPEN) {
            try {
                payload(payload);
            } catch (MalformedException e) {
                skip();
                throw e;
            } finally {
                if (marker && state == State.SKIPPING) {
                    finish(sink);
                }
            }
        }
        if (marker && state != State.BETWEEN) {
            finish(sink);
        }
    }

    @Override
    public void gap(long packets) {
        switch (state) {
            case OPEN -> loss.lost(timestamp);
            case BETWEEN -> loss.lostUnseen();
            case SKIPPING -> {}
        }
        state = State.BETWEEN;
        start = Start.PARAMETER_SETS;
    }

    /// A keyframe begins with its SPS, maybe behind a delimiter: alone, in front of an aggregate or of fragments.
    @Override
    public boolean beginsKeyframe(Bytes payload) {
        int length = payload.length();
        int type = length == 0 ? 0 : payload.u8(0) & 0x1F;
        if (type == FU_A) {
            return length > 1 && (payload.u8(1) & 0x9F) == (0x80 | H264.NAL_SPS);
        }
        if (type != STAP_A) {
            return type == H264.NAL_SPS;
        }
        int at = 1;
        if (at + 2 < length && (payload.u8(at + 2) & 0x1F) == H264.NAL_AUD) {
            at += 2 + payload.u16(at);
        }
        return at + 2 < length && (payload.u8(at + 2) & 0x1F) == H264.NAL_SPS;
    }

    @Override
    public boolean needsKeyframe() {
        return loss.needsKeyframe();
    }

    @Override
    public long missingFrames() {
        return loss.missingFrames();
    }

    private void clear() {
        idr = false;
        nals.clear();
        parameterSets.clear();
    }

    private void skip() {
        loss.lost(timestamp);
        state = State.SKIPPING;
        clear();
    }

    private void payload(Bytes payload) {
        int type = payload.u8(0) & 0x1F;
        if (type == FU_A) {
            fragment(payload);
            return;
        }
        if (nals.isOpen()) {
            throw new MalformedException("H.264: a NAL unit in fragments has no end");
        }
        if (type == STAP_A) {
            aggregate(payload);
        } else {
            checkType(type);
            whole(payload);
        }
    }

    private static void checkType(int type) {
        if (type == 0 || type >= STAP_A) {
            throw new MalformedException("H.264: RTP payload of NAL unit type %d".formatted(type));
        }
    }

    /// RFC 6184 5.7.1.
    private void aggregate(Bytes payload) {
        int at = 1;
        while (at < payload.length()) {
            if (at + 2 > payload.length()) {
                throw new MalformedException("H.264: STAP-A ends in a size");
            }
            int size = payload.u16(at);
            at += 2;
            // Some cameras fill up with zeros.
            if (size == 0) {
                continue;
            }
            if (size > payload.length() - at) {
                throw new MalformedException(
                        "H.264: STAP-A unit of %d bytes, %d there".formatted(size, payload.length() - at));
            }
            checkType(payload.u8(at) & 0x1F);
            whole(payload.slice(at, at + size));
            if (state == State.SKIPPING) {
                return;
            }
            at += size;
        }
    }

    private void whole(Bytes unit) {
        nals.begin(0, 0);
        nals.add(unit);
        end();
    }

    /// RFC 6184 5.8. Start and end in one packet is forbidden there and sent by some cameras.
    private void fragment(Bytes payload) {
        if (payload.length() < 2) {
            throw new MalformedException("H.264: FU-A of %d bytes".formatted(payload.length()));
        }
        int head = payload.u8(1);
        int type = head & 0x1F;
        boolean starts = (head & 0x80) != 0;
        if (!starts && !nals.isOpen() && !provesStart) {
            skip();
            return;
        }
        if (starts == nals.isOpen()) {
            throw new MalformedException(
                    "H.264: a NAL unit in fragments has no %s".formatted(starts ? "end" : "start"));
        }
        if (starts) {
            checkType(type);
            nals.begin(payload.u8(0) & 0xE0 | type, 1);
        }
        nals.add(payload.slice(2));
        if ((head & 0x40) != 0) {
            end();
        }
    }

    /// A NAL unit is whole.
    private void end() {
        Units.Unit nal = nals.end();
        int type = nals.u8(nal, 0) & 0x1F;
        if (!provesStart && !proveStart(nal, type)) {
            skip();
            return;
        }
        switch (type) {
            case H264.NAL_SPS, H264.NAL_PPS -> {
                if (parameterSets.size() == MAX_PARAMETER_SETS) {
                    throw new MalformedException("H.264: more than %d parameter sets".formatted(MAX_PARAMETER_SETS));
                }
                parameterSets.add(nals.bytes(nal));
                nals.removeLast();
            }
            case H264.NAL_AUD, H264.NAL_FILLER -> nals.removeLast();
            default -> idr |= type == H264.NAL_IDR;
        }
    }

    /// Behind a loss, only a delimiter or an SPS can be nothing but the first of its access unit with all that it
    /// needs. False if this one shows that something is missing.
    private boolean proveStart(Units.Unit nal, int type) {
        if (type == H264.NAL_AUD || type == H264.NAL_SPS) {
            provesStart = true;
        } else if (start == Start.ANY_FIRST_SLICE) {
            if (type != H264.NAL_SLICE && type != H264.NAL_IDR) {
                return true;
            }
            // first_mb_in_slice is 0 if the bit behind the header is set, ISO/IEC 14496-10 7.3.3 and 9.1.
            provesStart = nal.length() > 1 && (nals.u8(nal, 1) & 0x80) != 0;
        }
        return provesStart;
    }

    private void finish(Sink sink) {
        boolean whole = state == State.OPEN && !nals.isOpen();
        if (state == State.OPEN && !whole) {
            loss.lost(timestamp);
        }
        state = State.BETWEEN;
        start = Start.KNOWN;
        if (!whole) {
            return;
        }
        try {
            takeParameterSets();
        } catch (MalformedException e) {
            loss.lost(timestamp);
            throw e;
        }
        Codec.H264 current = codec;
        if (nals.isEmpty()) {
            return;
        }
        if (current == null || loss.needsKeyframe() && !idr) {
            loss.lost(timestamp);
        } else {
            loss.keyframe();
            sink.frame(current, timestamp, idr, nals.lengthPrefixed());
        }
    }

    private void takeParameterSets() {
        if (parameterSets.isEmpty()) {
            return;
        }
        Codec.H264 current = codec;
        if (current != null) {
            codec = H264.withParameterSets(current, parameterSets);
            return;
        }
        List<Bytes> sps = of(H264.NAL_SPS);
        List<Bytes> pps = of(H264.NAL_PPS);
        if (!sps.isEmpty() && !pps.isEmpty()) {
            codec = H264.fromParameterSets(sps, pps);
        }
    }

    private List<Bytes> of(int type) {
        return parameterSets.stream()
                .filter(set -> (set.u8(0) & 0x1F) == type)
                .distinct()
                .toList();
    }
}
