package tapedeck.protocol.webrtc.dtls;

import java.io.IOException;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.generators.ECKeyPairGenerator;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.ECKeyGenerationParameters;
import org.bouncycastle.crypto.params.ECNamedDomainParameters;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.bc.BcECContentSignerBuilder;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.HashAlgorithm;
import org.bouncycastle.tls.SignatureAlgorithm;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.TlsCredentialedSigner;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.sdp.Fingerprint;

/// The self-signed ECDSA P-256 certificate that the server (or, in tests, a client) shows in every DTLS handshake, made
/// anew for each process: who we are is proved by the fingerprint in the SDP answer (RFC 8122 5), not by a chain.
public final class DtlsIdentity {
    /// RFC 8827 6.5 leaves the lifetime open; browsers take 30 days for their own.
    private static final Duration LIFETIME = Duration.ofDays(3_650);
    private static final Duration CLOCK_SKEW = Duration.ofDays(1);
    private static final int SERIAL_BITS = 64;

    private final BcTlsCrypto crypto;
    private final AsymmetricKeyParameter privateKey;
    private final TlsCertificate certificate;
    private final Fingerprint fingerprint;
    /// First come, first served.
    private final Semaphore turns =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2), true);

    private DtlsIdentity(BcTlsCrypto crypto, AsymmetricKeyParameter privateKey, byte[] encoded) throws IOException {
        this.crypto = crypto;
        this.privateKey = privateKey;
        this.certificate = crypto.createCertificate(encoded);
        this.fingerprint = new Fingerprint("sha-256", hash("sha-256", encoded));
    }

    public static DtlsIdentity create() {
        SecureRandom random = new SecureRandom();
        ECKeyPairGenerator generator = new ECKeyPairGenerator();
        generator.init(
                new ECKeyGenerationParameters(ECNamedDomainParameters.lookup(SECObjectIdentifiers.secp256r1), random));
        AsymmetricCipherKeyPair pair = generator.generateKeyPair();
        X500Name name = new X500Name("CN=tapedeck");
        Instant now = Instant.now();
        try {
            SubjectPublicKeyInfo publicKey = SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(pair.getPublic());
            AlgorithmIdentifier ecdsaWithSha256 = new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256);
            AlgorithmIdentifier sha256 = new DefaultDigestAlgorithmIdentifierFinder().find(ecdsaWithSha256);
            byte[] encoded = new X509v3CertificateBuilder(
                            name,
                            new BigInteger(SERIAL_BITS, random).setBit(0),
                            Date.from(now.minus(CLOCK_SKEW)),
                            Date.from(now.plus(LIFETIME)),
                            name,
                            publicKey)
                    .build(new BcECContentSignerBuilder(ecdsaWithSha256, sha256).build(pair.getPrivate()))
                    .getEncoded();
            return new DtlsIdentity(new BcTlsCrypto(random), pair.getPrivate(), encoded);
        } catch (IOException | OperatorCreationException e) {
            throw new IllegalStateException("no DTLS certificate", e);
        }
    }

    /// Who may compute a step of a handshake now: half of the cores at most.
    Semaphore turns() {
        return turns;
    }

    BcTlsCrypto crypto() {
        return crypto;
    }

    /// Of our certificate.
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /// What signs our side of a handshake.
    TlsCredentialedSigner signer(TlsCryptoParameters parameters) {
        return new BcDefaultTlsCredentialedSigner(
                parameters,
                crypto,
                privateKey,
                new Certificate(new TlsCertificate[] {certificate}),
                SignatureAndHashAlgorithm.getInstance(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));
    }

    /// Whether `certificate` (DER) is the one that an SDP promised.
    static boolean matches(Fingerprint promised, byte[] certificate) {
        return promised.hash().equals(hash(promised.algorithm(), certificate));
    }

    private static Bytes hash(String algorithm, byte[] certificate) {
        try {
            return Bytes.wrap(MessageDigest.getInstance(algorithm.toUpperCase(Locale.ROOT))
                    .digest(certificate));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
