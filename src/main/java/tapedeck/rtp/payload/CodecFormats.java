package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;

/// How a session description names a stream's codec where nobody offered anything: RTSP and plain RTP.
final class CodecFormats {
    /// RFC 7587 7.1 carries one or two channels.
    private static final int MAX_OPUS_CHANNELS = 2;

    private static final int G711_HZ = 8_000;

    private CodecFormats() {}

    static Optional<PayloadFormat> of(Codec codec, int dynamicType) {
        return Optional.ofNullable(
                switch (codec) {
                    case Codec.H264 h264 -> video(dynamicType, "H264", h264(h264));
                    case Codec.H265 h265 -> video(dynamicType, "H265", h265(h265));
                    case Codec.Vp8 _ -> video(dynamicType, "VP8", "");
                    case Codec.Vp9 vp9 -> video(dynamicType, "VP9", "profile-id=" + vp9.profile());
                    case Codec.Av1 _ -> video(dynamicType, "AV1", "");
                    case Codec.Aac aac -> aac(dynamicType, aac);
                    case Codec.Opus opus -> opus.channels() <= MAX_OPUS_CHANNELS ? opus(dynamicType, opus) : null;
                    case Codec.Ac3 _ -> null;
                    // RFC 3551 6: the static types.
                    case Codec.Mp3 _ -> new PayloadFormat(14, "MPA", Mp3Depacketizer.CLOCK_RATE_HZ, 1);
                    case Codec.Pcmu pcmu -> g711(pcmu, "PCMU", 0, dynamicType);
                    case Codec.Pcma pcma -> g711(pcma, "PCMA", 8, dynamicType);
                    case Codec.G722 g722 ->
                        new PayloadFormat(g722.channels() == 1 ? 9 : dynamicType, "G722", G711_HZ, g722.channels());
                });
    }

    private static PayloadFormat video(int type, String name, String parameters) {
        return new PayloadFormat(type, name, 90_000, 1, parameters, List.of());
    }

    private static PayloadFormat g711(Codec.Audio codec, String name, int staticType, int dynamicType) {
        boolean usual = codec.sampleRateHz() == G711_HZ && codec.channels() == 1;
        return new PayloadFormat(usual ? staticType : dynamicType, name, codec.sampleRateHz(), codec.channels());
    }

    /// RFC 6184 8.1.
    private static String h264(Codec.H264 codec) {
        List<Bytes> sets = new ArrayList<>(codec.sps());
        sets.addAll(codec.pps());
        return "packetization-mode=1;sprop-parameter-sets=%s;profile-level-id=%s"
                .formatted(base64(sets), codec.sps().getFirst().slice(1, 4).toHex());
    }

    /// RFC 7798 7.1.
    private static String h265(Codec.H265 codec) {
        return "sprop-vps=%s;sprop-sps=%s;sprop-pps=%s"
                .formatted(base64(codec.vps()), base64(codec.sps()), base64(codec.pps()));
    }

    private static String base64(List<Bytes> sets) {
        return String.join(
                ",",
                sets.stream()
                        .map(set -> Base64.getEncoder().encodeToString(set.toByteArray()))
                        .toList());
    }

    /// RFC 3640 3.3.6; `profile-level-id` says "any" (ISO/IEC 14496-1, audioProfileLevelIndication 1 = Main, level 1),
    /// as everybody does.
    private static PayloadFormat aac(int type, Codec.Aac codec) {
        String parameters =
                "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config="
                        + codec.config().toHex();
        return new PayloadFormat(type, "mpeg4-generic", codec.sampleRateHz(), codec.channels(), parameters, List.of());
    }

    /// RFC 7587 7: always two channels in `rtpmap`.
    private static PayloadFormat opus(int type, Codec.Opus codec) {
        String parameters = codec.channels() == 2 ? "sprop-stereo=1" : "";
        return new PayloadFormat(type, "opus", 48_000, 2, parameters, List.of());
    }
}
