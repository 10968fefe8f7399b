package tapedeck.protocol.webrtc;

import java.io.IOException;
import java.util.Hashtable;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsSRTPUtils;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.TlsUtils;
import org.bouncycastle.tls.UseSRTPData;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.jspecify.annotations.Nullable;

/// The other side of [DtlsServerRole]: for the handshake with ourselves that warms the code up at the start, and for
/// clients in tests. It believes any server.
final class DtlsClientRole extends DefaultTlsClient {
    private final DtlsIdentity identity;
    private final int[] profiles;
    private @Nullable DtlsKeys keys;

    /// @param profiles SRTP protection profiles in order of preference
    DtlsClientRole(DtlsIdentity identity, int... profiles) {
        super(identity.crypto());
        this.identity = identity;
        this.profiles = profiles.clone();
    }

    DtlsKeys keys() {
        DtlsKeys agreed = keys;
        if (agreed == null) {
            throw new IllegalStateException("the handshake is not complete");
        }
        return agreed;
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
        return ProtocolVersion.DTLSv12.only();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
        return new int[] {CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};
    }

    @Override
    public int getHandshakeTimeoutMillis() {
        return DtlsServerRole.HANDSHAKE_MILLIS;
    }

    @Override
    public int getHandshakeResendTimeMillis() {
        return DtlsServerRole.RESEND_MILLIS;
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"}) // The library's interface is from before generics.
    public Hashtable getClientExtensions() throws IOException {
        Hashtable extensions = super.getClientExtensions();
        TlsSRTPUtils.addUseSRTPExtension(extensions, new UseSRTPData(profiles, TlsUtils.EMPTY_BYTES));
        return extensions;
    }

    @Override
    public TlsAuthentication getAuthentication() {
        return new TlsAuthentication() {
            @Override
            public void notifyServerCertificate(TlsServerCertificate serverCertificate) {}

            @Override
            public TlsCredentials getClientCredentials(CertificateRequest certificateRequest) {
                return identity.signer(new TlsCryptoParameters(context));
            }
        };
    }

    @Override
    @SuppressWarnings("rawtypes") // The library's interface is from before generics.
    public void processServerExtensions(Hashtable serverExtensions) throws IOException {
        super.processServerExtensions(serverExtensions);
        UseSRTPData answered = TlsSRTPUtils.getUseSRTPExtension(serverExtensions);
        if (answered != null && answered.getProtectionProfiles().length == 1) {
            profiles[0] = answered.getProtectionProfiles()[0];
        }
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
        super.notifyHandshakeComplete();
        keys = DtlsKeys.export(context, profiles[0]);
    }
}
