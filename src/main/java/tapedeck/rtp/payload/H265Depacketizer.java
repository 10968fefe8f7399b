package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;

/// H.265, RFC 7798 4.4: single NAL units, aggregation packets and fragmentation units, in decoding order.
///
/// ```
/// single   | NAL unit                                             |
/// AP       | header 16, type 48 | size 16 | NAL unit | size | …    |
/// FU       | header 16, type 49 | S E type | part of a NAL unit    |
/// ```
/// Parameter sets go into the codec, delimiters and filler are left out.
final class H265Depacketizer implements Depacketizer {
    static final int MAX_PARAMETER_SETS = 192;

    private static final int AP = 48;
    private static final int FU = 49;
    private static final int FU_HEADER_BYTES = 3;
    // nal_unit_type, ISO/IEC 23008-2 table 7-1
    private static final int RASL_N = 8;
    private static final int RASL_R = 9;
    private static final int IDR_W_RADL = 19;
    private static final int IDR_N_LP = 20;

    private final FrameLoss loss = new FrameLoss();
    private final List<Bytes> parameterSets = new ArrayList<>();
    private final Units nals = new Units("H.265");
    private Codec.@Nullable H265 codec;
    /// Whether the stream itself brings its parameter sets: then they may be what a loss has cost.
    private boolean setsInBand;

    // The open access unit.
    private State state = State.BETWEEN;
    private long timestamp;
    private boolean provesStart;
    private boolean irap;
    private boolean idr;
    private boolean leading;

    private boolean afterLoss = true;
    /// From a CRA or BLA picture at which decoding begins up to the next one: pictures that also depend on earlier
    /// ones (RASL) cannot be decoded, ISO/IEC 23008-2 3.111.
    private boolean dropsLeading;

    private enum State {
        BETWEEN,
        OPEN,
        /// The rest of this access unit is of no use.
        SKIPPING
    }

    /// @param parameterSets from the SDP
    H265Depacketizer(List<Bytes> parameterSets) {
        this.parameterSets.addAll(parameterSets);
        try {
            takeParameterSets();
        } catch (MalformedException _) {
            // Cameras describe themselves wrongly; what they send in band counts.
        }
        this.parameterSets.clear();
    }

