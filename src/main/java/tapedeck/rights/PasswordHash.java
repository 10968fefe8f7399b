package tapedeck.rights;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// PBKDF2 (RFC 8018 5.2) with HMAC-SHA-256, as text `pbkdf2-sha256$ITERATIONS$SALT$HASH` in base64url.
///
/// From the JDK, and with no memory that many logins at once could exhaust, as Argon2 and scrypt need by design.
record PasswordHash(int iterations, Bytes salt, Bytes hash) {
    /// What OWASP's Password Storage Cheat Sheet asks of PBKDF2-HMAC-SHA256.
    static final int ITERATIONS = 600_000;

    /// Lines of other hands: fewer would be no protection, and more would let one login take seconds.
    static final int MIN_ITERATIONS = 10_000;

    static final int MAX_ITERATIONS = 10_000_000;
    static final int MAX_PASSWORD_CHARACTERS = 1_024;

    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final Pattern TEXT =
            Pattern.compile("pbkdf2-sha256\\$(\\d{1,8})\\$([A-Za-z0-9_-]{22,86})\\$([A-Za-z0-9_-]{43})");

    static PasswordHash of(String password, int iterations) {
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        return new PasswordHash(iterations, Bytes.wrap(salt), Bytes.wrap(derived(password, salt, iterations)));
    }

    /// @throws MalformedException if it is none
    static PasswordHash parse(String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        if (matcher.matches()) {
            int iterations = Integer.parseInt(matcher.group(1));
            if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
                throw new MalformedException(
                        "password hash: %d to %d iterations are possible".formatted(MIN_ITERATIONS, MAX_ITERATIONS));
            }
            try {
                Base64.Decoder base64 = Base64.getUrlDecoder();
                return new PasswordHash(
                        iterations,
                        Bytes.wrap(base64.decode(matcher.group(2))),
                        Bytes.wrap(base64.decode(matcher.group(3))));
            } catch (IllegalArgumentException _) {
                // Said below.
            }
        }
        throw new MalformedException("password hash: pbkdf2-sha256$ITERATIONS$SALT$HASH is needed");
    }

    boolean matches(String password) {
        return MessageDigest.isEqual(hash.toByteArray(), derived(password, salt.toByteArray(), iterations));
    }

    /// In Unicode's composed form (RFC 8265 4.2), so that a password is right whatever keyboard it was typed on.
    private static byte[] derived(String password, byte[] salt, int iterations) {
        char[] characters = Normalizer.normalize(password, Normalizer.Form.NFC).toCharArray();
        PBEKeySpec spec = new PBEKeySpec(characters, salt, iterations, HASH_BYTES * Byte.SIZE);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has PBKDF2WithHmacSHA256", e);
        } finally {
            spec.clearPassword();
        }
    }

    String text() {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        return "pbkdf2-sha256$%d$%s$%s"
                .formatted(
                        iterations,
                        base64.encodeToString(salt.toByteArray()),
                        base64.encodeToString(hash.toByteArray()));
    }

    @Override
    public String toString() {
        return "PasswordHash[…]";
    }
}
