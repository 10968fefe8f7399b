package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Rights;
import tapedeck.rights.Tokens;
import tapedeck.rights.UserFile;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Pages of other sites, which send from where their visitors are, with what their visitors' browsers remember.
class IngestPagesTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final StreamName NAME = new StreamName("tab");
    private static final String PASSWORD = "correct horse";
    private static final String[] CROSS_ORIGIN = {"Origin", "http://foreign.example"};
    private static final String[] CROSS_SITE = {"Sec-Fetch-Site", "cross-site"};
    private static final String[] SANDBOX = {"Origin", "null"};
    private static final List<String[]> FOREIGN = List.of(CROSS_ORIGIN, CROSS_SITE, SANDBOX);

    @TempDir
    private Path folder;

    private final Streams streams = new Streams();
    private final HttpClient client = HttpClient.newHttpClient();
    private Rights rights = new Rights(Settings.Rights.NONE);
    private IngestHttp ingest;
    private HttpServer server;

    @BeforeEach
    void open() throws Exception {
        HttpRoutes routes = new HttpRoutes();
        ingest = new IngestHttp(rights, streams, routes);
        server = new HttpServer(0, routes);
    }

    @AfterEach
    void close() {
        server.close();
        ingest.close();
        rights.close();
    }

    private void ask(Proof proof) throws Exception {
        close();
        Path users = folder.resolve("users.properties");
        UserFile.put(users, "alice", PASSWORD);
        rights = new Rights(new Settings.Rights(
                proof,
                Proof.NONE,
                users,
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(Optional.empty(), 30)));
        open();
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private static String[] with(String[] some, String... more) {
        String[] all = new String[some.length + more.length];
        System.arraycopy(some, 0, all, 0, some.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    private String own() {
        return "http://127.0.0.1:" + server.port();
    }

    private HttpResponse<String> send(String method, String query, String... headers) throws Exception {
        byte[] init = new LiveFragments(TestMedia.tracks(TestMedia.of("h264", 1)), "test", Instant.EPOCH)
                .init()
                .toByteArray();
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(own() + "/ingest/tab?seq=0" + query))
                .method(method, HttpRequest.BodyPublishers.ofByteArray(init));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private int status(String method, String query, String... headers) throws Exception {
        return send(method, query, headers).statusCode();
    }

    private int socket(String query, String... headers) throws Exception {
        WebSocket.Builder builder = client.newWebSocketBuilder();
        for (int i = 0; i < headers.length; i += 2) {
            builder.header(headers[i], headers[i + 1]);
        }
        CompletableFuture<Integer> answer = builder.buildAsync(
                        URI.create(own().replace("http", "ws") + "/ingest/tab?session=s" + query),
                        new WebSocket.Listener() {})
                .handle((socket, refused) -> {
                    if (socket != null) {
                        socket.abort();
                        return 101;
                    }
                    Throwable cause = refused instanceof CompletionException ? refused.getCause() : refused;
                    return ((WebSocketHandshakeException) cause).getResponse().statusCode();
                });
        return answer.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void whatABrowserRemembersIsNotThePagesOwn() throws Exception {
        ask(Proof.PASSWORD);
        String[] remembered = {"Authorization", basic("alice", PASSWORD)};
        for (String[] foreign : FOREIGN) {
            for (String method : List.of("PUT", "POST", "DELETE")) {
                assertEquals(401, status(method, "&session=s", with(foreign, remembered)), method);
            }
            assertEquals(401, socket("", with(foreign, remembered)));
        }
        assertTrue(streams.find(NAME).isEmpty(), "nobody got in");
        HttpResponse<String> refused = send("POST", "&session=s", with(CROSS_ORIGIN, remembered));
        assertTrue(refused.body().contains("a page of another site"), refused.body());
        assertTrue(
                refused.headers().firstValue("WWW-Authenticate").orElseThrow().startsWith("X-Basic "),
                "no browser asks its user for it");
        assertEquals(204, status("PUT", "&session=s", remembered), "no browser");
        assertEquals(204, status("PUT", "&session=s", with(remembered, "Origin", own())), "the console's");
        assertEquals(
                204,
                status("DELETE", "&session=s", with(remembered, "Sec-Fetch-Site", "same-origin", "Origin", own())));
        assertEquals(101, socket("", with(remembered, "Origin", own())));
    }

    @Test
    void whatAPageShowsItselfCounts() throws Exception {
        ask(Proof.PASSWORD);
        String shown = "&session=s&user=alice&password=" + PASSWORD.replace(" ", "%20");
        for (String[] foreign : FOREIGN) {
            assertEquals(204, status("PUT", shown, with(foreign, "Authorization", basic("bob", "other"))));
            assertEquals(401, status("PUT", shown + "x", with(foreign, "Authorization", basic("alice", PASSWORD))));
            assertEquals(204, status("DELETE", shown, foreign));
        }
        ask(Proof.JWT);
        String token = Tokens.signed(Tokens.claims(60).claim("publish", "tab").build());
        for (String[] foreign : FOREIGN) {
            assertEquals(204, status("PUT", "&session=s&token=" + token, foreign));
            assertEquals(204, status("POST", "&session=s", with(foreign, "Authorization", "bearer " + token)));
            assertEquals(204, status("DELETE", "&session=s&token=" + token, foreign));
            assertEquals(101, socket("&token=" + token, foreign));
        }
    }

    @Test
    void noPageGetsIntoAStreamThatGoesByItsSendersAddress() throws Exception {
        assertEquals(204, status("PUT", ""));
        var stream = streams.find(NAME).orElseThrow();
        for (String[] page : List.of(
                CROSS_ORIGIN,
                CROSS_SITE,
                SANDBOX,
                // It may have made its own name resolve to here.
                new String[] {"Origin", own()},
                new String[] {"Sec-Fetch-Site", "same-origin"})) {
            for (String method : List.of("PUT", "POST", "DELETE")) {
                assertEquals(400, status(method, "", page), method);
            }
            assertEquals(409, status("PUT", "&session=127.0.0.1", page), "the address is no session's name");
            assertEquals(404, status("DELETE", "&session=127.0.0.1", page));
        }
        assertEquals(stream, streams.find(NAME).orElseThrow());
        assertEquals(204, status("PUT", "&last=true"), "whoever sends without a page goes on");
        assertEquals(204, status("PUT", "&session=mine", CROSS_ORIGIN), "a page of its own");
        assertEquals(204, status("DELETE", "&session=mine", CROSS_ORIGIN));
    }
}
