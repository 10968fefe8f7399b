package tapedeck.container.ts;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h264.Sps;
import tapedeck.codec.h265.H265;
import tapedeck.container.ts.PictureUnits.Kind;
import tapedeck.media.Codec;

/// H.264 and H.265. Delimiters and parameter sets are taken out; the codec has them. Until the first of those nothing
/// can be made of a picture.
///
/// Nearly everybody sends one access unit in each PES packet, and then it leaves as soon as its packet is whole. The
/// standard allows any cut (2.4.3.7): where a packet begins in the middle of an access unit, or has several, they are
/// found in the byte stream. Those without a stamp of their own are spread between their neighbours.
final class PictureReader implements ElementaryReader {
    /// So many packets in a row that begin with an access unit tell that the rest will, too. Only the first of them
    /// wait for the others.
    static final int ALIGNED_PACKETS = 3;
    /// Pictures without a stamp that wait for one.
    static final int MAX_UNSTAMPED = 64;

    /// A picture behind which nothing tells how long it stays: 25 a second.
    private static final long USUAL_TICKS = TsTime.TICKS_PER_SECOND / 25;

    private enum Alignment {
        UNKNOWN,
        WHOLE,
        CUT
    }

    private final boolean h265;
    private final PictureCutter cutter;
    private Alignment alignment = Alignment.UNKNOWN;
    private final List<PesAssembler.Pes> early = new ArrayList<>();
    private final List<Unit> waiting = new ArrayList<>();
    private @Nullable Codec codec;
    /// Whether two pictures may be the fields of one frame.
    private boolean fields;

    /// An access unit.
    ///
    /// @param ptsTicks -1 without a stamp
    private record Unit(Codec codec, long ptsTicks, long dtsTicks, boolean entry, Bytes data) {}

    PictureReader(boolean h265) {
        this.h265 = h265;
        this.cutter = new PictureCutter(h265);
    }

    @Override
    public long waitingBytes() {
        long bytes = cutter.waitingBytes();
        for (int i = 0; i < early.size(); i++) {
            bytes += early.get(i).data().length();
        }
        for (int i = 0; i < waiting.size(); i++) {
            bytes += waiting.get(i).data().length();
        }
        return bytes;
    }

    @Override
    public boolean isVideo() {
        return true;
    }

    @Override
    public @Nullable String refused() {
        return null;
    }

    @Override
    public void receive(PesAssembler.Pes pes, Frames frames) {
        if (pes.data().isEmpty()) {
            return;
        }
        boolean begins = pes.header().ptsTicks() >= 0 && PictureUnits.begins(h265, pes.data());
        switch (alignment) {
            case UNKNOWN -> {
                early.add(pes.kept());
                if (early.size() > 1 && !begins) {
                    decided(Alignment.CUT, frames);
                } else if (!begins) {
                    // The end of what began before we came.
                    early.clear();
                } else if (early.size() == ALIGNED_PACKETS) {
                    decided(Alignment.WHOLE, frames);
                }
            }
            case WHOLE -> {
                if (begins) {
                    whole(pes, frames);
                } else {
                    // What it belongs to has left as a picture of its own.
                    alignment = Alignment.CUT;
                    cut(pes, frames);
                }
            }
            case CUT -> cut(pes, frames);
        }
    }

    private void decided(Alignment found, Frames frames) {
        alignment = found;
        List<PesAssembler.Pes> all = List.copyOf(early);
        early.clear();
        for (PesAssembler.Pes pes : all) {
            if (found == Alignment.CUT) {
                cut(pes, frames);
            } else {
                whole(pes, frames);
            }
        }
    }

    /// One access unit, or several.
    private void whole(PesAssembler.Pes pes, Frames frames) {
        int before = waiting.size();
        units(pes.data(), pes.header().ptsTicks(), pes.header().dtsTicks(), pes.randomAccess(), frames);
        if (waiting.size() <= 1 && before <= 1) {
            spread(-1, frames);
        }
    }

    private void cut(PesAssembler.Pes pes, Frames frames) {
        cutter.receive(
                pes, (data, ptsTicks, dtsTicks, randomAccess) -> units(data, ptsTicks, dtsTicks, randomAccess, frames));
    }

    @Override
    public void lost() {
        cutter.lost();
    }

    @Override
    public void end(Frames frames) {
        if (!early.isEmpty()) {
            decided(Alignment.WHOLE, frames);
        }
        cutter.end((data, ptsTicks, dtsTicks, randomAccess) -> units(data, ptsTicks, dtsTicks, randomAccess, frames));
        spread(-1, frames);
    }

