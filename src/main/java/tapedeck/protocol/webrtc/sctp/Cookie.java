package tapedeck.protocol.webrtc.sctp;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// What an INIT agreed, RFC 9260 5.1.3: sealed, sent to the peer, and believed when it comes back whole.
///
/// @param createdNanos by our clock
/// @param localTag ours in the INIT ACK that carried this cookie
/// @param tieLocalTag ours when the INIT came, or 0; with `tiePeerTag` it tells a restart
record Cookie(long createdNanos, long localTag, long tieLocalTag, long tiePeerTag, Agreement agreement) {
    static final int SECRET_BYTES = 32;
    private static final int SEAL_BYTES = 32;
    private static final int CONTENT_BYTES = 8 + 3 * 4 + 3 * 4 + 2 + 1;

    Bytes seal(Bytes secret) {
        ByteWriter out = new ByteWriter(SEAL_BYTES + CONTENT_BYTES)
                .u64(createdNanos)
                .u32(localTag)
                .u32(tieLocalTag)
                .u32(tiePeerTag)
                .u32(agreement.peerTag())
                .u32(agreement.peerInitialTsn())
                .u32(agreement.peerWindow())
                .u16(agreement.outboundStreams())
                .u8((agreement.forwardsTsn() ? 1 : 0) | (agreement.resetsStreams() ? 2 : 0));
        Bytes content = out.toBytes();
        return new ByteWriter(SEAL_BYTES + CONTENT_BYTES)
                .bytes(mac(content, secret))
                .bytes(content)
                .handOver();
    }

    /// Null if it is none of ours.
    static @Nullable Cookie open(Bytes sealed, Bytes secret) {
        if (sealed.length() != SEAL_BYTES + CONTENT_BYTES) {
            return null;
        }
        Bytes content = sealed.slice(SEAL_BYTES);
        if (!MessageDigest.isEqual(sealed.slice(0, SEAL_BYTES).toByteArray(), mac(content, secret))) {
            return null;
        }
        ByteReader in = content.reader();
        long created = in.i64();
        long localTag = in.u32();
        long tieLocalTag = in.u32();
        long tiePeerTag = in.u32();
        long peerTag = in.u32();
        long peerInitialTsn = in.u32();
        long peerWindow = in.u32();
        int outboundStreams = in.u16();
        int flags = in.u8();
        return new Cookie(
                created,
                localTag,
                tieLocalTag,
                tiePeerTag,
                new Agreement(
                        peerTag, peerInitialTsn, peerWindow, outboundStreams, (flags & 1) != 0, (flags & 2) != 0));
    }

    private static byte[] mac(Bytes content, Bytes secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.toByteArray(), "HmacSHA256"));
            return mac.doFinal(content.toByteArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
