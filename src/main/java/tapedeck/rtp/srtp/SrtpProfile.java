package tapedeck.rtp.srtp;

import java.util.Optional;

/// The protection profiles that peers can agree on, RFC 5764 4.1.2 and RFC 7714 14.2, the cheapest first: GCM costs
/// about half of what AES-CM with HMAC-SHA1 does.
public enum SrtpProfile {
    AEAD_AES_128_GCM(0x0007, 16, 12, 16),
    AEAD_AES_256_GCM(0x0008, 32, 12, 16),
    AES_CM_128_HMAC_SHA1_80(0x0001, 16, 14, 10);

    private final int id;
    private final int keyBytes;
    private final int saltBytes;
    private final int tagBytes;

    SrtpProfile(int id, int keyBytes, int saltBytes, int tagBytes) {
        this.id = id;
        this.keyBytes = keyBytes;
        this.saltBytes = saltBytes;
        this.tagBytes = tagBytes;
    }

    /// Its number in the use_srtp extension of DTLS.
    public int id() {
        return id;
    }

    public static Optional<SrtpProfile> ofId(int id) {
        for (SrtpProfile profile : values()) {
            if (profile.id == id) {
                return Optional.of(profile);
            }
        }
        return Optional.empty();
    }

    public int keyBytes() {
        return keyBytes;
    }

    public int saltBytes() {
        return saltBytes;
    }

    /// What a DTLS exporter has to deliver for both directions, RFC 5764 4.2.
    public int exportBytes() {
        return 2 * (keyBytes + saltBytes);
    }

    int tagBytes() {
        return tagBytes;
    }
}