    /// The access units in `data`, of which the first has the stamps.
    private void units(Bytes data, long ptsTicks, long dtsTicks, boolean randomAccess, Frames frames) {
        List<Bytes> pictures = new ArrayList<>();
        List<Bytes> sets = new ArrayList<>();
        boolean keyframe = false;
        boolean sliced = false;
        boolean first = true;
        for (Bytes unit : H264.splitAnnexB(data)) {
            if (sliced && !fields && PictureUnits.startsNext(h265, unit)) {
                add(sets, pictures, first ? ptsTicks : -1, dtsTicks, keyframe, first && randomAccess, frames);
                pictures = new ArrayList<>();
                sets = new ArrayList<>();
                keyframe = false;
                sliced = false;
                first = false;
            }
            Kind kind = PictureUnits.kind(h265, unit);
            switch (kind) {
                case DELIMITER -> {}
                case SET -> sets.add(unit.copy());
                case KEYFRAME, SLICE, OTHER -> {
                    keyframe |= kind == Kind.KEYFRAME;
                    sliced |= kind != Kind.OTHER;
                    pictures.add(unit);
                }
            }
        }
        add(sets, pictures, first ? ptsTicks : -1, dtsTicks, keyframe, first && randomAccess, frames);
    }

    private void add(
            List<Bytes> sets,
            List<Bytes> pictures,
            long ptsTicks,
            long dtsTicks,
            boolean keyframe,
            boolean randomAccess,
            Frames frames) {
        Codec known = withSets(sets);
        if (known == null || pictures.isEmpty()) {
            return;
        }
        // Streams exist that never have an IDR picture: where sets come with a random access point, one can begin.
        boolean entry = keyframe || randomAccess && !sets.isEmpty();
        if (ptsTicks >= 0) {
            spread(dtsTicks, frames);
        } else if (waiting.isEmpty() || waiting.size() == MAX_UNSTAMPED) {
            throw new MalformedException("MPEG-TS: a picture without a time");
        }
        waiting.add(new Unit(known, ptsTicks, dtsTicks, entry, H264.accessUnit(pictures)));
    }

    /// The pictures that wait leave, at the same distances up to the next stamp.
    ///
    /// @param nextTicks decoding time of what comes next, -1 if nothing is known of it
    private void spread(long nextTicks, Frames frames) {
        if (waiting.isEmpty()) {
            return;
        }
        Unit first = waiting.getFirst();
        long stepTicks = USUAL_TICKS;
        if (nextTicks >= 0) {
            long whole = TsTime.unwrapped(nextTicks, first.dtsTicks()) - first.dtsTicks();
            stepTicks = whole > 0 && whole <= TsTime.TICKS_PER_SECOND * waiting.size()
                    ? whole / waiting.size()
                    : USUAL_TICKS;
        }
        long later = 0;
        for (Unit unit : waiting) {
            frames.frame(
                    unit.codec(), first.ptsTicks(), first.dtsTicks(), TsTime.nanos(later), unit.entry(), unit.data());
            later += stepTicks;
        }
        waiting.clear();
    }

    private @Nullable Codec withSets(List<Bytes> sets) {
        if (!sets.isEmpty()) {
            Codec known = codec;
            Codec next = switch (known) {
                case Codec.H264 h264 -> H264.withParameterSets(h264, sets);
                case Codec.H265 hevc -> H265.withParameterSets(hevc, sets);
                case null, default -> h265 ? firstH265(sets) : firstH264(sets);
            };
            if (next instanceof Codec.H264 h264 && !h264.equals(known)) {
                fields = !Sps.parse(h264.sps().getFirst()).framesOnly();
            }
            codec = next;
        }
        return codec;
    }

    private static @Nullable Codec firstH264(List<Bytes> sets) {
        List<Bytes> sps = new ArrayList<>();
        List<Bytes> pps = new ArrayList<>();
        for (Bytes set : sets) {
            (H264.nalUnitType(set.u8(0)) == H264.NAL_SPS ? sps : pps).add(set);
        }
        return sps.isEmpty() || pps.isEmpty() ? null : H264.fromParameterSets(sps, pps);
    }

    private static @Nullable Codec firstH265(List<Bytes> sets) {
        List<Bytes> vps = new ArrayList<>();
        List<Bytes> sps = new ArrayList<>();
        List<Bytes> pps = new ArrayList<>();
        for (Bytes set : sets) {
            int type = H265.nalUnitType(set.u8(0));
            (type == H265.NAL_VPS ? vps : type == H265.NAL_SPS ? sps : pps).add(set);
        }
        return vps.isEmpty() || sps.isEmpty() || pps.isEmpty() ? null : H265.fromParameterSets(vps, sps, pps);
    }
}
