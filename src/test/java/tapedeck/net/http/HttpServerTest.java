package tapedeck.net.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

class HttpServerTest {
    private static final int TIMEOUT_MILLIS = 60_000;

    private final HttpRoutes routes = new HttpRoutes();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer server;

    @BeforeEach
    void open() throws Exception {
        routes.header("X-Always", "yes");
        routes.add("GET", "/exact", exchange -> exchange.respond(200, "text/plain", Bytes.ofUtf8("exact")));
        routes.add("GET", "/tree/*", exchange -> text(exchange, "tree:" + exchange.pathRest()));
        routes.add("GET", "/tree/inner/*", exchange -> text(exchange, "inner:" + exchange.pathRest()));
        routes.add("POST", "/echo", exchange -> exchange.respond(200, "text/plain", exchange.body(1000)));
        routes.add("POST", "/unread", exchange -> text(exchange, "unread"));
        routes.add("GET", "/problem", _ -> {
            throw new HttpProblem(418, "a \"teapot\"\n\\ here");
        });
        routes.add("GET", "/malformed", _ -> {
            throw new MalformedException("name: too odd");
        });
        routes.add("GET", "/bug", _ -> {
            throw new IllegalStateException("secret detail");
        });
        routes.add("GET", "/short", exchange -> {
            OutputStream out = exchange.start(200, "text/plain", 100);
            out.write(new byte[10]);
            throw new IOException("the file became shorter");
        });
        server = new HttpServer(0, routes);
    }

    private static void text(HttpExchange exchange, String text) throws Exception {
        exchange.respond(200, "text/plain", Bytes.ofUtf8(text));
    }

    @AfterEach
    void close() {
        server.close();
        client.close();
    }

    @Test
    void theLongestPatternWinsAndTheRestIsDecoded() throws Exception {
        assertEquals("exact", get("/exact").body());
        assertEquals("tree:a/b c", get("/tree/a/b%20c").body());
        assertEquals("inner:é%", get("/tree/inner/%C3%A9%25").body());
        assertEquals("tree:inner", get("/tree/inner").body());
        assertEquals(404, get("/tree").statusCode());
        assertEquals(404, get("/exact/more").statusCode());
        assertEquals(List.of("GET /exact", "GET /tree/*"), routes.all().subList(0, 2));
    }

    @Test
    void whatIsNotPossibleSaysWhatIs() throws Exception {
        HttpResponse<String> response = send("DELETE", "/echo", "");
        assertEquals(405, response.statusCode());
        assertEquals("POST", response.headers().firstValue("Allow").orElse(""));
        assertEquals("yes", response.headers().firstValue("X-Always").orElse(""));
    }

    @Test
    void headIsGetWithoutItsBody() throws Exception {
        HttpResponse<String> response = send("HEAD", "/exact", "");
        assertEquals(200, response.statusCode());
        assertEquals("5", response.headers().firstValue("Content-Length").orElse(""));
        assertEquals("", response.body());
        assertEquals(405, send("HEAD", "/echo", "").statusCode());
    }

    @Test
    void problemsBecomeJsonAndBugsStayInTheLog() throws Exception {
        assertEquals(
                "{\"error\": \"a \\\"teapot\\\" \\\\ here\"}", get("/problem").body());
        assertEquals(418, get("/problem").statusCode());
        assertEquals(400, get("/malformed").statusCode());
        assertEquals("{\"error\": \"name: too odd\"}", get("/malformed").body());
        assertEquals(500, get("/bug").statusCode());
        assertEquals("{\"error\": \"internal error\"}", get("/bug").body());
    }

