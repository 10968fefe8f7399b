package tapedeck.net.tls;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import tapedeck.settings.SettingsException;

/// Whom we trust as a client: the authorities that Java knows, those of one file, or anybody.
public final class ClientTls {
    private static final String ANYBODY = "none";

    private final SSLContext context;
    private final boolean checksHost;

    private ClientTls(SSLContext context, boolean checksHost) {
        this.context = context;
        this.checksHost = checksHost;
    }

    /// @param relayTlsCa "" for the authorities that Java knows, a file of certificates (PEM), or `none` for no check
    public static ClientTls of(String relayTlsCa) throws SettingsException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            TrustManager[] trust = switch (relayTlsCa) {
                case "" -> null;
                case ANYBODY -> new TrustManager[] {new Anybody()};
                default -> authorities(Path.of(relayTlsCa));
            };
            context.init(null, trust, null);
            return new ClientTls(context, !relayTlsCa.equals(ANYBODY));
        } catch (GeneralSecurityException | IOException e) {
            throw new SettingsException("relay_tls_ca=%s: a file of certificates (PEM), none or nothing is needed: %s"
                    .formatted(relayTlsCa, e.getMessage()));
        }
    }

    private static TrustManager[] authorities(Path file) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(file)) {
            int count = 0;
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("ca" + count++, one);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    public SSLContext context() {
        return context;
    }

    /// For one connection: the certificate has to bear this name or address (RFC 9110 4.3.4).
    public SSLEngine engine(String host, int port) {
        SSLEngine engine = context.createSSLEngine(host, port);
        engine.setUseClientMode(true);
        if (checksHost) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            engine.setSSLParameters(parameters);
        }
        return engine;
    }

    /// An operator said so. The extended kind, because Java would check the host's name around a plain one.
    private static final class Anybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
