package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h265.H265;

/// The `fmtp` of H.265, RFC 7798 7.1.
final class H265Parameters {
    private static final int MAX_PARAMETER_SETS = 32;

    private H265Parameters() {}

    /// Whether its packets come in decoding order and carry no decoding order numbers: nobody sends others.
    static boolean isUsual(PayloadFormat format) {
        String mode = format.parameter("tx-mode");
        return FormatFit.number(format, "sprop-max-don-diff", 0) == 0
                && (mode == null || mode.equalsIgnoreCase("SRST"));
    }

    /// `sprop-vps`, `sprop-sps` and `sprop-pps`; what is no parameter set is left out, as cameras describe
    /// themselves wrongly.
    static List<Bytes> parameterSets(PayloadFormat format) {
        List<Bytes> sets = new ArrayList<>();
        for (String name : List.of("sprop-vps", "sprop-sps", "sprop-pps")) {
            String text = format.parameter(name);
            if (text == null) {
                continue;
            }
            for (String part : text.split(",", MAX_PARAMETER_SETS)) {
                try {
                    Bytes set = Bytes.wrap(Base64.getDecoder().decode(part.strip()));
                    if (set.length() > H265.NAL_HEADER_BYTES) {
                        sets.add(set);
                    }
                } catch (IllegalArgumentException _) {
                    // Not even Base64.
                }
            }
        }
        return sets;
    }
}