    @Test
    void aBodyHasALimitWhetherItSaysItsLengthOrNot() throws Exception {
        assertEquals("x".repeat(1000), send("POST", "/echo", "x".repeat(1000)).body());
        assertEquals(413, send("POST", "/echo", "x".repeat(1001)).statusCode());
        String head = "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        assertEquals(413, status(head + "Content-Length: 9000000000\r\n\r\n"));
        String chunk = "400\r\n" + "x".repeat(0x400) + "\r\n";
        assertEquals(413, status(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n"));
    }

    /// As with chunks of a recording whose key is wrong: the client is still sending when the answer comes.
    @Test
    void whoIsRefusedBeforeItSentItsBodyGetsTheAnswerAndMayAskAgain() throws Exception {
        int length = 1 << 20;
        String head = "PUT /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n".formatted(length);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            out.write(head.getBytes(StandardCharsets.ISO_8859_1));
            byte[] began = in.readNBytes(12);
            assertEquals("HTTP/1.1 404", new String(began, StandardCharsets.ISO_8859_1));
            out.write(new byte[length]);
            out.write("GET /exact HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.ISO_8859_1));
            String rest = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            assertTrue(rest.contains("{\"error\": \"nothing is here\"}HTTP/1.1 200 OK"), rest);
            assertTrue(rest.endsWith("\r\n\r\nexact"), rest);
        }
        String asks = head.replace("Host", "Expect: 100-continue\r\nHost");
        String answer = raw(asks);
        assertTrue(answer.startsWith("HTTP/1.1 404 ") && answer.contains("\r\nConnection: close\r\n"), answer);
    }

    @Test
    void anAnswerThatCannotBeCompletedBreaksTheConnection() throws Exception {
        String answer = raw("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
        assertTrue(answer.length() - answer.indexOf("\r\n\r\n") - 4 <= 10, "not padded: " + answer.length());
    }

    @Test
    void whatNeverReachesARouteIsAnsweredInTheSameWay() throws Exception {
        String longHeader = "X: " + "x".repeat(HttpServer.MAX_HEADER_BYTES) + "\r\n";
        String answer = raw("GET /exact HTTP/1.1\r\nHost: x\r\n" + longHeader + "\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 431 "), answer);
        for (String line : List.of("GET /a%2fb HTTP/1.1", "GET /tree/..;/x HTTP/1.1", "GET /%zz HTTP/1.1")) {
            String refused = raw(line + "\r\nHost: x\r\nConnection: close\r\n\r\n");
            assertTrue(refused.startsWith("HTTP/1.1 400 "), line + " → " + refused);
            assertTrue(refused.contains("X-Always: yes\r\n"), refused);
            assertTrue(refused.contains("{\"error\": \""), refused);
        }
    }

    @Test
    void rubbishEndsItsOwnConnectionOnly() throws Exception {
        Random random = new Random(5);
        String good = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
        for (int i = 0; i < 300; i++) {
            byte[] request = good.getBytes(StandardCharsets.ISO_8859_1);
            for (int flips = 1 + random.nextInt(6); flips > 0; flips--) {
                request[random.nextInt(request.length)] = (byte) random.nextInt(256);
            }
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.setSoTimeout(TIMEOUT_MILLIS);
                socket.getOutputStream().write(request);
                socket.shutdownOutput();
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                assertTrue(!answer.startsWith("HTTP/1.1 500"), answer);
            } catch (IOException e) {
                // The server may hang up on rubbish at any moment.
                assertTrue(e instanceof SocketException, e::toString);
            }
        }
        assertEquals("exact", get("/exact").body());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send("GET", path, "");
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private int status(String request) throws IOException {
        return Integer.parseInt(raw(request).substring(9, 12));
    }

    /// RFC 9112 9.6: or it sends its next request into a connection that is being closed.
    @Test
    void whoIsAnsweredBeforeTheBodyCameIsToldThatTheConnectionEnds() throws Exception {
        String longer = "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                .formatted(JettyExchange.SHORT_BODY_BYTES + 1);
        String early = raw(longer);
        assertTrue(early.startsWith("HTTP/1.1 200 ") && early.contains("\r\nConnection: close\r\n"), early);
        String head = "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
        String both = raw(head + "abcGET /exact HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assertTrue(both.startsWith("HTTP/1.1 200 ") && both.endsWith("\r\n\r\nexact"), both);
    }

    @Test
    void aShortBodyThatNobodyReadsMayComeBehindItsHead() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            OutputStream out = socket.getOutputStream();
            out.write("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
                    .getBytes(StandardCharsets.ISO_8859_1));
            Thread.sleep(200);
            assertEquals(0, socket.getInputStream().available(), "it is waited for");
            out.write("abcGET /exact HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.ISO_8859_1));
            String both = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertTrue(both.startsWith("HTTP/1.1 200 ") && both.endsWith("\r\n\r\nexact"), both);
            assertEquals(both.indexOf("Connection: close"), both.lastIndexOf("Connection: close"), both);
        }
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
