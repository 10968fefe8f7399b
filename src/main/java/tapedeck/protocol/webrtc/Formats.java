package tapedeck.protocol.webrtc;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.H264Parameters;
import tapedeck.rtp.payload.PayloadFormat;

/// Which payload format carries which codec.
final class Formats {
    private static final Set<String> VIDEO = Set.of("H264", "H265", "VP8", "VP9", "AV1");

    /// Formats that carry no stream of their own.
    private static final Set<String> COMPANIONS = Set.of("RTX", "RED", "ULPFEC", "FLEXFEC-03", "CN", "TELEPHONE-EVENT");

    private Formats() {}

    static boolean isVideo(PayloadFormat format) {
        return VIDEO.stream().anyMatch(format::is);
    }

    /// The first format of `offered` in which frames of this codec can be sent, or null.
    ///
    /// H.264 is sent with fragments (packetization-mode=1). The one with the stream's own profile is best; but
    /// decoders take more than their offers say, so that any other is better than none.
    static @Nullable PayloadFormat carrier(Codec codec, List<PayloadFormat> offered) {
        PayloadFormat best = null;
        for (PayloadFormat format : offered) {
            if (!carries(codec, format)) {
                continue;
            }
            if (!(codec instanceof Codec.H264 h264) || sameProfile(h264, format)) {
                return format;
            }
            best = best == null ? format : best;
        }
        return best;
    }

    private static boolean carries(Codec codec, PayloadFormat format) {
        return switch (codec) {
            case Codec.H264 _ ->
                format.is("H264") && H264Parameters.parse(format).packetizationMode() == 1;
            case Codec.H265 _ -> format.is("H265");
            case Codec.Vp8 _ -> format.is("VP8");
            case Codec.Vp9 vp9 -> format.is("VP9") && number(format, "profile-id") == vp9.profile();
            case Codec.Av1 _ -> format.is("AV1");
            case Codec.Opus opus -> format.is("opus") && opus.channels() <= 2;
            case Codec.Pcmu pcmu -> format.is("PCMU") && same(pcmu, format);
            case Codec.Pcma pcma -> format.is("PCMA") && same(pcma, format);
            case Codec.G722 g722 -> format.is("G722") && g722.channels() == format.channels();
            case Codec.Aac _, Codec.Mp3 _ -> false;
        };
    }

    private static boolean same(Codec.Audio codec, PayloadFormat format) {
        return codec.sampleRateHz() == format.clockRateHz() && codec.channels() == format.channels();
    }

    private static boolean sameProfile(Codec.H264 codec, PayloadFormat format) {
        Bytes sps = codec.sps().getFirst();
        // ISO/IEC 14496-10 7.3.2.1.1: profile_idc, constraint flags and level_idc stand behind the NAL unit header.
        String id = "%02x%02x%02x".formatted(sps.u8(1), sps.u8(2), sps.u8(3));
        PayloadFormat own = new PayloadFormat(
                format.payloadType(),
                format.encodingName(),
                format.clockRateHz(),
                1,
                "packetization-mode=1;profile-level-id=" + id,
                List.of());
        return H264Parameters.parse(own).matches(H264Parameters.parse(format));
    }

    /// The format of `offered` in which `primary` comes with its own last packets, RFC 2198 5: its `fmtp` names the
    /// primary format for each of its parts.
    static Optional<PayloadFormat> redundant(PayloadFormat primary, List<PayloadFormat> offered) {
        String type = String.valueOf(primary.payloadType());
        return offered.stream()
                .filter(format -> format.is("red")
                        && format.clockRateHz() == primary.clockRateHz()
                        && format.channels() == primary.channels()
                        && List.of(format.parameters().split("/", -1)).stream().allMatch(type::equals))
                .findFirst();
    }

    /// What a publisher may send, for people.
    static String received() {
        return Stream.of("H264", "H265", "VP8", "VP9", "AV1", "opus", "PCMU", "PCMA", "G722")
                .filter(name -> Depacketizer.supports(new PayloadFormat(0, name, 90_000, 1)))
                .collect(Collectors.joining(", "));
    }

    /// The names in these formats, each once, without those that only help others.
    static String names(List<PayloadFormat> formats) {
        String names = formats.stream()
                .map(PayloadFormat::encodingName)
                .filter(name -> !COMPANIONS.contains(name.toUpperCase(Locale.ROOT)))
                .distinct()
                .collect(Collectors.joining(", "));
        return names.isEmpty() ? "nothing" : names;
    }

    /// RFC 9628 6: without `profile-id` it is 0.
    private static int number(PayloadFormat format, String parameter) {
        String value = format.parameter(parameter);
        return value != null && value.matches("[0-9]{1,3}") ? Integer.parseInt(value) : 0;
    }
}
