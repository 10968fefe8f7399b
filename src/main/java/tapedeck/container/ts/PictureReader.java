package tapedeck.container.ts;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;

/// H.264 and H.265: each PES packet is one access unit, as nearly everybody sends them. Delimiters and parameter sets
/// are taken out; the codec has them. Until the first of those nothing can be made of a picture.
final class PictureReader implements ElementaryReader {
    private final boolean h265;
    private @Nullable Codec codec;

    PictureReader(boolean h265) {
        this.h265 = h265;
    }

    @Override
    public boolean isVideo() {
        return true;
    }

    @Override
    public void receive(PesAssembler.Pes pes, Frames frames) {
        if (pes.data().isEmpty()) {
            return;
        }
        if (pes.header().ptsTicks() < 0) {
            throw new MalformedException("MPEG-TS: a picture without a time");
        }
        List<Bytes> pictures = new ArrayList<>();
        List<Bytes> sets = new ArrayList<>();
        boolean keyframe = false;
        for (Bytes unit : H264.splitAnnexB(pes.data())) {
            switch (kind(unit)) {
                case DELIMITER -> {}
                case SET -> sets.add(unit);
                case KEYFRAME -> {
                    keyframe = true;
                    pictures.add(unit);
                }
                case OTHER -> pictures.add(unit);
            }
        }
        Codec known = withSets(sets);
        if (known == null || pictures.isEmpty()) {
            return;
        }
        // Streams exist that never have an IDR picture: where sets come with a random access point, one can begin.
        boolean entry = keyframe || pes.randomAccess() && !sets.isEmpty();
        frames.frame(known, pes.header().ptsTicks(), pes.header().dtsTicks(), 0, entry, H264.accessUnit(pictures));
    }

    private enum Kind {
        DELIMITER,
        SET,
        KEYFRAME,
        OTHER
    }

    private Kind kind(Bytes unit) {
        int header = unit.u8(0);
        if (h265) {
            int type = H265.nalUnitType(header);
            return switch (type) {
                case H265.NAL_AUD -> Kind.DELIMITER;
                case H265.NAL_VPS, H265.NAL_SPS, H265.NAL_PPS -> Kind.SET;
                default -> type >= H265.NAL_FIRST_IRAP && type <= H265.NAL_LAST_IRAP ? Kind.KEYFRAME : Kind.OTHER;
            };
        }
        return switch (H264.nalUnitType(header)) {
            case H264.NAL_AUD -> Kind.DELIMITER;
            case H264.NAL_SPS, H264.NAL_PPS -> Kind.SET;
            case H264.NAL_IDR -> Kind.KEYFRAME;
            default -> Kind.OTHER;
        };
    }

    private @Nullable Codec withSets(List<Bytes> sets) {
        if (!sets.isEmpty()) {
            codec = switch (codec) {
                case Codec.H264 known -> H264.withParameterSets(known, sets);
                case Codec.H265 known -> H265.withParameterSets(known, sets);
                case null, default -> h265 ? firstH265(sets) : firstH264(sets);
            };
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
