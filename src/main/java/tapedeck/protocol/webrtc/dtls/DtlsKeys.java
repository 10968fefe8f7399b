package tapedeck.protocol.webrtc.dtls;

import org.bouncycastle.tls.TlsContext;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpProfile;

/// What a DTLS handshake agreed on for SRTP, RFC 5764 4.2.
///
/// @param client what the client protects with
/// @param server what the server protects with
public record DtlsKeys(SrtpKeys client, SrtpKeys server) {
    static DtlsKeys export(TlsContext context, SrtpProfile profile) {
        byte[] exported = context.exportKeyingMaterial(SrtpKeys.EXPORTER_LABEL, null, profile.exportBytes());
        return new DtlsKeys(
                SrtpKeys.ofExport(profile, exported, SrtpKeys.Writer.CLIENT),
                SrtpKeys.ofExport(profile, exported, SrtpKeys.Writer.SERVER));
    }

    public SrtpProfile profile() {
        return client.profile();
    }
}
