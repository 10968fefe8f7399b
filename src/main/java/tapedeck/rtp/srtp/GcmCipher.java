package tapedeck.rtp.srtp;

import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// AES-GCM, RFC 7714 8 and 9.
final class GcmCipher implements SrtpCipher {
    private static final int TAG_BYTES = 16;
    private static final int WORD_BYTES = 4;
    private static final int RTCP_HEAD = 8;
    private static final int ENCRYPTED = 0x8000_0000;

    private final Cipher cipher;
    private final SecretKeySpec key;
    private final byte[] salt;
    private final byte[] iv = new byte[12];

    GcmCipher(SessionKeys keys) throws GeneralSecurityException {
        cipher = Cipher.getInstance("AES/GCM/NoPadding", PROVIDER);
        key = new SecretKeySpec(keys.encryption().toByteArray(), "AES");
        salt = keys.salt().toByteArray();
    }

    @Override
    public void sealRtp(byte[] in, int at, int head, int length, long index, byte[] out, int to) {
        try {
            init(Cipher.ENCRYPT_MODE, SrtpCipher.i32(in, at + 8), index);
            cipher.updateAAD(in, at, head);
            System.arraycopy(in, at, out, to, head);
            cipher.doFinal(in, at + head, length - head, out, to + head);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM does not encrypt", e);
        }
    }

    @Override
    public boolean openRtp(byte[] in, int at, int head, int length, long index, byte[] out) {
        try {
            init(Cipher.DECRYPT_MODE, SrtpCipher.i32(in, at + 8), index);
            cipher.updateAAD(in, at, head);
            System.arraycopy(in, at, out, 0, head);
            cipher.doFinal(in, at + head, length - head, out, head);
            return true;
        } catch (AEADBadTagException _) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM does not decrypt", e);
        }
    }

    /// RFC 7714 9.2: head, ciphertext, tag, then the word with the index, which is authenticated too.
    @Override
    public void sealRtcp(byte[] in, int at, int length, int index, byte[] out, int to) {
        int word = to + length + TAG_BYTES;
        SrtpCipher.put32(out, word, ENCRYPTED | index);
        try {
            init(Cipher.ENCRYPT_MODE, SrtpCipher.i32(in, at + 4), index);
            cipher.updateAAD(in, at, RTCP_HEAD);
            cipher.updateAAD(out, word, WORD_BYTES);
            System.arraycopy(in, at, out, to, RTCP_HEAD);
            cipher.doFinal(in, at + RTCP_HEAD, length - RTCP_HEAD, out, to + RTCP_HEAD);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM does not encrypt", e);
        }
    }

    @Override
    public boolean openRtcp(byte[] in, int at, int length, byte[] out) {
        int word = rtcpWord(in, at, length);
        int sealed = length - WORD_BYTES;
        try {
            init(Cipher.DECRYPT_MODE, SrtpCipher.i32(in, at + 4), word & ~ENCRYPTED);
            // RFC 7714 9.3: a packet that is only authenticated is associated data as a whole.
            int head = (word & ENCRYPTED) != 0 ? RTCP_HEAD : sealed - TAG_BYTES;
            cipher.updateAAD(in, at, head);
            cipher.updateAAD(in, at + sealed, WORD_BYTES);
            System.arraycopy(in, at, out, 0, head);
            cipher.doFinal(in, at + head, sealed - head, out, head);
            return true;
        } catch (AEADBadTagException _) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM does not decrypt", e);
        }
    }

    @Override
    public int rtcpWord(byte[] in, int at, int length) {
        return SrtpCipher.i32(in, at + length - WORD_BYTES);
    }

    /// RFC 7714 8.1 and 9.1: two zero bytes, SSRC, 48 bits of index, all XOR the salt. The SRTCP index has 31 bits, so
    /// that both forms are the same.
    private void init(int mode, int ssrc, long index) throws GeneralSecurityException {
        System.arraycopy(salt, 0, iv, 0, iv.length);
        SrtpCipher.xor(iv, 2, ssrc, 4);
        SrtpCipher.xor(iv, 6, index, 6);
        cipher.init(mode, key, new GCMParameterSpec(8 * TAG_BYTES, iv));
    }
}