    @Override
    public void packet(Bytes payload, long timestamp, boolean marker, Sink sink) {
        if (state != State.BETWEEN && timestamp != this.timestamp) {
            finish(sink);
        }
        if (payload.isEmpty()) {
            return;
        }
        this.timestamp = timestamp;
        if (state == State.BETWEEN) {
            clear();
            state = State.OPEN;
            provesStart = !afterLoss;
        }
        if (state == State.OPEN) {
            try {
                payload(payload);
            } catch (MalformedException e) {
                skip();
                if (marker) {
                    state = State.BETWEEN;
                }
                throw e;
            }
        }
        if (marker) {
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
        afterLoss = true;
    }

    /// The VPS stands in front of all else that a keyframe needs, but for a delimiter; where parameter sets come by SDP
    /// alone, it is the first slice.
    @Override
    public boolean beginsKeyframe(Bytes payload) {
        int length = payload.length();
        int type = length < 2 ? -1 : H265.nalUnitType(payload.u8(0));
        if (type == FU) {
            boolean starts = length > FU_HEADER_BYTES && (payload.u8(2) & 0x80) != 0;
            return starts && begins(payload.u8(2) & 0x3F, payload.u8(FU_HEADER_BYTES));
        }
        int at = 0;
        if (type == AP) {
            at = H265.NAL_HEADER_BYTES + 2;
            if (at + 1 < length && H265.nalUnitType(payload.u8(at)) == H265.NAL_AUD) {
                at += payload.u16(at - 2) + 2;
            }
        }
        return at + 2 < length && begins(H265.nalUnitType(payload.u8(at)), payload.u8(at + 2));
    }

    /// @param behindHeader the first byte behind the NAL unit header, whose highest bit is
    /// first_slice_segment_in_pic_flag
    private boolean begins(int type, int behindHeader) {
        boolean irap = type >= H265.NAL_FIRST_IRAP && type <= H265.NAL_LAST_IRAP;
        return type == H265.NAL_VPS || !setsInBand && irap && behindHeader >= 0x80;
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
        irap = false;
        idr = false;
        leading = false;
        nals.clear();
        parameterSets.clear();
    }

    private void skip() {
        loss.lost(timestamp);
        state = State.SKIPPING;
        afterLoss = true;
        clear();
    }

    private void payload(Bytes payload) {
        if (payload.length() <= H265.NAL_HEADER_BYTES) {
            throw new MalformedException("H.265: RTP payload of %d bytes".formatted(payload.length()));
        }
        int type = H265.nalUnitType(payload.u8(0));
        if (type == FU) {
            fragment(payload);
            return;
        }
        if (nals.isOpen()) {
            throw new MalformedException("H.265: a NAL unit in fragments has no end");
        }
        if (type == AP) {
            aggregate(payload);
        } else {
            whole(payload);
        }
    }

    /// 4.4.2.
    private void aggregate(Bytes payload) {
        int at = H265.NAL_HEADER_BYTES;
        while (at < payload.length() && state == State.OPEN) {
            if (at + 2 > payload.length()) {
                throw new MalformedException("H.265: AP ends in a size");
            }
            int size = payload.u16(at);
            at += 2;
            if (size <= H265.NAL_HEADER_BYTES || size > payload.length() - at) {
                throw new MalformedException(
                        "H.265: AP with a unit of %d bytes, %d there".formatted(size, payload.length() - at));
            }
            whole(payload.slice(at, at + size));
            at += size;
        }
    }

    private void whole(Bytes unit) {
        int type = H265.nalUnitType(unit.u8(0));
        if (type >= AP) {
            throw new MalformedException("H.265: RTP payload of NAL unit type %d".formatted(type));
        }
        nals.begin(0, 0);
        nals.add(unit);
        end();
    }

    /// 4.4.3.
    private void fragment(Bytes payload) {
        if (payload.length() <= FU_HEADER_BYTES) {
            throw new MalformedException("H.265: FU of %d bytes".formatted(payload.length()));
        }
        int head = payload.u8(2);
        boolean starts = (head & 0x80) != 0;
        if (!starts && !nals.isOpen() && !provesStart) {
            skip();
            return;
        }
        if (starts == nals.isOpen()) {
            throw new MalformedException(
                    "H.265: a NAL unit in fragments has no %s".formatted(starts ? "end" : "start"));
        }
        if (starts) {
            int type = head & 0x3F;
            if (type >= AP) {
                throw new MalformedException("H.265: FU of NAL unit type %d".formatted(type));
            }
            // F and the highest bit of the layer, then the type, then the rest of the layer and TID.
            nals.begin((payload.u8(0) & 0x81 | type << 1) << 8 | payload.u8(1), H265.NAL_HEADER_BYTES);
        }
        nals.add(payload.slice(FU_HEADER_BYTES));
        if ((head & 0x40) != 0) {
            end();
        }
    }

    /// A NAL unit is whole.
    private void end() {
        Units.Unit nal = nals.end();
        int type = H265.nalUnitType(nals.u8(nal, 0));
        if (!provesStart && !proveStart(nal, type)) {
            skip();
            return;
        }
        switch (type) {
            case H265.NAL_VPS, H265.NAL_SPS, H265.NAL_PPS -> {
                if (parameterSets.size() == MAX_PARAMETER_SETS) {
                    throw new MalformedException("H.265: more than %d parameter sets".formatted(MAX_PARAMETER_SETS));
                }
                parameterSets.add(nals.bytes(nal));
                setsInBand = true;
                nals.removeLast();
            }
            case H265.NAL_AUD, H265.NAL_FILLER -> nals.removeLast();
            default -> {
                irap |= type >= H265.NAL_FIRST_IRAP && type <= H265.NAL_LAST_IRAP;
                idr |= type == IDR_W_RADL || type == IDR_N_LP;
                leading |= type == RASL_N || type == RASL_R;
            }
        }
    }

    /// Behind a loss, only a delimiter, a VPS or an SPS can be nothing but the first of its access unit with all
    /// that it needs; the first slice is as good where parameter sets come by SDP alone. False if this one shows
    /// that something is missing.
    private boolean proveStart(Units.Unit nal, int type) {
        if (type == H265.NAL_AUD || type == H265.NAL_VPS || type == H265.NAL_SPS) {
            provesStart = true;
        } else if (!setsInBand) {
            if (!H265.isSlice(type)) {
                return true;
            }
            // first_slice_segment_in_pic_flag, 7.3.6.1.
            provesStart = (nals.u8(nal, H265.NAL_HEADER_BYTES) & 0x80) != 0;
        }
        return provesStart;
    }

    private void finish(Sink sink) {
        boolean whole = state == State.OPEN && !nals.isOpen();
        if (state == State.OPEN && !whole) {
            loss.lost(timestamp);
        }
        state = State.BETWEEN;
        afterLoss = !whole;
        if (!whole) {
            return;
        }
        try {
            takeParameterSets();
        } catch (MalformedException e) {
            loss.lost(timestamp);
            throw e;
        }
        if (nals.isEmpty()) {
            return;
        }
        Codec.H265 current = codec;
        if (current == null || loss.needsKeyframe() && !irap) {
            loss.lost(timestamp);
            return;
        }
        if (irap) {
            dropsLeading = loss.needsKeyframe() && !idr;
            loss.keyframe();
        } else if (leading && dropsLeading) {
            loss.leftOut(timestamp);
            return;
        }
        sink.frame(current, timestamp, irap, nals.lengthPrefixed());
    }

    private void takeParameterSets() {
        if (parameterSets.isEmpty()) {
            return;
        }
        Codec.H265 current = codec;
        if (current != null) {
            codec = H265.withParameterSets(current, parameterSets);
            return;
        }
        List<Bytes> vps = of(H265.NAL_VPS);
        List<Bytes> sps = of(H265.NAL_SPS);
        List<Bytes> pps = of(H265.NAL_PPS);
        if (!vps.isEmpty() && !sps.isEmpty() && !pps.isEmpty()) {
            codec = H265.fromParameterSets(vps, sps, pps);
        }
    }

    private List<Bytes> of(int type) {
        return parameterSets.stream()
                .filter(set -> H265.nalUnitType(set.u8(0)) == type)
                .distinct()
                .toList();
    }
}
