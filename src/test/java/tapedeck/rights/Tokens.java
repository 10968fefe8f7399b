package tapedeck.rights;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;

/// Tokens as a site would make them.
public final class Tokens {
    public static final String SECRET = "0123456789abcdef0123456789abcdef";

    private Tokens() {}

    public static JWTClaimsSet.Builder claims(long secondsLeft) {
        return new JWTClaimsSet.Builder()
                .subject("alice")
                .expirationTime(Date.from(Instant.now().plusSeconds(secondsLeft)))
                .claim("publish", List.of("cam", "lectures/*"))
                .claim("play", "*");
    }

    public static String signed(JWTClaimsSet claims) {
        return signed(claims, SECRET);
    }

    public static String signed(JWTClaimsSet claims, String secret) {
        try {
            return signed(
                    new JWSHeader(JWSAlgorithm.HS256), claims, new MACSigner(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    static String signed(JWSHeader header, JWTClaimsSet claims, JWSSigner signer) throws JOSEException {
        SignedJWT token = new SignedJWT(header, claims);
        token.sign(signer);
        return token.serialize();
    }
}
