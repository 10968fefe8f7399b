package tapedeck.rtp.payload;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

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

    public boolean is(String name) {
        return encodingName.equalsIgnoreCase(name);
    }

    /// A parameter of `fmtp` of the usual form `name=value; name=value`, or null. Names are compared without regard to
    /// case, as RFC 6184 8.1 and RFC 7587 7 have them both ways in the wild.
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
