package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265Sps;
import tapedeck.media.Codec;

/// What fits together in offer and answer: which offered payload types can be received here, and which of them a
/// stream can be sent as.
final class FormatFit {
    /// What an answer says again, because it has to be the same on both sides or says what is meant by it:
    /// RFC 6184 8.2.2, RFC 9628 6, AV1 RTP 7.2, RFC 7798 7.2.2. `sprop-…` describe the sender's stream alone,
    /// `max-…` what the one who says it can receive.
    private static final List<String> H264_ANSWERED =
            List.of("level-asymmetry-allowed", "packetization-mode", "profile-level-id");

    private static final List<String> H265_ANSWERED =
            List.of("profile-space", "profile-id", "tier-flag", "level-id", "interop-constraints", "tx-mode");
    private static final List<String> VP9_ANSWERED = List.of("profile-id");
    private static final List<String> AV1_ANSWERED = List.of("profile", "level-idx", "tier");

    /// RFC 7587 7.1 carries one or two channels.
    private static final int MAX_OPUS_CHANNELS = 2;

    private FormatFit() {}

    static Optional<PayloadFormat> answer(PayloadFormat offered) {
        if (!Depacketizer.supports(offered)) {
            return Optional.empty();
        }
        String parameters = offered.parameters();
        if (offered.is("VP8")) {
            parameters = "";
        } else if (offered.is("H264")) {
            parameters = only(offered, H264_ANSWERED);
        } else if (offered.is("H265")) {
            parameters = only(offered, H265_ANSWERED);
        } else if (offered.is("VP9")) {
            parameters = only(offered, VP9_ANSWERED);
        } else if (offered.is("AV1")) {
            parameters = only(offered, AV1_ANSWERED);
        }
        return Optional.of(new PayloadFormat(
                offered.payloadType(),
                offered.encodingName(),
                offered.clockRateHz(),
                offered.channels(),
                parameters,
                offered.feedback()));
    }

    private static String only(PayloadFormat offered, List<String> names) {
        List<String> kept = new ArrayList<>();
        for (String name : names) {
            String value = offered.parameter(name);
            if (value != null) {
                kept.add(name + "=" + value);
            }
        }
        return String.join(";", kept);
    }

    /// RFC 6184 6.2 and 6.3; mode 2 (interleaved) is nobody's.
    static boolean isUsualMode(PayloadFormat h264) {
        int mode = number(h264, "packetization-mode", 0);
        return mode == 0 || mode == 1;
    }

    static Optional<PayloadFormat> forStream(Codec codec, List<PayloadFormat> offered) {
        PayloadFormat found = null;
        for (PayloadFormat format : offered) {
            if (!carries(format, codec)) {
                continue;
            }
            if (!format.is("H264") || number(format, "packetization-mode", 0) == 1) {
                return answer(format);
            }
            found = found == null ? format : found;
        }
        return Optional.ofNullable(found).flatMap(FormatFit::answer);
    }

    static boolean carries(PayloadFormat format, Codec codec) {
        if (!Depacketizer.supports(format)) {
            return false;
        }
        try {
            return switch (codec) {
                case Codec.H264 h264 -> format.is("H264") && decodes(format, h264);
                case Codec.H265 h265 -> format.is("H265") && decodes(format, h265);
                case Codec.Vp8 _ -> format.is("VP8");
                case Codec.Vp9 vp9 -> format.is("VP9") && number(format, "profile-id", 0) == vp9.profile();
                case Codec.Av1 av1 ->
                    // AV1 specification A.2: a decoder of a profile decodes the lower ones.
                    format.is("AV1")
                            && number(format, "profile", 0)
                                    >= Av1SequenceHeader.parse(av1.sequenceHeader())
                                            .profile();
                case Codec.Opus opus -> format.is("opus") && opus.channels() <= MAX_OPUS_CHANNELS;
                case Codec.Pcmu pcmu -> format.is("PCMU") && isPcm(format, pcmu);
                case Codec.Pcma pcma -> format.is("PCMA") && isPcm(format, pcma);
                case Codec.G722 g722 -> format.is("G722") && format.channels() == g722.channels();
                case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> false;
            };
        } catch (MalformedException _) {
            // Parameter sets that cannot be read: nobody can say what decodes them.
            return false;
        }
    }

    private static boolean isPcm(PayloadFormat format, Codec.Audio codec) {
        return format.clockRateHz() == codec.sampleRateHz() && format.channels() == codec.channels();
    }

    /// Whether a decoder of this profile decodes the stream, ISO/IEC 14496-10 A.2. The level is not asked: browsers
    /// name a low one and decode what their processor can.
    private static boolean decodes(PayloadFormat format, Codec.H264 codec) {
        Bytes sps = codec.sps().getFirst();
        H264Parameters.Profile stream = H264Parameters.profile(sps.u8(1), sps.u8(2));
        if (stream == H264Parameters.Profile.BASELINE && !hasSliceGroups(codec)) {
            stream = H264Parameters.Profile.CONSTRAINED_BASELINE;
        }
        return H264Parameters.profile(format).decodes(stream);
    }

    /// Baseline has more than Constrained Baseline by slice groups, redundant pictures and slices out of order,
    /// which no encoder of today makes, though many forget to say so in their SPS.
    private static boolean hasSliceGroups(Codec.H264 codec) {
        for (Bytes pps : codec.pps()) {
            BitReader in = new BitReader(H264.unescape(pps.slice(1)));
            in.ue(); // pic_parameter_set_id, ISO/IEC 14496-10 7.3.2.2
            in.ue(); // seq_parameter_set_id
            in.skip(2); // entropy_coding_mode_flag, bottom_field_pic_order_in_frame_present_flag
            if (in.ue() > 0) {
                return true;
            }
        }
        return false;
    }

    /// RFC 7798 7.1: a stream fits where its profile is the offered one, or it says that it is compatible with that
    /// (general_profile_compatibility_flag, ISO/IEC 23008-2 A.3), and its tier is not the higher one.
    private static boolean decodes(PayloadFormat format, Codec.H265 codec) {
        Bytes stream = H265Sps.parse(codec.sps().getFirst()).profileTierLevel();
        int profile = number(format, "profile-id", 1);
        if (profile < 0 || profile > 31 || number(format, "profile-space", 0) != stream.u8(0) >> 6) {
            return false;
        }
        boolean compatible = (stream.i32(1) << profile) < 0;
        return ((stream.u8(0) & 0x1F) == profile || compatible)
                && number(format, "tier-flag", 0) >= (stream.u8(0) >> 5 & 1);
    }

    /// -1 where it is no number.
    static int number(PayloadFormat format, String name, int otherwise) {
        String value = format.parameter(name);
        if (value == null) {
            return otherwise;
        }
        return value.matches("[0-9]{1,9}") ? Integer.parseInt(value) : -1;
    }
}
