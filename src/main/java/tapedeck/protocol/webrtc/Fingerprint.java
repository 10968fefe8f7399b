package tapedeck.protocol.webrtc;

import java.util.Locale;
import java.util.Set;
import tapedeck.bytes.MalformedException;

/// A peer's certificate as its SDP promised it, `a=fingerprint` of RFC 8122 5.
///
/// @param algorithm `sha-256`, `sha-384` or `sha-512`
/// @param value upper-case hex bytes between colons
record Fingerprint(String algorithm, String value) {
    private static final Set<String> ALGORITHMS = Set.of("sha-256", "sha-384", "sha-512");

    static Fingerprint parse(String attribute) {
        String[] parts = attribute.trim().split(" +", -1);
        if (parts.length != 2) {
            throw new MalformedException("SDP: a=fingerprint needs an algorithm and a value");
        }
        String algorithm = parts[0].toLowerCase(Locale.ROOT);
        String value = parts[1].toUpperCase(Locale.ROOT);
        if (!ALGORITHMS.contains(algorithm)) {
            throw new MalformedException("SDP: a=fingerprint:%s is not safe, one of %s is"
                    .formatted(
                            algorithm.replaceAll("[^a-z0-9-]", "?"),
                            String.join(", ", ALGORITHMS.stream().sorted().toList())));
        }
        if (!value.matches("[0-9A-F]{2}(:[0-9A-F]{2}){31,63}")) {
            throw new MalformedException("SDP: a=fingerprint has no valid value");
        }
        return new Fingerprint(algorithm, value);
    }

    /// Whether `certificate` (DER) is the promised one.
    boolean matches(byte[] certificate) {
        return DtlsIdentity.fingerprint(algorithm.toUpperCase(Locale.ROOT), certificate)
                .equals(value);
    }
}
