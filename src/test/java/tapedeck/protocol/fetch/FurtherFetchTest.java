package tapedeck.protocol.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardSocketOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.net.EventLoops;
import tapedeck.net.tls.ServerTls;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.settings.Settings;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Pulls over TLS, and out of multicast groups.
@Timeout(120)
class FurtherFetchTest {
    private static final int PICTURES = 50;
    private static final StreamName NAME = new StreamName("pulled");

    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(1);

    @AfterEach
    void stop() {
        loops.close();
    }

    private Relays relays(String tlsCa) throws Exception {
        List<String> allowed = List.of("loopback", "multicast");
        return new Relays(new Settings.Relays(List.of(), List.of(), allowed, 60, tlsCa), streams)
                .pullWith(new HttpPull())
                .pullWith(new SocketPull(loops));
    }

    private byte[] made() throws Exception {
        Path file = folder.resolve("made.ts");
        Ffmpeg.ffmpeg(
                ("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=2 -c:v libx264 -g 25 -f mpegts " + file).split(" "));
        return Files.readAllBytes(file);
    }

    private static SSLContext context(ServerTls tls) throws Exception {
        String pem = Files.readString(tls.key()).replaceAll("-----.*-----|\\s", "");
        PrivateKey key = KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var in = Files.newInputStream(tls.certificate())) {
            Certificate certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
            store.setKeyEntry("key", key, new char[0], new Certificate[] {certificate});
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    @Test
    void httpsIsPulledWhereTheCertificateCountsAndBearsTheName() throws Exception {
        byte[] bytes = made();
        ServerTls tls = ServerTls.of(folder.resolve("tls"), new Settings.Tls(Optional.empty(), Optional.empty()));
        HttpsServer web = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        web.setHttpsConfigurator(new HttpsConfigurator(context(tls)));
        web.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        web.createContext("/", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(200, bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        web.start();
        try {
            String address =
                    "https://localhost:%d/made.ts".formatted(web.getAddress().getPort());
            for (String whom : List.of(tls.certificate().toString(), "none")) {
                FrameCollector collector = FrameCollector.of(streams, "pulled");
                try (Relays relays = relays(whom)) {
                    relays.pull(address, NAME, Map.of());
                    assertEquals(PICTURES, collector.until(PICTURES).size());
                }
            }
            try (Relays relays = relays("")) {
                relays.pull(address, NAME, Map.of());
                await("the refusal", () -> !relays.all().getLast().lastError().isEmpty());
                String said = relays.all().getLast().lastError();
                assertTrue(said.contains("certif") || said.contains("PKIX"), said);
            }
        } finally {
            web.stop(0);
        }
    }

    @Test
    void aMulticastGroupIsJoinedOnTheInterfaceThatIsNamed() throws Exception {
        byte[] bytes = made();
        InetAddress group = InetAddress.getByName("239.255.77.9");
        int port;
        try (DatagramSocket free = new DatagramSocket(0)) {
            port = free.getLocalPort();
        }
        FrameCollector collector = FrameCollector.of(streams, "pulled");
        try (Relays relays = relays("");
                DatagramSocket sender = new DatagramSocket()) {
            sender.setOption(StandardSocketOptions.IP_MULTICAST_IF, NetworkInterface.getByName("lo"));
            relays.pull("udp://239.255.77.9:" + port, NAME, Map.of("interface", "lo"));
            List<Frame> frames;
            // Again and again: datagrams that nobody takes in time are lost.
            Thread sending = Thread.startVirtualThread(() -> sendForEver(sender, bytes, group, port));
            try {
                frames = collector.until(PICTURES / 2);
            } finally {
                sending.interrupt();
            }
            assertTrue(frames.getFirst().keyframe());
        }
    }

    private static void sendForEver(DatagramSocket sender, byte[] bytes, InetAddress group, int port) {
        try {
            for (int at = 0; ; at = at + 1_316 < bytes.length ? at + 1_316 : 0) {
                int length = Math.min(1_316, bytes.length - at);
                sender.send(new DatagramPacket(bytes, at, length, group, port));
                TimeUnit.MILLISECONDS.sleep(1);
            }
        } catch (IOException | InterruptedException e) {
            // Enough of it came.
        }
    }

    @Test
    void anInterfaceThatIsNotThereIsSaid() throws Exception {
        try (Relays relays = relays("")) {
            relays.pull("udp://239.255.77.9:4000", NAME, Map.of("interface", "none7"));
            await("the end", () -> relays.all().getLast().state() == RelayReport.State.ENDED);
            assertEquals("interface: there is no none7", relays.all().getLast().lastError());
        }
    }
}
