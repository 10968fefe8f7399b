package tapedeck.rtp.srtp;

import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import tapedeck.bytes.Bytes;

/// What encrypts and authenticates RTP or RTCP in one direction.
///
/// @param authentication empty for the AEAD profiles
record SessionKeys(SrtpProfile profile, Bytes encryption, Bytes authentication, Bytes salt) {
    private static final int AUTHENTICATION_BYTES = 20;

    /// RFC 3711 4.3.2: the labels of RTP; RTCP's are three higher.
    private static final int LABEL_ENCRYPTION = 0;

    private static final int LABEL_AUTHENTICATION = 1;
    private static final int LABEL_SALT = 2;
    private static final int RTCP_LABELS = 3;

    static SessionKeys ofRtp(SrtpKeys keys) {
        return derive(keys, 0);
    }

    static SessionKeys ofRtcp(SrtpKeys keys) {
        return derive(keys, RTCP_LABELS);
    }

    /// RFC 3711 4.3.1 with a key derivation rate of zero, as DTLS-SRTP has it.
    private static SessionKeys derive(SrtpKeys keys, int labels) {
        SrtpProfile profile = keys.profile();
        Bytes authentication = profile == SrtpProfile.AES_CM_128_HMAC_SHA1_80
                ? derive(keys, labels + LABEL_AUTHENTICATION, AUTHENTICATION_BYTES)
                : Bytes.EMPTY;
        return new SessionKeys(
                profile,
                derive(keys, labels + LABEL_ENCRYPTION, profile.keyBytes()),
                authentication,
                derive(keys, labels + LABEL_SALT, profile.saltBytes()));
    }

    /// RFC 3711 4.3.3: AES in counter mode is the pseudo-random function. RFC 7714 11: a salt of 96 bits is filled
    /// up with zeros behind it.
    private static Bytes derive(SrtpKeys keys, int label, int length) {
        byte[] iv = new byte[16];
        keys.masterSalt().copyTo(0, iv, 0, keys.masterSalt().length());
        iv[7] ^= (byte) label;
        try {
            Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding", SrtpCipher.PROVIDER);
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(keys.masterKey().toByteArray(), "AES"),
                    new IvParameterSpec(iv));
            return Bytes.wrap(cipher.doFinal(new byte[length]));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no AES in counter mode", e);
        }
    }

    @Override
    public String toString() {
        return "SessionKeys[" + profile + "]";
    }
}
