package tapedeck.rtp.srtp;

import java.security.GeneralSecurityException;

/// The transform of one direction for RTP or RTCP. It keeps its ciphers, and works on parts of arrays.
///
/// A packet is a clear head, an encrypted part and a tag; where a trailer (the SRTCP index) stands on the wire is the
/// caller's business.
sealed interface SrtpCipher permits GcmCipher, CounterCipher {
    /// Named, because Bouncy Castle's AES, once somebody registers it, takes twenty times as long.
    String PROVIDER = "SunJCE";

    static SrtpCipher of(SessionKeys keys) {
        try {
            return switch (keys.profile()) {
                case AEAD_AES_128_GCM, AEAD_AES_256_GCM -> new GcmCipher(keys);
                case AES_CM_128_HMAC_SHA1_80 -> new CounterCipher(keys);
            };
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK lacks " + keys.profile(), e);
        }
    }

    /// Encrypts an RTP packet of `length` bytes, the first `head` of them clear, and appends the tag.
    void sealRtp(byte[] in, int at, int head, int length, long index, byte[] out, int to);

    /// Decrypts into `out` from 0 on; `length` counts the tag. False if it is not authentic.
    boolean openRtp(byte[] in, int at, int head, int length, long index, byte[] out);

    /// Encrypts an RTCP packet of `length` bytes, and appends what RFC 3711 3.4 or RFC 7714 9 wants.
    void sealRtcp(byte[] in, int at, int length, int index, byte[] out, int to);

    /// Decrypts into `out` from 0 on; `length` counts tag and index. False if it is not authentic.
    boolean openRtcp(byte[] in, int at, int length, byte[] out);

    /// The word with the E bit and the index of an SRTCP packet.
    int rtcpWord(byte[] in, int at, int length);

    static int i32(byte[] array, int at) {
        return array[at] << 24 | (array[at + 1] & 0xFF) << 16 | (array[at + 2] & 0xFF) << 8 | array[at + 3] & 0xFF;
    }

    static void put32(byte[] array, int at, int value) {
        array[at] = (byte) (value >> 24);
        array[at + 1] = (byte) (value >> 16);
        array[at + 2] = (byte) (value >> 8);
        array[at + 3] = (byte) value;
    }

    /// XORs the low `count` bytes of `value` into `array`.
    static void xor(byte[] array, int at, long value, int count) {
        for (int i = 0; i < count; i++) {
            array[at + i] ^= (byte) (value >> 8 * (count - 1 - i));
        }
    }
}
