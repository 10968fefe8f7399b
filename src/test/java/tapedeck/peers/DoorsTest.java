package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.protocol.http.HlsHttp;
import tapedeck.protocol.http.LiveHttp;
import tapedeck.rights.Tokens;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// That no way in or out is missing in the matrix of rights ([Door]), and that what administers asks for its token:
/// also what receives and sends plain RTP and SRTP, which is only begun over REST.
@Timeout(300)
class DoorsTest {
    /// For everybody: the console's own pages, which show nothing, and what says that the server is there.
    private static final Set<String> OPEN =
            Set.of("GET /", "GET /console/*", "GET /health", "GET /openapi.json", "POST /login", "POST /logout");

    private static final List<String> ADMINISTERED =
            List.of("/rest-api/", "/sessions", "/recordings", "/client/records/", "/metrics");
    /// Sessions of WHIP and WHEP, whose addresses are secrets, and what goes on in a tunnel of RTMPT that is open.
    private static final Set<String> BEGUN =
            Set.of("/whip/session/*", "/whep/session/*", "/open/1", "/idle/*", "/close/*", "/fcs/ident2");
    /// HTTP is what its routes are; sessions of WebRTC are made over HTTP; only this machine reaches the command line,
    /// which is no place for streams to come in or out.
    private static final Set<String> OTHER_PORTS = Set.of("HTTP/tcp", "WebRTC/udp", "WebRTC/tcp", "CLI/tcp");

    /// RFC 4568 9.1, as a member of JSON.
    private static final String PROTECTED = String.join(
            "\\r\\n",
            "v=0",
            "o=- 0 0 IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            "m=video 50000 RTP/SAVP 96",
            "a=rtpmap:96 H264/90000",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
            "");

    private static final String[] SETTINGS = {
        "rtsps_port=0",
        "publish_auth=jwt",
        "play_auth=jwt",
        "auth_jwt_secret=" + Tokens.SECRET,
        "http_trusted_proxies=127.0.0.1",
        "pull_allow=127.0.0.1"
    };

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private int strangers;

    /// As `METHOD path`; that these are all is what `ServerTest` sees to.
    private Set<String> routes(TestServer server) throws Exception {
        JsonNode paths = JsonMapper.shared()
                .readTree(http.send(
                                HttpRequest.newBuilder(URI.create(server.httpUrl("/openapi.json")))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body())
                .path("paths");
        Set<String> routes = new TreeSet<>();
        for (var path : paths.properties()) {
            for (var method : path.getValue().properties()) {
                if (!method.getKey().equals("parameters")) {
                    routes.add(method.getKey().toUpperCase(Locale.ROOT) + " "
                            + path.getKey().replaceAll("\\{\\w+}$", "*"));
                }
            }
        }
        return routes;
    }

    private static boolean isAdministered(String path) {
        return ADMINISTERED.stream().anyMatch(path::startsWith);
    }

    @Test
    void everyWayInAndOutIsInTheMatrix() throws Exception {
        Set<String> places = new TreeSet<>();
        try (TestServer server = new TestServer(folder, SETTINGS)) {
            for (var port : server.server().ports().all()) {
                places.add(port.protocol() + "/" + port.transport());
            }
            assertTrue(places.removeAll(OTHER_PORTS), places.toString());
            for (String route : routes(server)) {
                String path = route.substring(route.indexOf(' ') + 1);
                // A preflight shows nothing, and is shown nothing.
                if (OPEN.contains(route) || route.startsWith("OPTIONS ") || isAdministered(path)) {
                    continue;
                }
                switch (path) {
                    case "/live/*" -> LiveHttp.extensions().forEach(name -> places.add("/live/*." + name));
                    case "/hls/*" -> {
                        HlsHttp.FILES.forEach(name -> places.add("/hls/*/" + name));
                        places.add("/hls/*/seg-N.m4s");
                    }
                    default -> places.add(path);
                }
            }
        }
        assertTrue(places.removeAll(BEGUN), places.toString());
        assertEquals(places, new TreeSet<>(Door.places()));
    }

    /// From somewhere else, each time from somewhere new: who guesses has to wait.
    private HttpResponse<String> elsewhere(TestServer server, String method, String path, String body, String token)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.httpUrl(path)))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("X-Forwarded-For", "203.0.113.%d".formatted(++strangers % 250 + 1));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void whatAdministersAsksForItsTokenBeforeAndAfterARestart() throws Exception {
        String mayPublishAndPlay = Tokens.signed(
                Tokens.claims(600).claim("publish", "*").claim("play", "*").build());
        String first = "";
        for (String when : List.of("before", "after")) {
            try (TestServer server = new TestServer(folder, SETTINGS)) {
                String admin = Files.readString(folder.resolve("admin-token")).strip();
                assertTrue(first.isEmpty() || first.equals(admin), "it is the same after a restart");
                first = admin;
                int tried = 0;
                for (String route : routes(server)) {
                    String method = route.substring(0, route.indexOf(' '));
                    String path = route.substring(route.indexOf(' ') + 1).replace("*", "a");
                    if (!isAdministered(path)) {
                        continue;
                    }
                    String body = method.equals("POST") ? "{\"streamName\": \"in-a\"}" : "";
                    for (String token : List.of("", "wrong", mayPublishAndPlay)) {
                        int status =
                                elsewhere(server, method, path, body, token).statusCode();
                        assertEquals(401, status, route + " " + when + " with \"" + token + "\"");
                    }
                    assertFalse(
                            List.of(401, 403)
                                    .contains(elsewhere(server, method, path, body, admin)
                                            .statusCode()),
                            route + " " + when);
                    tried++;
                }
                assertTrue(tried > 60, tried + " routes");
                plainRtpBegins(server, mayPublishAndPlay, admin);
            }
        }
    }

    /// In and out, in the open and with keys.
    private void plainRtpBegins(TestServer server, String mayPublishAndPlay, String admin) throws Exception {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTP, "127.0.0.1:1", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.VIDEO);
        try (Publication live = server.server().streams().publish(new StreamName("live"), publisher, Feedback.NONE)) {
            TestMedia.h264(1).forEach(live::write);
            for (String call : List.of(
                    "{\"streamName\": \"in-rtp\"}",
                    "{\"streamName\": \"in-srtp\", \"host\": \"127.0.0.1\", \"sdp\": \"%s\"}".formatted(PROTECTED),
                    "{\"streamName\": \"live\", \"address\": \"127.0.0.1:40000\"}",
                    "{\"streamName\": \"live\", \"address\": \"127.0.0.1:40010\", \"srtp\": \"true\"}")) {
                int before = endpoints(server, admin);
                for (String token : List.of("", "wrong", mayPublishAndPlay)) {
                    String path = "/rest-api/rtp/startup?token=" + mayPublishAndPlay;
                    assertEquals(
                            401, elsewhere(server, "POST", path, call, token).statusCode(), call);
                }
                assertEquals(before, endpoints(server, admin), call);
                HttpResponse<String> begun = elsewhere(server, "POST", "/rest-api/rtp/startup", call, admin);
                assertEquals(200, begun.statusCode(), begun.body());
                assertTrue(begun.body().contains("m=video"), begun.body());
                assertEquals(before + 1, endpoints(server, admin), call);
            }
        }
    }

    private int endpoints(TestServer server, String admin) throws Exception {
        HttpResponse<String> all = elsewhere(server, "POST", "/rest-api/rtp/find_all", "", admin);
        assertEquals(200, all.statusCode(), all.body());
        return JsonMapper.shared().readTree(all.body()).size();
    }
}
