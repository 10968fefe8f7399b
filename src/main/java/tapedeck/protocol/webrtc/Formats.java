package tapedeck.protocol.webrtc;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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

    /// The format of `offered` in which frames of this codec are best sent, or null.
    ///
    /// All viewers of a stream get the same packets, so H.264 goes out in fragments (packetization-mode=1) or
    /// not at all. Decoders of H.264 and H.265 take more than their offers say: a profile that is not offered is
    /// sent as the first that is.
    static @Nullable PayloadFormat carrier(Codec codec, List<PayloadFormat> offered) {
        List<PayloadFormat> sendable = offered.stream()
                .filter(Depacketizer::supports)
                .filter(format ->
                        !format.is("H264") || H264Parameters.parse(format).packetizationMode() == 1)
                .toList();
        return PayloadFormat.forStream(codec, sendable)
                .or(() -> sendable.stream()
                        .filter(format -> switch (codec) {
                            case Codec.H264 _ -> format.is("H264");
                            case Codec.H265 _ -> format.is("H265");
                            case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _, Codec.Pcmu _ -> false;
                            case Codec.Pcma _, Codec.G722 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _ -> false;
                        })
                        .findFirst())
                .orElse(null);
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

    private static String name(PayloadFormat format) {
        boolean whole = format.is("H264") && H264Parameters.parse(format).packetizationMode() == 0;
        return format.encodingName() + (whole ? " with packetization-mode=0" : "");
    }

    /// The names in these formats, each once, without those that only help others.
    static String names(List<PayloadFormat> formats) {
        String names = formats.stream()
                .filter(format -> !COMPANIONS.contains(format.encodingName().toUpperCase(Locale.ROOT)))
                .map(Formats::name)
                .distinct()
                .collect(Collectors.joining(", "));
        return names.isEmpty() ? "nothing" : names;
    }
}
