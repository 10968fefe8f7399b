package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.bouncycastle.tls.TlsFatalAlert;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.sdp.Fingerprint;

/// Our side of a handshake.
interface DtlsRole {
    int HANDSHAKE_MILLIS = 10_000;
    /// First retransmission, doubled each time: three lost flights still connect within five seconds.
    int RESEND_MILLIS = 400;

    /// Shakes hands, on the caller's thread.
    DTLSTransport handshake(DatagramTransport datagrams) throws IOException;

    /// Of a handshake that is complete.
    DtlsKeys keys();

    /// Why this peer will never be accepted, if so: as opposed to a handshake that anybody's junk has spoilt.
    @Nullable
    String refusal();

    static DtlsRole against(DtlsPeer peer, DtlsIdentity identity) {
        return switch (peer.side()) {
            case CLIENT -> new DtlsServerRole(identity, peer.certificate());
            case SERVER -> new DtlsClientRole(identity, peer.certificate());
        };
    }

    /// RFC 8827 6.5 and RFC 8122 6.2: no certificate, or another than the SDP promised, is the end. Null where it is
    /// the promised one.
    static @Nullable String refusal(@Nullable Certificate shown, Fingerprint promised) throws IOException {
        if (shown == null || shown.isEmpty()) {
            return "DTLS: the peer showed no certificate";
        }
        if (!DtlsIdentity.matches(promised, shown.getCertificateAt(0).getEncoded())) {
            return "DTLS: the peer's certificate is not the one of a=fingerprint";
        }
        return null;
    }

    static TlsFatalAlert noProfile() {
        return new TlsFatalAlert(AlertDescription.handshake_failure, "no SRTP protection profile in common");
    }
}
