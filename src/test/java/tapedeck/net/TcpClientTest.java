package tapedeck.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.net.tls.ServerTls;
import tapedeck.settings.Settings;

class TcpClientTest {
    private static final int DEADLINE_SECONDS = 60;
    private static final int BYTES = 3_000_000;

    @TempDir
    private Path folder;

    /// Sends back what it gets, read on the tick or at once.
    private record Echo(Connection connection) implements Conversation {
        @Override
        public void received(ByteBuf bytes) {
            connection.send(connection.buffer(bytes.readableBytes()).writeBytes(bytes));
        }

        @Override
        public void swept(long nowNanos) {}

        @Override
        public void ended(String reason) {}
    }

    /// Keeps what comes until it is as much as was expected.
    private static final class Collecting implements Conversation {
        private final ByteArrayOutputStream all = new ByteArrayOutputStream();
        private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
        private final CompletableFuture<String> end = new CompletableFuture<>();

        @Override
        public void received(ByteBuf bytes) {
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.readBytes(copy);
            all.writeBytes(copy);
            if (all.size() >= BYTES) {
                whole.complete(all.toByteArray());
            }
        }

        @Override
        public void swept(long nowNanos) {}

        @Override
        public void ended(String reason) {
            end.complete(reason);
        }
    }

    private ServerTls certificate() throws IOException {
        return ServerTls.of(folder, new Settings.Tls(Optional.empty(), Optional.empty()));
    }

    private SSLEngine trusting(ServerTls server, int port) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(server.certificate())) {
            store.setCertificateEntry(
                    "own", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLEngine engine = context.createSSLEngine("localhost", port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static byte[] echoed(Connection connection, Collecting conversation) throws Exception {
        byte[] sent = new byte[BYTES];
        new Random(1).nextBytes(sent);
        connection.execute(() -> connection.send(connection.buffer(sent.length).writeBytes(sent)));
        assertArrayEquals(sent, conversation.whole.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
        return sent;
    }

    @Test
    void whatGoesThroughTlsComesBackWholeOnTheTickAndAtOnce() throws Exception {
        ServerTls tls = certificate();
        for (boolean paced : new boolean[] {true, false}) {
            try (EventLoops loops = new EventLoops(2);
                    TcpServer server = new TcpServer(0, loops, Optional.of(tls), Echo::new)) {
                Collecting conversation = new Collecting();
                Connection connection = new TcpClient(loops)
                        .connect(loopback(server.port()), trusting(tls, server.port()), _ -> conversation);
                connection.execute(() -> connection.paced(paced));
                assertEquals(BYTES, echoed(connection, conversation).length);
                connection.execute(() -> connection.end("enough"));
                assertEquals("enough", conversation.end.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
            }
        }
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(tls.key())));
    }

    @Test
    void theCertificateIsMadeOnceAndKept() throws Exception {
        byte[] first = Files.readAllBytes(certificate().certificate());
        assertArrayEquals(first, Files.readAllBytes(certificate().certificate()));
    }

    @Test
    void withoutTlsItWorksTheSame() throws Exception {
        try (EventLoops loops = new EventLoops(1);
                TcpServer server = new TcpServer(0, loops, Echo::new)) {
            Collecting conversation = new Collecting();
            Connection connection = new TcpClient(loops).connect(loopback(server.port()), null, _ -> conversation);
            assertEquals(server.port(), Integer.parseInt(connection.peer().replaceAll(".*:", "")));
            echoed(connection, conversation);
        }
    }

    @Test
    void whoIsNotThereOrSpeaksNoTlsIsSaidSo() throws Exception {
        ServerTls tls = certificate();
        try (EventLoops loops = new EventLoops(1);
                TcpServer plain = new TcpServer(0, loops, Echo::new);
                TcpServer secure = new TcpServer(0, loops, Optional.of(tls), Echo::new)) {
            TcpClient client = new TcpClient(loops);
            int nobody;
            try (ServerSocket closed = new ServerSocket(0)) {
                nobody = closed.getLocalPort();
            }
            IOException refused = assertThrows(
                    IOException.class, () -> client.connect(loopback(nobody), null, _ -> new Collecting()));
            assertTrue(String.valueOf(refused.getMessage()).startsWith("no connection: "), refused.getMessage());
            SSLEngine engine = trusting(tls, plain.port());
            IOException noTls = assertThrows(
                    IOException.class, () -> client.connect(loopback(plain.port()), engine, _ -> new Collecting()));
            assertTrue(String.valueOf(noTls.getMessage()).startsWith("no TLS: "), noTls.getMessage());
            SSLEngine stranger = SSLContext.getDefault().createSSLEngine("localhost", secure.port());
            stranger.setUseClientMode(true);
            IOException untrusted = assertThrows(
                    IOException.class, () -> client.connect(loopback(secure.port()), stranger, _ -> new Collecting()));
            assertTrue(String.valueOf(untrusted.getMessage()).startsWith("no TLS: "), untrusted.getMessage());
            // Who speaks plainly to the TLS port is sent away, and the port goes on.
            try (Socket wrong = new Socket(InetAddress.getLoopbackAddress(), secure.port())) {
                wrong.setSoTimeout(DEADLINE_SECONDS * 1_000);
                wrong.getOutputStream().write("OPTIONS * RTSP/1.0\r\n\r\n".getBytes());
                wrong.getInputStream().readAllBytes();
            }
            Collecting conversation = new Collecting();
            client.connect(loopback(secure.port()), trusting(tls, secure.port()), _ -> conversation);
        }
    }
}
