package tapedeck.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import tapedeck.bytes.Bytes;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.HttpRoutes;

/// The page at `/`, its scripts and styles, and the login in front of it.
///
/// Scripts and styles are the same for everybody and hold no data, so they are free: the login page needs them.
final class Console {
    static final int MAX_FORM_BYTES = 4096;

    private static final String FOLDER = "/console/";
    private static final List<String> ASSETS = List.of(
            "console.css",
            "icon.svg",
            "indexed.mjs",
            "longmovie.mjs",
            "main.mjs",
            "matroska.mjs",
            "api.mjs",
            "boxes.mjs",
            "bytes.mjs",
            "camera.mjs",
            "clusters.mjs",
            "credentials.mjs",
            "described.mjs",
            "dialogs.mjs",
            "dom.mjs",
            "ebml.mjs",
            "elements.mjs",
            "ensemble.mjs",
            "feed.mjs",
            "fragments.mjs",
            "ice.mjs",
            "limits.mjs",
            "meter.mjs",
            "movie.mjs",
            "mse.mjs",
            "peers.mjs",
            "publish.mjs",
            "recorder.mjs",
            "recordings.mjs",
            "remote.mjs",
            "samples.mjs",
            "session.mjs",
            "spans.mjs",
            "streams.mjs",
            "timeline.mjs",
            "together.mjs",
            "watch.mjs",
            "whep.mjs",
            "whip.mjs",
            "words.mjs");
    private static final String HTML = "text/html; charset=utf-8";

    private record Page(String mediaType, Bytes content, String tag) {}

    private final Access access;
    private final Map<String, Page> pages = new TreeMap<>();

    Console(Access access) throws IOException {
        this.access = access;
        load("index.html");
        load("login.html");
        for (String asset : ASSETS) {
            load(asset);
        }
    }

    void addTo(HttpRoutes routes) {
        routes.add("GET", "/", this::index);
        routes.add("POST", "/login", this::login);
        routes.add("POST", "/logout", this::logout);
        routes.add("GET", FOLDER + "*", this::asset);
    }

    private void load(String name) throws IOException {
        try (InputStream in = Console.class.getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                throw new IOException("the console's %s is not in the build".formatted(name));
            }
            byte[] content = in.readAllBytes();
            CRC32C checksum = new CRC32C();
            checksum.update(content);
            String tag = "\"%x-%08x\"".formatted(content.length, checksum.getValue());
            pages.put(name, new Page(mediaType(name), Bytes.wrap(content), tag));
        }
    }

    private static String mediaType(String name) {
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "html" -> HTML;
            case "css" -> "text/css; charset=utf-8";
            case "mjs" -> "text/javascript; charset=utf-8";
            case "svg" -> "image/svg+xml";
            default -> throw new IllegalArgumentException(name);
        };
    }

    private void index(HttpExchange exchange) throws Exception {
        if (access.granted(exchange)) {
            sendIndex(exchange);
        } else {
            sendLogin(exchange, "");
        }
    }

    /// With a way out for those who logged in; who is free cannot log out.
    private void sendIndex(HttpExchange exchange) throws Exception {
        String session = access.sessions().isOpen(exchange)
                ? "<form class=\"logout\" method=\"post\" action=\"/logout\"><button class=\"button quiet\">Log out</button></form>"
                : "";
        String html = page("index.html").content().toUtf8().replace("<!--session-->", session);
        exchange.set("Cache-Control", "no-store").respond(200, HTML, Bytes.ofUtf8(html));
    }

    private void asset(HttpExchange exchange) throws Exception {
        String name = exchange.pathRest();
        if (!ASSETS.contains(name)) {
            throw new HttpProblem(404, "nothing is here");
        }
        send(exchange, page(name));
    }

    private void login(HttpExchange exchange) throws Exception {
        access.requireOwnSite(exchange);
        String form = exchange.body(MAX_FORM_BYTES).toUtf8();
        boolean right;
        try {
            right = access.checkToken(exchange, Form.value(form, "token").strip());
        } catch (HttpProblem tooMany) {
            sendLogin(exchange, "Too many wrong tokens. Please wait a minute, then try again.");
            return;
        }
        if (!right) {
            sendLogin(exchange, "That is not the admin token of this server.");
            return;
        }
        access.sessions().open(exchange);
        exchange.set("Location", "/").respond(303);
    }

    private void logout(HttpExchange exchange) throws Exception {
        access.requireOwnSite(exchange);
        access.sessions().close(exchange);
        exchange.set("Location", "/").respond(303);
    }

    /// 401 with a page instead of JSON, and with a challenge that no browser answers with a dialog of its own.
    private void sendLogin(HttpExchange exchange, String problem) throws Exception {
        String html = page("login.html").content().toUtf8().replace("<!--problem-->", problem);
        exchange.set("WWW-Authenticate", "Bearer")
                .set("Cache-Control", "no-store")
                .respond(401, HTML, Bytes.ofUtf8(html));
    }

    private Page page(String name) {
        Page page = pages.get(name);
        if (page == null) {
            throw new IllegalArgumentException(name);
        }
        return page;
    }

    private static void send(HttpExchange exchange, Page page) throws Exception {
        exchange.set("Cache-Control", "no-cache").set("ETag", page.tag());
        if (exchange.header("If-None-Match").map(page.tag()::equals).orElse(false)) {
            exchange.respond(304);
        } else {
            exchange.respond(200, page.mediaType(), page.content());
        }
    }
}
