package tapedeck.protocol.rtsp;

import java.security.SecureRandom;
import java.util.HexFormat;
import tapedeck.rights.DigestProof;

/// The nonce of one connection, RFC 7616 3.3. What was heard of another connection, or a while ago, is of no use to
/// whoever heard it.
final class DigestNonces {
    static final long LIFETIME_NANOS = 300_000_000_000L;

    private static final int BYTES = 16;

    private final SecureRandom random;
    private String nonce = "";
    private long madeNanos;
    private long lastCount;

    DigestNonces(SecureRandom random) {
        this.random = random;
    }

    /// The one to show now.
    String fresh() {
        byte[] raw = new byte[BYTES];
        random.nextBytes(raw);
        nonce = HexFormat.of().formatHex(raw);
        madeNanos = System.nanoTime();
        lastCount = 0;
        return nonce;
    }

    /// Whether this was made for us, now and only once. Without `qop` there is no count, as RFC 2069 had it: then it is
    /// as good as its nonce.
    ///
    /// @param path of the request's address
    boolean takes(DigestProof proof, String path) {
        if (nonce.isEmpty()
                || !proof.terms().nonce().equals(nonce)
                || System.nanoTime() - madeNanos > LIFETIME_NANOS
                || !RtspAddress.parse(proof.terms().uri()).path().equals(path)) {
            return false;
        }
        if (proof.terms().qop().isEmpty()) {
            return true;
        }
        String text = proof.terms().nonceCount();
        if (!text.matches("[0-9a-fA-F]{8}")) {
            return false;
        }
        long count = Long.parseLong(text, 16);
        if (count <= lastCount) {
            return false;
        }
        lastCount = count;
        return true;
    }
}
