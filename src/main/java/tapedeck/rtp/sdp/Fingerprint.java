package tapedeck.rtp.sdp;

import java.util.HexFormat;
import java.util.Locale;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The hash of a certificate, RFC 8122 5.
///
/// @param algorithm in lower case: `sha-256`
public record Fingerprint(String algorithm, Bytes hash) {
    private static final int MAX_BYTES = 64;
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":").withUpperCase();

    public static Fingerprint parse(String value) {
        int space = value.indexOf(' ');
        String hex = value.substring(space + 1).strip();
        if (space <= 0 || hex.length() > 3 * MAX_BYTES || !hex.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*")) {
            throw new MalformedException("fingerprint: " + value.substring(0, Math.min(value.length(), 100)));
        }
        return new Fingerprint(value.substring(0, space).toLowerCase(Locale.ROOT), Bytes.wrap(COLONS.parseHex(hex)));
    }

    @Override
    public String toString() {
        return algorithm + " " + COLONS.formatHex(hash.toByteArray());
    }
}
