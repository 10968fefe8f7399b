package tapedeck.container.mp4;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// What a codec is called in the `codecs` parameter of a media type (RFC 6381), as browsers and HLS ask for it.
public final class CodecName {
    /// Luma samples of a picture and the first level of VP9 that has so many, "VP9 Levels".
    private static final int[][] VP9_LEVELS = {
        {36_864, 10},
        {73_728, 11},
        {122_880, 20},
        {245_760, 21},
        {552_960, 30},
        {983_040, 31},
        {2_228_224, 40},
        {8_912_896, 50}
    };

    private static final int VP9_LARGEST_LEVEL = 60;

    private CodecName() {}

    /// The names of all tracks, separated by commas.
    public static String ofAll(List<Track> tracks) {
        return tracks.stream().map(track -> of(track.codec())).collect(Collectors.joining(","));
    }

    public static String of(Codec codec) {
        return switch (codec) {
            // ISO/IEC 14496-15 annex E.3: profile, constraints and level as they stand behind the NAL unit's header
            case Codec.H264 h264 ->
                "avc1." + h264.sps().getFirst().slice(1, 4).toHex().toUpperCase(Locale.ROOT);
            case Codec.H265 h265 -> hvc1(H265.toHvcc(h265));
            case Codec.Vp8 _ -> "vp08.00.10.08";
            case Codec.Vp9 vp9 ->
                "vp09.%02d.%02d.%02d".formatted(vp9.profile(), vp9Level(vp9), Math.max(8, vp9.bitDepth()));
            case Codec.Av1 av1 ->
                av01(Av1SequenceHeader.parse(av1.sequenceHeader()).toAv1C());
            case Codec.Aac aac -> "mp4a.40." + Aac.objectType(aac);
            case Codec.Mp3 mp3 -> mp3.sampleRateHz() < 32_000 ? "mp4a.69" : "mp4a.6B";
            case Codec.Ac3 _ -> "ac-3";
            case Codec.Opus _ -> "opus";
            case Codec.Pcma _ -> "alaw";
            case Codec.Pcmu _ -> "ulaw";
            case Codec.G722 _ -> throw new IllegalArgumentException("MP4 cannot carry " + codec.name());
        };
    }

    /// ISO/IEC 14496-15 annex E.3: profile, compatibility in reverse, tier and level, constraints without zeros behind.
    private static String hvc1(Bytes hvcC) {
        int profile = hvcC.u8(1);
        String space = List.of("", "A", "B", "C").get(profile >> 6);
        StringBuilder name = new StringBuilder("hvc1.%s%d.%X.%s%d"
                .formatted(
                        space,
                        profile & 0x1F,
                        Integer.reverse(hvcC.i32(2)),
                        (profile & 0x20) == 0 ? "L" : "H",
                        hvcC.u8(12)));
        int last = 11;
        while (last >= 6 && hvcC.u8(last) == 0) {
            last--;
        }
        for (int at = 6; at <= last; at++) {
            name.append(".%X".formatted(hvcC.u8(at)));
        }
        return name.toString();
    }

    private static int vp9Level(Codec.Vp9 codec) {
        long samples = (long) codec.width() * codec.height();
        for (int[] level : VP9_LEVELS) {
            if (samples <= level[0]) {
                return level[1];
            }
        }
        return VP9_LARGEST_LEVEL;
    }

    /// "AV1 Codec ISO Media File Format Binding" 5: profile, level and tier, bit depth.
    private static String av01(Bytes av1C) {
        int flags = av1C.u8(2);
        int bitDepth = (flags & 0x40) == 0 ? 8 : (flags & 0x20) == 0 ? 10 : 12;
        return "av01.%d.%02d%s.%02d"
                .formatted(av1C.u8(1) >> 5, av1C.u8(1) & 0x1F, (flags & 0x80) == 0 ? "M" : "H", bitDepth);
    }
}
