package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Rights;
import tapedeck.rights.Tokens;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// `publish_auth` for those who send chunks.
class IngestRightsTest {
    private static final long DEADLINE_SECONDS = 60;

    private final Streams streams = new Streams();
    private final HttpClient client = HttpClient.newHttpClient();
    private Rights rights;
    private IngestHttp ingest;
    private HttpServer server;

    @BeforeEach
    void open() throws Exception {
        rights = new Rights(new Settings.Rights(
                Proof.JWT,
                Proof.NONE,
                Path.of("none"),
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(Optional.empty(), 30)));
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

    private static String good() {
        return Tokens.signed(Tokens.claims(60).claim("publish", "tab").build());
    }

    private static String forOthers() {
        return Tokens.signed(Tokens.claims(60).claim("publish", "other").build());
    }

    private int send(String method, String query, String... headers) throws Exception {
        byte[] init = new LiveFragments(TestMedia.tracks(TestMedia.of("h264", 1)), "test", Instant.EPOCH)
                .init()
                .toByteArray();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:%d/ingest/tab?seq=0%s".formatted(server.port(), query)))
                .method(method, HttpRequest.BodyPublishers.ofByteArray(init));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void everyRequestShowsWhatItHas() throws Exception {
        assertEquals(401, send("PUT", ""));
        assertEquals(401, send("PUT", "&token=wrong"));
        assertEquals(403, send("PUT", "&token=" + forOthers()));
        assertTrue(streams.find(new StreamName("tab")).isEmpty(), "nobody got in");
        assertEquals(204, send("PUT", "&token=" + good()));
        assertEquals(204, send("POST", "", "Authorization", "Bearer " + good()));
        assertEquals(401, send("DELETE", ""));
        assertTrue(streams.find(new StreamName("tab")).isPresent());
        assertEquals(204, send("DELETE", "&token=" + good()));
    }

    private WebSocket connect(String query) throws Exception {
        return client.newWebSocketBuilder()
                .buildAsync(
                        URI.create("ws://127.0.0.1:%d/ingest/tab?%s".formatted(server.port(), query)),
                        new WebSocket.Listener() {})
                .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aWebSocketIsRefusedBeforeItIsOne() throws Exception {
        for (String query : List.of("", "token=wrong", "token=" + forOthers())) {
            ExecutionException refused = assertThrows(ExecutionException.class, () -> connect(query));
            int status = ((WebSocketHandshakeException) refused.getCause())
                    .getResponse()
                    .statusCode();
            assertEquals(query.length() > 20 ? 403 : 401, status);
        }
        WebSocket socket = connect("token=" + good());
        assertTrue(streams.find(new StreamName("tab")).isPresent());
        socket.abort();
    }
}
