package tapedeck.rtp.payload;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;

/// What a payload type number stands for: `rtpmap`, `fmtp` and `rtcp-fb` of an SDP.
///
/// @param encodingName as the SDP spells it; names are compared without regard to case
/// @param channels 1 where the SDP says nothing
/// @param parameters the text of `fmtp` behind the number, or ""
/// @param feedback the texts of `rtcp-fb` behind the number: `nack pli`, `transport-cc` …
public record PayloadFormat(
        int payloadType, String encodingName, int clockRateHz, int channels, String parameters, List<String> feedback) {
    public PayloadFormat {
        feedback = List.copyOf(feedback);
    }

    public PayloadFormat(int payloadType, String encodingName, int clockRateHz, int channels) {
        this(payloadType, encodingName, clockRateHz, channels, "", List.of());
    }

    /// The same with other `rtcp-fb`.
    public PayloadFormat withFeedback(List<String> kinds) {
        return new PayloadFormat(payloadType, encodingName, clockRateHz, channels, parameters, kinds);
    }

    public boolean is(String name) {
        return encodingName.equalsIgnoreCase(name);
    }

    /// A parameter of `fmtp` of the usual form `name=value; name=value`, or null. Names are compared without
    /// regard to case, as RFC 6184 8.1 and RFC 7587 7 have them both ways in the wild.
    public @Nullable String parameter(String name) {
        int at = 0;
        while (at < parameters.length()) {
            int end = parameters.indexOf(';', at);
            if (end < 0) {
                end = parameters.length();
            }
            int equals = parameters.indexOf('=', at);
            if (equals >= 0
                    && equals < end
                    && parameters.substring(at, equals).strip().equalsIgnoreCase(name)) {
                return parameters.substring(equals + 1, end).strip();
            }
            at = end + 1;
        }
        return null;
    }

    /// What we answer to this offered format if we are to receive it: the same payload type, with the parameters
    /// that have to be said again (RFC 3264 6.1; a stream is never converted here, so every profile is taken).
    /// Empty where nothing here can receive it. Its feedback is that of the offer: the caller chooses.
    public Optional<PayloadFormat> answer() {
        return FormatFit.answer(this);
    }

    /// Whether a stream of this codec can be sent to whoever offers to receive this format: same codec, and a
    /// profile that a decoder of the offered one decodes. The level may be a higher one, as browsers name low
    /// levels and decode what they can.
    public boolean carries(Codec codec) {
        return FormatFit.carries(this, codec);
    }

    /// The answer with the payload type that a stream of this codec is best sent as, out of those offered: the
    /// first that [#carries] it, but H.264's packetization mode 0 only where nothing else is offered, as it
    /// cannot carry large pictures. Give it to [Packetizer#of(Codec, PayloadFormat, int)].
    public static Optional<PayloadFormat> forStream(Codec codec, List<PayloadFormat> offered) {
        return FormatFit.forStream(codec, offered);
    }

    /// How a stream of this codec is described to whoever only receives, with all that its decoder needs. Empty where
    /// no payload carries it.
    ///
    /// @param dynamicType used unless the codec has a number of its own, RFC 3551 6
    public static Optional<PayloadFormat> describing(Codec codec, int dynamicType) {
        return CodecFormats.of(codec, dynamicType);
    }

    /// The value behind `rtpmap`.
    public String rtpmap() {
        String base = "%d %s/%d".formatted(payloadType, encodingName, clockRateHz);
        return channels > 1 ? base + "/" + channels : base;
    }

    @Override
    public String toString() {
        return rtpmap().toLowerCase(Locale.ROOT) + (parameters.isEmpty() ? "" : " " + parameters);
    }
}
