package tapedeck.protocol.webrtc;

import org.bouncycastle.tls.SRTPProtectionProfile;
import org.bouncycastle.tls.TlsContext;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;

/// What a DTLS handshake agreed on for SRTP, RFC 5764 4.2.
///
/// @param profile a number of RFC 5764 4.1.2 or RFC 7714 14.2
record DtlsKeys(int profile, Bytes clientKey, Bytes clientSalt, Bytes serverKey, Bytes serverSalt) {
    /// RFC 7714 14.2: half the cost of the other, see DESIGN §5.
    static final int AEAD_AES_128_GCM = SRTPProtectionProfile.SRTP_AEAD_AES_128_GCM;
    /// RFC 5764 4.1.2: what every peer has.
    static final int AES_CM_128_HMAC_SHA1_80 = SRTPProtectionProfile.SRTP_AES128_CM_HMAC_SHA1_80;

    private static final String LABEL = "EXTRACTOR-dtls_srtp";
    private static final int KEY_BYTES = 16;

    /// RFC 5764 4.2: client key, server key, client salt, server salt, in this order.
    static DtlsKeys export(TlsContext context, int profile) {
        int saltBytes = profile == AEAD_AES_128_GCM ? 12 : 14;
        ByteReader in = Bytes.wrap(context.exportKeyingMaterial(LABEL, null, 2 * (KEY_BYTES + saltBytes)))
                .reader();
        Bytes clientKey = in.take(KEY_BYTES);
        Bytes serverKey = in.take(KEY_BYTES);
        return new DtlsKeys(profile, clientKey, in.take(saltBytes), serverKey, in.take(saltBytes));
    }
}
