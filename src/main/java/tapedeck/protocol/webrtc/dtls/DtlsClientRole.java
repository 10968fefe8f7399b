package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.util.Hashtable;
import java.util.List;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsSRTPUtils;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.TlsUtils;
import org.bouncycastle.tls.UseSRTPData;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.srtp.SrtpProfile;

/// The other side of [DtlsServerRole]: for the handshake with ourselves that warms the code up at the start, and for
/// clients in tests. It believes any server.
public final class DtlsClientRole extends DefaultTlsClient {
    private final DtlsIdentity identity;
    private final List<SrtpProfile> profiles;
    private @Nullable SrtpProfile answered;
    private @Nullable DtlsKeys keys;

    /// @param profiles SRTP protection profiles in order of preference
    public DtlsClientRole(DtlsIdentity identity, List<SrtpProfile> profiles) {
        super(identity.crypto());
        this.identity = identity;
        this.profiles = List.copyOf(profiles);
    }

    public DtlsKeys keys() {
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
        int[] ids = profiles.stream().mapToInt(SrtpProfile::id).toArray();
        TlsSRTPUtils.addUseSRTPExtension(extensions, new UseSRTPData(ids, TlsUtils.EMPTY_BYTES));
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
        UseSRTPData data = TlsSRTPUtils.getUseSRTPExtension(serverExtensions);
        if (data != null && data.getProtectionProfiles().length == 1) {
            answered = SrtpProfile.ofId(data.getProtectionProfiles()[0]).orElse(null);
        }
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
        super.notifyHandshakeComplete();
        SrtpProfile profile = answered;
        if (profile == null) {
            throw new TlsFatalAlert(AlertDescription.handshake_failure, "the server agreed on no SRTP profile");
        }
        keys = DtlsKeys.export(context, profile);
    }
}
