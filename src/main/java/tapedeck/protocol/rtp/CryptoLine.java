package tapedeck.protocol.rtp;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpProfile;

/// `a=crypto`, RFC 4568 9.1: the keys of what its writer sends.
///
/// @param tag by which the answer names it
record CryptoLine(String tag, SrtpKeys keys) {
    private static final String INLINE = "inline:";

    /// RFC 4568 6.2 and RFC 7714 14.2.
    static String suite(SrtpProfile profile) {
        return switch (profile) {
            case AES_CM_128_HMAC_SHA1_80 -> "AES_CM_128_HMAC_SHA1_80";
            case AEAD_AES_128_GCM -> "AEAD_AES_128_GCM";
            case AEAD_AES_256_GCM -> "AEAD_AES_256_GCM";
        };
    }

    /// With keys that nobody guesses.
    static CryptoLine random(String tag, SrtpProfile profile, SecureRandom random) {
        byte[] key = new byte[profile.keyBytes()];
        byte[] salt = new byte[profile.saltBytes()];
        random.nextBytes(key);
        random.nextBytes(salt);
        return new CryptoLine(tag, new SrtpKeys(profile, Bytes.wrap(key), Bytes.wrap(salt)));
    }

    /// The first one of a section that is known here; lines with an index of keys (MKI) are not.
    static Optional<CryptoLine> best(MediaDescription section) {
        return section.attributes("crypto").stream()
                .map(CryptoLine::parse)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<CryptoLine> parse(String value) {
        String[] words = value.strip().split(" +", -1);
        if (words.length != 3 || !words[0].matches("[0-9]{1,9}") || !words[2].startsWith(INLINE)) {
            // Session parameters change the transform: none of them is known here.
            return Optional.empty();
        }
        String[] key = words[2].substring(INLINE.length()).split("\\|", -1);
        if (key.length > 1 && key[key.length - 1].contains(":")) {
            return Optional.empty();
        }
        for (SrtpProfile profile : SrtpProfile.values()) {
            if (suite(profile).equals(words[1])) {
                return keys(profile, key[0]).map(keys -> new CryptoLine(words[0], keys));
            }
        }
        return Optional.empty();
    }

    private static Optional<SrtpKeys> keys(SrtpProfile profile, String base64) {
        try {
            Bytes all = Bytes.wrap(Base64.getDecoder().decode(base64));
            if (all.length() != profile.keyBytes() + profile.saltBytes()) {
                return Optional.empty();
            }
            return Optional.of(new SrtpKeys(profile, all.slice(0, profile.keyBytes()), all.slice(profile.keyBytes())));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /// The attribute's value.
    String value() {
        byte[] all = new byte[keys.profile().keyBytes() + keys.profile().saltBytes()];
        keys.masterKey().copyTo(0, all, 0, keys.masterKey().length());
        keys.masterSalt()
                .copyTo(0, all, keys.masterKey().length(), keys.masterSalt().length());
        return "%s %s %s%s"
                .formatted(
                        tag, suite(keys.profile()), INLINE, Base64.getEncoder().encodeToString(all));
    }

    @Override
    public String toString() {
        return "CryptoLine[" + keys + "]";
    }
}
