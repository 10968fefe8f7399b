package tapedeck.net.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.settings.Settings;

/// The certificate that all TLS ports of this server show: the one that the settings name, or one of our own, made at
/// the first start and kept, so that who once trusted it goes on to.
public final class ServerTls {
    /// From the connection to the end of the handshake.
    public static final long HANDSHAKE_MILLIS = 10_000;

    private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    static final String CERTIFICATE_FILE = "tls-certificate.pem";
    static final String KEY_FILE = "tls-key.pem";

    private static final Logger log = LoggerFactory.getLogger(ServerTls.class);

    private final Path certificate;
    private final Path key;
    private final SslContext context;

    private ServerTls(Path certificate, Path key) throws IOException {
        this.certificate = certificate;
        this.key = key;
        try {
            context = SslContextBuilder.forServer(certificate.toFile(), key.toFile())
                    .sslProvider(SslProvider.JDK)
                    .protocols(PROTOCOLS)
                    .build();
        } catch (IllegalArgumentException e) {
            // Netty says so of files that it cannot read.
            throw new IOException(
                    "%s, %s: no certificate with its key: %s".formatted(certificate, key, e.getMessage()));
        }
    }

    /// @param dataDir where our own certificate is, or will be
    /// @throws IOException if the files cannot be read or written
    public static ServerTls of(Path dataDir, Settings.Tls settings) throws IOException {
        if (settings.certificate().isPresent() && settings.key().isPresent()) {
            return new ServerTls(settings.certificate().get(), settings.key().get());
        }
        Path certificate = dataDir.resolve(CERTIFICATE_FILE);
        Path key = dataDir.resolve(KEY_FILE);
        if (!Files.exists(certificate) || !Files.exists(key)) {
            SelfSigned.create().write(certificate, key);
            log.info("TLS: a certificate of our own was made: {}", certificate);
        }
        return new ServerTls(certificate, key);
    }

    /// In PEM.
    public Path certificate() {
        return certificate;
    }

    /// In PEM, PKCS #8.
    public Path key() {
        return key;
    }

    public List<String> protocols() {
        return PROTOCOLS;
    }

    /// For whoever speaks TLS without Netty.
    public SSLContext context() {
        if (context instanceof JdkSslContext jdk) {
            return jdk.context();
        }
        throw new IllegalStateException("the provider is the JDK's");
    }

    /// For one connection that came in.
    public SslHandler handler(ByteBufAllocator allocator) {
        SslHandler handler = context.newHandler(allocator);
        handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
        return handler;
    }
}
