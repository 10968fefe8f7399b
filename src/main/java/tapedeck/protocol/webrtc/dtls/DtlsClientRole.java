package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.util.Hashtable;
import java.util.List;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
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
import tapedeck.rtp.sdp.Fingerprint;
import tapedeck.rtp.srtp.SrtpKeys;
import tapedeck.rtp.srtp.SrtpProfile;

/// The other side of [DtlsServerRole]: for peers that want to be the server themselves, as ffmpeg's WHIP does, for the
/// handshake with ourselves that warms the code up at the start, and for clients in tests.
public final class DtlsClientRole extends DefaultTlsClient implements DtlsRole {
    private final DtlsIdentity identity;
    private final List<SrtpProfile> profiles;
    private final @Nullable Fingerprint expected;
    private @Nullable SrtpProfile answered;
    private @Nullable DtlsKeys keys;
    private @Nullable String refusal;

    /// @param expected the certificate that the server has to show
    DtlsClientRole(DtlsIdentity identity, Fingerprint expected) {
        super(identity.crypto());
        this.identity = identity;
        this.profiles = List.of(SrtpProfile.values());
        this.expected = expected;
    }

    /// Believes any server.
    ///
    /// @param profiles SRTP protection profiles in order of preference
    public DtlsClientRole(DtlsIdentity identity, List<SrtpProfile> profiles) {
        super(identity.crypto());
        this.identity = identity;
        this.profiles = List.copyOf(profiles);
        this.expected = null;
    }

    @Override
    public DTLSTransport handshake(DatagramTransport datagrams) throws IOException {
        return new DTLSClientProtocol().connect(this, datagrams);
    }

    @Override
    public @Nullable String refusal() {
        return refusal;
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
    protected ProtocolVersion[] getSupportedVersions() {
        return ProtocolVersion.DTLSv12.only();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
        // RFC 8827 6.5. The server's certificate may also be of RSA, as its key is its own choice.
        return TlsUtils.getSupportedCipherSuites(getCrypto(), new int[] {
            CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
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
            public void notifyServerCertificate(TlsServerCertificate serverCertificate) throws IOException {
                Fingerprint promised = expected;
                if (promised != null) {
                    refusal = DtlsRole.refusal(serverCertificate.getCertificate(), promised);
                    if (refusal != null) {
                        throw new TlsFatalAlert(AlertDescription.bad_certificate);
                    }
                }
            }

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
            throw DtlsRole.noProfile();
        }
        keys = DtlsKeys.export(context, profile, SrtpKeys.Writer.CLIENT);
    }
}
