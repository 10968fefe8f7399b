package tapedeck.rtp.srtp;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// AES in counter mode with HMAC-SHA1 cut to 80 bits, RFC 3711 4.1.1 and 4.2.1.
final class CounterCipher implements SrtpCipher {
    private static final int TAG_BYTES = 10;
    private static final int WORD_BYTES = 4;
    private static final int RTCP_HEAD = 8;
    /// The JDK's own Mac takes its digest from whoever is registered first, which costs four times as much if that
    /// is Bouncy Castle; so HMAC, RFC 2104 2, is put together here from a digest of a named provider.
    private static final String DIGEST_PROVIDER = "SUN";

    private static final int BLOCK_BYTES = 64;
    private static final int ENCRYPTED = 0x8000_0000;

    private final Cipher cipher;
    private final MessageDigest sha1;
    private final byte[] innerPad = new byte[BLOCK_BYTES];
    private final byte[] outerPad = new byte[BLOCK_BYTES];
    private final SecretKeySpec key;
    private final byte[] salt;
    private final byte[] iv = new byte[16];
    private final byte[] rollover = new byte[4];
    private final byte[] digest = new byte[20];

    CounterCipher(SessionKeys keys) throws GeneralSecurityException {
        cipher = Cipher.getInstance("AES/CTR/NoPadding", PROVIDER);
        key = new SecretKeySpec(keys.encryption().toByteArray(), "AES");
        salt = keys.salt().toByteArray();
        sha1 = MessageDigest.getInstance("SHA-1", DIGEST_PROVIDER);
        Arrays.fill(innerPad, (byte) 0x36);
        Arrays.fill(outerPad, (byte) 0x5C);
        for (int i = 0; i < keys.authentication().length(); i++) {
            innerPad[i] ^= (byte) keys.authentication().u8(i);
            outerPad[i] ^= (byte) keys.authentication().u8(i);
        }
    }

    @Override
    public void sealRtp(byte[] in, int at, int head, int length, long index, byte[] out, int to) {
        System.arraycopy(in, at, out, to, head);
        crypt(SrtpCipher.i32(in, at + 8), index, in, at + head, length - head, out, to + head);
        authenticate(out, to, length, index);
        System.arraycopy(digest, 0, out, to + length, TAG_BYTES);
    }

    @Override
    public boolean openRtp(byte[] in, int at, int head, int length, long index, byte[] out) {
        int sealed = length - TAG_BYTES;
        authenticate(in, at, sealed, index);
        if (!tagEquals(in, at + sealed)) {
            return false;
        }
        System.arraycopy(in, at, out, 0, head);
        crypt(SrtpCipher.i32(in, at + 8), index, in, at + head, sealed - head, out, head);
        return true;
    }

    /// RFC 3711 3.4: head, ciphertext, the word with the index, tag.
    @Override
    public void sealRtcp(byte[] in, int at, int length, int index, byte[] out, int to) {
        System.arraycopy(in, at, out, to, RTCP_HEAD);
        crypt(SrtpCipher.i32(in, at + 4), index, in, at + RTCP_HEAD, length - RTCP_HEAD, out, to + RTCP_HEAD);
        SrtpCipher.put32(out, to + length, ENCRYPTED | index);
        authenticate(out, to, length + WORD_BYTES);
        System.arraycopy(digest, 0, out, to + length + WORD_BYTES, TAG_BYTES);
    }

    @Override
    public boolean openRtcp(byte[] in, int at, int length, byte[] out) {
        int sealed = length - TAG_BYTES;
        authenticate(in, at, sealed);
        if (!tagEquals(in, at + sealed)) {
            return false;
        }
        int word = rtcpWord(in, at, length);
        int plain = sealed - WORD_BYTES;
        int head = (word & ENCRYPTED) != 0 ? RTCP_HEAD : plain;
        System.arraycopy(in, at, out, 0, head);
        crypt(SrtpCipher.i32(in, at + 4), word & ~ENCRYPTED, in, at + head, plain - head, out, head);
        return true;
    }

    @Override
    public int rtcpWord(byte[] in, int at, int length) {
        return SrtpCipher.i32(in, at + length - TAG_BYTES - WORD_BYTES);
    }

    /// RFC 3711 4.1.1: the salt, XOR the SSRC at byte 4, XOR the index at byte 8; the last two bytes count blocks.
    private void crypt(int ssrc, long index, byte[] in, int at, int length, byte[] out, int to) {
        System.arraycopy(salt, 0, iv, 0, salt.length);
        iv[14] = 0;
        iv[15] = 0;
        SrtpCipher.xor(iv, 4, ssrc, 4);
        SrtpCipher.xor(iv, 8, index, 6);
        try {
            cipher.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(iv));
            cipher.doFinal(in, at, length, out, to);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES in counter mode does not work", e);
        }
    }

    /// RFC 3711 4.2: the rollover counter is authenticated behind an RTP packet without being sent.
    private void authenticate(byte[] packet, int at, int length, long index) {
        sha1.update(innerPad);
        sha1.update(packet, at, length);
        SrtpCipher.put32(rollover, 0, (int) (index >> 16));
        sha1.update(rollover);
        finish();
    }

    private void authenticate(byte[] packet, int at, int length) {
        sha1.update(innerPad);
        sha1.update(packet, at, length);
        finish();
    }

    private void finish() {
        try {
            sha1.digest(digest, 0, digest.length);
            sha1.update(outerPad);
            sha1.update(digest);
            sha1.digest(digest, 0, digest.length);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("SHA-1 does not work", e);
        }
    }

    /// In constant time.
    private boolean tagEquals(byte[] packet, int at) {
        int difference = 0;
        for (int i = 0; i < TAG_BYTES; i++) {
            difference |= packet[at + i] ^ digest[i];
        }
        return difference == 0;
    }
}
