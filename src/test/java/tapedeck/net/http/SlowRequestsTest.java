package tapedeck.net.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.net.tls.ServerTls;
import tapedeck.settings.Settings;

/// Requests that take their time. Nothing here is measured by the clock: what has to be closed is waited for, and what
/// has to stay is asked.
@Timeout(180)
class SlowRequestsTest {
    private static final int PATIENCE_MILLIS = 60_000;
    private static final String GET = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

    @TempDir
    private Path folder;

    private final HttpRoutes routes = new HttpRoutes();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;
    private HttpServer secure;

    @BeforeEach
    void open() throws Exception {
        routes.add("GET", "/a", exchange -> exchange.respond(200, "text/plain", Bytes.ofUtf8("a")));
        routes.add("POST", "/echo", exchange -> exchange.respond(200, "text/plain", exchange.body(100_000)));
        server = new HttpServer(0, routes);
        ServerTls tls = ServerTls.of(folder, new Settings.Tls(Optional.empty(), Optional.empty()));
        secure = new HttpServer(0, Optional.of(tls), routes);
    }

    @AfterEach
    void close() {
        threads.close();
        server.close();
        secure.close();
    }

    private static Socket connected(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    /// TLS with whoever is there.
    private Socket encrypted() throws Exception {
        SSLContext any = SSLContext.getInstance("TLS");
        any.init(null, new TrustManager[] {new Anybody()}, new SecureRandom());
        Socket socket = any.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), secure.port());
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private static final class Anybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /// The whole answer to one request that has a body of one byte.
    private static String answer(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        while (text.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return text.toString();
            }
            text.append((char) next);
        }
        return text.toString() + (char) in.read();
    }

    /// Sends a byte of `bytes` a second, until the server has closed; returns what it said.
    private static String dripped(Socket socket, String bytes) throws Exception {
        StringBuilder heard = new StringBuilder();
        socket.setSoTimeout(1_000);
        for (int i = 0; i < PATIENCE_MILLIS / 1_000; ) {
            try {
                int next = socket.getInputStream().read();
                if (next < 0) {
                    return heard.toString();
                }
                heard.append((char) next);
            } catch (SocketTimeoutException _) {
                try {
                    send(socket, bytes.substring(i % bytes.length(), i % bytes.length() + 1));
                } catch (IOException _) {
                    return heard.toString();
                }
                i++;
            } catch (IOException _) {
                return heard.toString();
            }
        }
        throw new AssertionError("still open, heard: " + heard);
    }

    @Test
    void whatNeverBecomesARequestIsClosed() throws Exception {
        List<Callable<String>> all = new ArrayList<>();
        all.add(() -> slowHead(connected(server.port()), ""));
        all.add(() -> slowHead(connected(server.port()), GET));
        all.add(() -> slowHead(encrypted(), ""));
        all.add(() -> slowHead(encrypted(), GET));
        all.add(() -> emptyLines());
        all.add(() -> dripped(connected(secure.port()), new String(hello(), StandardCharsets.ISO_8859_1)));
        for (Future<String> one : threads.invokeAll(all)) {
            assertEquals("", one.get());
        }
    }

    /// @param before a request that is answered on the same connection first
    private static String slowHead(Socket socket, String before) throws Exception {
        try (socket) {
            if (!before.isEmpty()) {
                send(socket, before);
                assertTrue(answer(socket).endsWith("\r\n\r\na"));
            }
            return dripped(socket, "GET /a?" + "a".repeat(100));
        }
    }

    private String emptyLines() throws Exception {
        try (Socket socket = connected(server.port())) {
            return dripped(socket, "\r\n");
        }
    }

    private static byte[] hello() {
        return HexFormat.of().parseHex("16030100c2010000be0303" + "5a".repeat(190));
    }

    @Test
    void aBodyThatTricklesIsAnsweredAndClosed() throws Exception {
        List<Callable<String>> all = new ArrayList<>();
        for (int length : List.of(90_000, JettyExchange.SHORT_BODY_BYTES)) {
            all.add(() -> {
                try (Socket socket = connected(server.port())) {
                    send(socket, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n".formatted(length));
                    return dripped(socket, "b");
                }
            });
        }
        for (Future<String> heard : threads.invokeAll(all)) {
            assertTrue(heard.get().startsWith("HTTP/1.1 408 "), heard.get());
            assertTrue(heard.get().contains("\r\nConnection: close\r\n"), heard.get());
        }
    }

    /// Between requests, and before the first, a connection may rest for longer than a head may take.
    @Test
    void restingConnectionsAreServed() throws Exception {
        long rest = HttpServer.HEAD_LIMIT.toMillis() + 3_000;
        try (Socket fresh = connected(server.port());
                Socket used = connected(server.port());
                Socket freshTls = encrypted();
                Socket usedTls = encrypted();
                Socket parts = connected(server.port())) {
            ((SSLSocket) freshTls).startHandshake();
            for (Socket socket : List.of(used, usedTls)) {
                send(socket, GET);
                assertTrue(answer(socket).endsWith("\r\n\r\na"));
            }
            // In two pieces: the timer that the first one started has to go.
            send(parts, GET.substring(0, 5));
            TimeUnit.MILLISECONDS.sleep(500);
            send(parts, GET.substring(5));
            assertTrue(answer(parts).endsWith("\r\n\r\na"));
            TimeUnit.MILLISECONDS.sleep(rest);
            int number = 0;
            for (Socket socket : List.of(fresh, used, freshTls, usedTls, parts)) {
                send(socket, GET);
                String answer = answer(socket);
                assertTrue(answer.endsWith("\r\n\r\na"), "connection %d: %s".formatted(number++, answer));
            }
        }
    }

    @Test
    void aBodyHasTimeForItsBytesAndNoMore() throws Exception {
        long free = PaceOfBody.FREE.toNanos();
        PaceOfBody pace = new PaceOfBody(0);
        pace.came(1, free);
        pace.came(PaceOfBody.MIN_BYTES_PER_SECOND * 20, free + 20_000_000_000L);
        assertThrows(HttpProblem.class, () -> pace.came(1, free + 20_100_000_000L));
        assertEquals(
                408,
                assertThrows(HttpProblem.class, () -> new PaceOfBody(0).came(1, free + 3_000_000))
                        .status());
    }
}
