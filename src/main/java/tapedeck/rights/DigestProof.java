package tapedeck.rights;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.Digest;

/// What a peer shows instead of its password, RFC 7616 3.4: that it knows it. Whether the nonce was ours, and is fresh,
/// is for the protocol.
///
/// @param response in small letters
public record DigestProof(String user, Digest.Algorithm algorithm, Digest.Terms terms, String response) {
    /// Of all challenges and secrets here: secrets are kept for it.
    public static final String REALM = "Tapedeck";

    private static final String SCHEME = "digest ";

    /// The value of an `Authorization` header; empty if it is of another scheme.
    ///
    /// @param method of the request
    /// @throws MalformedException for one that cannot be right
    public static Optional<DigestProof> ofAuthorization(String header, String method) {
        String value = header.strip();
        if (!value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.empty();
        }
        Map<String, String> said = Digest.parameters(value.substring(SCHEME.length()));
        String algorithm = said.getOrDefault("algorithm", "");
        Optional<Digest.Algorithm> known = Digest.Algorithm.named(algorithm);
        String qop = said.getOrDefault("qop", "");
        if (known.isEmpty() || !qop.isEmpty() && !qop.equals("auth") || !said.containsKey("username")) {
            throw new MalformedException("Authorization: Digest with MD5 or SHA-256 and qop auth is known here");
        }
        Digest.Terms terms = new Digest.Terms(
                algorithm,
                method,
                said.getOrDefault("uri", ""),
                said.getOrDefault("nonce", ""),
                said.getOrDefault("nc", ""),
                said.getOrDefault("cnonce", ""),
                qop);
        return Optional.of(new DigestProof(
                said.get("username"),
                known.get(),
                terms,
                said.getOrDefault("response", "").toLowerCase(Locale.ROOT)));
    }

    /// @param secret what [Digest#secret] makes of user, [#REALM] and password
    boolean isRight(String secret) {
        byte[] wanted = Digest.response(algorithm, secret, terms).getBytes(StandardCharsets.US_ASCII);
        return MessageDigest.isEqual(wanted, response.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public String toString() {
        return "DigestProof[…]";
    }
}
