package tapedeck.protocol.webrtc.dtls;

import org.bouncycastle.tls.TlsContext;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpProfile;

/// What a DTLS handshake agreed on for SRTP, RFC 5764 4.2.
///
/// @param local what we protect with
/// @param remote what the peer protects with
public record DtlsKeys(SrtpKeys local, SrtpKeys remote) {
    /// @param ours our side of the handshake
    static DtlsKeys export(TlsContext context, SrtpProfile profile, SrtpKeys.Writer ours) {
        byte[] exported = context.exportKeyingMaterial(SrtpKeys.EXPORTER_LABEL, null, profile.exportBytes());
        SrtpKeys client = SrtpKeys.ofExport(profile, exported, SrtpKeys.Writer.CLIENT);
        SrtpKeys server = SrtpKeys.ofExport(profile, exported, SrtpKeys.Writer.SERVER);
        return switch (ours) {
            case CLIENT -> new DtlsKeys(client, server);
            case SERVER -> new DtlsKeys(server, client);
        };
    }

    /// The same as the peer has it.
    public DtlsKeys ofPeer() {
        return new DtlsKeys(/* local= */ remote, /* remote= */ local);
    }

    public SrtpProfile profile() {
        return local.profile();
    }
}
