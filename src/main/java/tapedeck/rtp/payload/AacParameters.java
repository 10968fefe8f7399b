package tapedeck.rtp.payload;

import java.util.HexFormat;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.media.Codec;

/// The `fmtp` of `mpeg4-generic`, RFC 3640 4.1, as far as AAC uses it (3.3.5 and 3.3.6: the modes AAC-lbr and AAC-hbr).
///
/// @param sizeBits of AU-size; 0 where every access unit has `constantBytes`
/// @param indexBits of the first AU-Index
/// @param indexDeltaBits of the others
/// @param ctsDeltaBits, dtsDeltaBits of time stamps that AAC does not need
/// @param auxiliaryBits of the length of the auxiliary section
record AacParameters(
        Codec.Aac codec,
        int sizeBits,
        int constantBytes,
        int indexBits,
        int indexDeltaBits,
        int ctsDeltaBits,
        int dtsDeltaBits,
        boolean randomAccess,
        int streamStateBits,
        int auxiliaryBits) {
    private static final int MAX_FIELD_BITS = 32;
    private static final int MAX_CONFIG_BYTES = 64;
    private static final int HBR_SIZE_BITS = 13;
    private static final int HBR_INDEX_BITS = 3;

    /// Whether packets of this format can be AAC that is described: nothing can be made of one without a configuration.
    static boolean isUsual(PayloadFormat format) {
        if (!format.is("mpeg4-generic")) {
            return false;
        }
        try {
            parse(format);
            return true;
        } catch (MalformedException _) {
            return false;
        }
    }

    static AacParameters parse(PayloadFormat format) {
        Codec.Aac codec = Aac.fromConfig(config(format));
        int sizeBits = number(format, "sizelength", MAX_FIELD_BITS);
        int constantBytes = number(format, "constantsize", 0xFFFF);
        if (sizeBits == 0 && constantBytes == 0 && format.parameter("mode") == null) {
            // Some cameras say the configuration and nothing else, and mean AAC-hbr, 3.3.6.
            return new AacParameters(codec, HBR_SIZE_BITS, 0, HBR_INDEX_BITS, HBR_INDEX_BITS, 0, 0, false, 0, 0);
        }
        if (sizeBits == 0 && constantBytes == 0) {
            throw new MalformedException("mpeg4-generic without sizelength and constantsize");
        }
        return new AacParameters(
                codec,
                sizeBits,
                constantBytes,
                number(format, "indexlength", MAX_FIELD_BITS),
                number(format, "indexdeltalength", MAX_FIELD_BITS),
                number(format, "ctsdeltalength", MAX_FIELD_BITS),
                number(format, "dtsdeltalength", MAX_FIELD_BITS),
                number(format, "randomaccessindication", 1) == 1,
                number(format, "streamstateindication", MAX_FIELD_BITS),
                number(format, "auxiliarydatasizelength", MAX_FIELD_BITS));
    }

    private static Bytes config(PayloadFormat format) {
        return hex(format, "config");
    }

    /// The parameter's value as hexadecimal digits.
    static Bytes hex(PayloadFormat format, String name) {
        String text = format.parameter(name);
        if (text == null || text.isEmpty()) {
            throw new MalformedException("%s without %s".formatted(format.encodingName(), name));
        }
        // RFC 3640 4.1 has it in quotes where the description is a URL; some cameras have it so always.
        String digits = text.replace("\"", "");
        if (digits.length() > 2 * MAX_CONFIG_BYTES || digits.length() % 2 != 0) {
            throw new MalformedException("%s of %d digits".formatted(name, digits.length()));
        }
        try {
            return Bytes.wrap(HexFormat.of().parseHex(digits));
        } catch (IllegalArgumentException e) {
            throw new MalformedException(name + " is not hexadecimal", e);
        }
    }

    private static int number(PayloadFormat format, String name, int max) {
        int number = FormatFit.number(format, name, 0);
        if (number < 0 || number > max) {
            throw new MalformedException("mpeg4-generic: %s is %d".formatted(name, number));
        }
        return number;
    }

    /// Whether a packet has AU headers at all, 3.2.1.
    boolean hasHeaders() {
        return sizeBits + indexBits + indexDeltaBits + ctsDeltaBits + dtsDeltaBits + streamStateBits > 0
                || randomAccess;
    }
}
