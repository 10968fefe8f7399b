package tapedeck.rtp.srtp;

import tapedeck.bytes.Bytes;

/// Master key and master salt of one direction.
public record SrtpKeys(SrtpProfile profile, Bytes masterKey, Bytes masterSalt) {
    /// The label of the DTLS exporter, RFC 5764 4.2.
    public static final String EXPORTER_LABEL = "EXTRACTOR-dtls_srtp";

    public SrtpKeys {
        if (masterKey.length() != profile.keyBytes() || masterSalt.length() != profile.saltBytes()) {
            throw new IllegalArgumentException("%s with a key of %d bytes and a salt of %d"
                    .formatted(profile, masterKey.length(), masterSalt.length()));
        }
    }

    /// Who of a DTLS association writes with the keys.
    public enum Writer {
        CLIENT,
        SERVER
    }

    /// Cuts what the exporter delivered, RFC 5764 4.2: client key, server key, client salt, server salt.
    public static SrtpKeys ofExport(SrtpProfile profile, byte[] exported, Writer writer) {
        if (exported.length != profile.exportBytes()) {
            throw new IllegalArgumentException(
                    "%d bytes of key material, %d needed".formatted(exported.length, profile.exportBytes()));
        }
        Bytes all = Bytes.wrap(exported.clone());
        int place = switch (writer) {
            case CLIENT -> 0;
            case SERVER -> 1;
        };
        int key = place * profile.keyBytes();
        int salt = 2 * profile.keyBytes() + place * profile.saltBytes();
        return new SrtpKeys(
                profile, all.slice(key, key + profile.keyBytes()), all.slice(salt, salt + profile.saltBytes()));
    }

    /// Keys never show up in a log.
    @Override
    public String toString() {
        return "SrtpKeys[" + profile + "]";
    }
}
