package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.Vector;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.ClientCertificateType;
import org.bouncycastle.tls.DTLSServerProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.bouncycastle.tls.DefaultTlsServer;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsCredentialedSigner;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsSRTPUtils;
import org.bouncycastle.tls.TlsUtils;
import org.bouncycastle.tls.UseSRTPData;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpProfile;

/// What the DTLS library asks us while it shakes hands as the server: one certificate, DTLS 1.2, ECDHE with AEAD, the
/// client's certificate as its SDP promised it, and `use_srtp`.
final class DtlsServerRole extends DefaultTlsServer implements DtlsRole {

    private final DtlsIdentity identity;
    private final Fingerprint expected;
    private @Nullable SrtpProfile profile;
    private @Nullable DtlsKeys keys;
    private @Nullable String refusal;

    DtlsServerRole(DtlsIdentity identity, Fingerprint expected) {
        super(identity.crypto());
        this.identity = identity;
        this.expected = expected;
    }

    @Override
    public DTLSTransport handshake(DatagramTransport datagrams) throws IOException {
        return new DTLSServerProtocol().accept(this, datagrams);
    }

    @Override
    public DtlsKeys keys() {
        DtlsKeys agreed = keys;
        if (agreed == null) {
            throw new IllegalStateException("the handshake is not complete");
        }
        return agreed;
    }

    @Override
    public @Nullable String refusal() {
        return refusal;
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
        return ProtocolVersion.DTLSv12.only();
    }

    /// AEAD with forward secrecy alone. RFC 8827 6.5 makes the first one mandatory for every peer.
    @Override
    protected int[] getSupportedCipherSuites() {
        return TlsUtils.getSupportedCipherSuites(getCrypto(), new int[] {
            CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        });
    }

    @Override
    public int getHandshakeTimeoutMillis() {
        return HANDSHAKE_MILLIS;
    }

    @Override
    public int getHandshakeResendTimeMillis() {
        return RESEND_MILLIS;
    }

    @Override
    public int getMaxHandshakeMessageSize() {
        return DtlsFilter.MAX_MESSAGE_BYTES;
    }

    @Override
    protected TlsCredentialedSigner getECDSASignerCredentials() {
        return identity.signer(new TlsCryptoParameters(context));
    }

    @Override
    public CertificateRequest getCertificateRequest() {
        Vector<?> algorithms = TlsUtils.getDefaultSupportedSignatureAlgorithms(context);
        return new CertificateRequest(
                new short[] {ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign}, algorithms, null);
    }

    /// The library then demands the client's signature over the handshake with this certificate's key.
    @Override
    public void notifyClientCertificate(Certificate clientCertificate) throws IOException {
        refusal = DtlsRole.refusal(clientCertificate, expected);
        if (refusal != null) {
            throw new TlsFatalAlert(AlertDescription.bad_certificate);
        }
    }

    @Override
    @SuppressWarnings("rawtypes") // The library's interface is from before generics.
    public void processClientExtensions(Hashtable clientExtensions) throws IOException {
        super.processClientExtensions(clientExtensions);
        UseSRTPData offered = clientExtensions == null ? null : TlsSRTPUtils.getUseSRTPExtension(clientExtensions);
        profile = offered == null ? null : best(offered.getProtectionProfiles());
    }

    /// The cheapest of ours that the peer has, whatever its own preference.
    private static @Nullable SrtpProfile best(int[] offered) {
        for (SrtpProfile ours : SrtpProfile.values()) {
            if (Arrays.stream(offered).anyMatch(id -> id == ours.id())) {
                return ours;
            }
        }
        return null;
    }

    private SrtpProfile agreed() throws TlsFatalAlert {
        SrtpProfile agreed = profile;
        if (agreed == null) {
            throw DtlsRole.noProfile();
        }
        return agreed;
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"}) // The library's interface is from before generics.
    public Hashtable getServerExtensions() throws IOException {
        Hashtable extensions = super.getServerExtensions();
        TlsSRTPUtils.addUseSRTPExtension(extensions, new UseSRTPData(new int[] {agreed().id()}, TlsUtils.EMPTY_BYTES));
        return extensions;
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
        super.notifyHandshakeComplete();
        keys = DtlsKeys.export(context, agreed(), SrtpKeys.Writer.SERVER);
    }
}
