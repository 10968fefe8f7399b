package tapedeck.container;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h264.Sps;
import tapedeck.codec.h265.H265;
import tapedeck.codec.h265.H265Sps;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What a file does when a picture changes its size, which for most codecs means other parameter sets. VP8 and VP9 say
/// the size in every keyframe and nothing else anywhere: with them each file goes on.
public enum SizeChange {
    /// H.264, H.265 and AV1 go on in another file.
    ENDS_FILE,
    /// They go on in this one, as long as profile, chroma format and bit depth stay. Its header describes the first
    /// pictures; players that were at the last ones and go back know nothing of those any more, so each keyframe
    /// carries its parameter sets, from the first one on.
    GOES_ON;

    /// Whether frames of `track` can stand in a file behind those of `known`.
    public boolean goesOn(Track known, Track track) {
        if (known.id() != track.id() || known.rotationDegrees() != track.rotationDegrees()) {
            return false;
        }
        return switch (known.codec()) {
            case Codec.Vp8 _ -> track.codec() instanceof Codec.Vp8;
            case Codec.Vp9 was ->
                track.codec() instanceof Codec.Vp9 is
                        && was.profile() == is.profile()
                        && was.bitDepth() == is.bitDepth();
            case Codec.H264 was -> was.equals(track.codec()) || this == GOES_ON && isLike(was, track.codec());
            case Codec.H265 was -> was.equals(track.codec()) || this == GOES_ON && isLike(was, track.codec());
            case Codec.Av1 was -> was.equals(track.codec()) || this == GOES_ON && isLike(was, track.codec());
            case Codec.Audio was -> was.equals(track.codec());
        };
    }

    private static boolean isLike(Codec.H264 was, Codec codec) {
        if (!(codec instanceof Codec.H264 is)) {
            return false;
        }
        Sps one = Sps.parse(was.sps().getFirst());
        Sps other = Sps.parse(is.sps().getFirst());
        return one.profileIdc() == other.profileIdc()
                && one.chromaFormatIdc() == other.chromaFormatIdc()
                && one.bitDepthLuma() == other.bitDepthLuma()
                && one.bitDepthChroma() == other.bitDepthChroma();
    }

    private static boolean isLike(Codec.H265 was, Codec codec) {
        if (!(codec instanceof Codec.H265 is)) {
            return false;
        }
        H265Sps one = H265Sps.parse(was.sps().getFirst());
        H265Sps other = H265Sps.parse(is.sps().getFirst());
        // general_profile_space, general_tier_flag, general_profile_idc
        return one.profileTierLevel().u8(0) == other.profileTierLevel().u8(0)
                && one.chromaFormatIdc() == other.chromaFormatIdc()
                && one.bitDepthLuma() == other.bitDepthLuma()
                && one.bitDepthChroma() == other.bitDepthChroma();
    }

    private static boolean isLike(Codec.Av1 was, Codec codec) {
        if (!(codec instanceof Codec.Av1 is)) {
            return false;
        }
        Av1SequenceHeader one = Av1SequenceHeader.parse(was.sequenceHeader());
        Av1SequenceHeader other = Av1SequenceHeader.parse(is.sequenceHeader());
        return one.profile() == other.profile()
                && one.bitDepth() == other.bitDepth()
                && one.monochrome() == other.monochrome()
                && one.subsamplingX() == other.subsamplingX()
                && one.subsamplingY() == other.subsamplingY();
    }

    /// The frame as such a file stores it. AV1 has its sequence header in each keyframe anyway.
    ///
    /// @throws tapedeck.bytes.MalformedException if a keyframe is not made of NAL units
    public Frame stored(Frame frame) {
        if (this == ENDS_FILE || !frame.keyframe()) {
            return frame;
        }
        return switch (frame.track().codec()) {
            case Codec.H264 h264 -> {
                List<Bytes> sets = new ArrayList<>(h264.sps());
                sets.addAll(h264.pps());
                yield withSets(frame, sets);
            }
            case Codec.H265 h265 -> {
                List<Bytes> sets = new ArrayList<>(h265.vps());
                sets.addAll(h265.sps());
                sets.addAll(h265.pps());
                yield withSets(frame, sets);
            }
            case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Audio _ -> frame;
        };
    }

    /// Copies the frame, which nothing else does with media: one in seconds.
    private static Frame withSets(Frame frame, List<Bytes> sets) {
        List<Bytes> units = H264.nalUnits(frame.data());
        if (units.containsAll(sets)) {
            return frame;
        }
        // ISO/IEC 14496-10 7.4.1.2.3, ISO/IEC 23008-2 7.4.2.4.4: a delimiter is the first of its access unit.
        int delimiters = !units.isEmpty() && isDelimiter(frame.track().codec(), units.getFirst()) ? 1 : 0;
        List<Bytes> all = new ArrayList<>(units.subList(0, delimiters));
        all.addAll(sets);
        all.addAll(units.subList(delimiters, units.size()));
        return new Frame(frame.track(), frame.dtsNanos(), frame.ptsNanos(), true, H264.accessUnit(all));
    }

    private static boolean isDelimiter(Codec codec, Bytes unit) {
        return codec instanceof Codec.H264
                ? H264.nalUnitType(unit.u8(0)) == H264.NAL_AUD
                : H265.nalUnitType(unit.u8(0)) == H265.NAL_AUD;
    }
}
