package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.net.Attempts;

/// What the server does for the page. The page itself is tested in a browser.
class ConsoleTest {
    private static final Path FILES = Path.of("src", "main", "resources", "console");

    @TempDir
    Path dir;

    private ApiServer server;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir, "http_trust_loopback=false");
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    @Test
    void whoHasNoRightsGetsTheLoginPage() throws Exception {
        HttpResponse<byte[]> page = server.get("/");
        assertEquals(401, page.statusCode());
        assertTrue(ApiServer.text(page).contains("action=\"/login\""));
        assertEquals("Bearer", header(page, "WWW-Authenticate"), "no dialog of the browser's own");
        assertEquals(200, server.get("/console/console.css").statusCode());
    }

    @Test
    void theTokenOpensASessionThatIsNotTheToken() throws Exception {
        HttpResponse<byte[]> login = login(server.token());
        assertEquals(303, login.statusCode());
        assertEquals("/", header(login, "Location"));
        String cookie = header(login, "Set-Cookie");
        assertTrue(cookie.contains("; HttpOnly; SameSite=Strict"), cookie);
        assertTrue(cookie.contains("; Path=/; Max-Age=604800"), cookie);
        assertFalse(cookie.contains(server.token()), cookie);
        String session = cookie.substring(0, cookie.indexOf(';'));

        HttpResponse<byte[]> page = server.get("/", "Cookie", "other=1; " + session);
        assertEquals(200, page.statusCode());
        assertTrue(ApiServer.text(page).contains("Log out"));
        assertEquals(
                200,
                server.post("/rest-api/stream/find_all", "", "Cookie", session).statusCode());
        assertEquals(401, server.get("/", "Cookie", session + "x").statusCode());
        assertEquals(
                401,
                server.get("/", "Cookie", session.replaceFirst("=\\d", "=9")).statusCode());
        assertEquals(401, server.get("/", "Cookie", Sessions.COOKIE + "=").statusCode());
        assertEquals(401, server.get("/", "Cookie", Sessions.COOKIE + "=..").statusCode());

        server.now.set(server.now.get().plus(Sessions.LIFETIME));
        assertEquals(401, server.get("/", "Cookie", session).statusCode(), "expired");
    }

    @Test
    void aWrongTokenIsSaidInWords() throws Exception {
        HttpResponse<byte[]> page = login("<b>wrong</b>");
        assertEquals(401, page.statusCode());
        assertTrue(ApiServer.text(page).contains("not the admin token"));
        assertFalse(ApiServer.text(page).contains("<b>wrong"));
        assertTrue(page.headers().firstValue("Set-Cookie").isEmpty());
        for (int i = 1; i < Attempts.MAX_FAILURES; i++) {
            login("wrong");
        }
        assertTrue(ApiServer.text(login(server.token())).contains("Too many"));
    }

    @Test
    void formsOfOtherSitesAndBrokenOnesAreRefused() throws Exception {
        String form = "token=" + server.token();
        assertEquals(
                403,
                server.post("/login", form, "Origin", "http://evil.example").statusCode());
        assertEquals(
                403, server.post("/logout", "", "Sec-Fetch-Site", "cross-site").statusCode());
        assertEquals(400, server.post("/login", "token=%zz").statusCode());
        assertEquals(401, server.post("/login", "").statusCode());
        assertEquals(
                413,
                server.post("/login", "x".repeat(Console.MAX_FORM_BYTES + 1)).statusCode());
    }

    @Test
    void loggingOutTakesTheCookieAway() throws Exception {
        HttpResponse<byte[]> logout = server.post("/logout", "");
        assertEquals(303, logout.statusCode());
        assertTrue(header(logout, "Set-Cookie").startsWith(Sessions.COOKIE + "=; Path=/; Max-Age=0;"));
    }

    @Test
    void whoIsFreeHasNothingToLogOutOf() throws Exception {
        try (ApiServer free = new ApiServer(dir)) {
            HttpResponse<byte[]> page = free.get("/");
            assertEquals(200, page.statusCode());
            assertFalse(ApiServer.text(page).contains("Log out"));
            assertTrue(ApiServer.text(page).contains("<title>Tapedeck</title>"));
        }
    }

    @Test
    void assetsAreCachedUntilTheyChange() throws Exception {
        HttpResponse<byte[]> script = server.get("/console/main.mjs");
        assertEquals("text/javascript; charset=utf-8", header(script, "Content-Type"));
        assertEquals("no-cache", header(script, "Cache-Control"));
        assertEquals(
                304,
                server.get("/console/main.mjs", "If-None-Match", header(script, "ETag"))
                        .statusCode());
        for (String path : List.of("index.html", "login.html", "nothing.mjs", "../openapi.json", "")) {
            int status = RawHttp.get(server.http.port(), "/console/" + path).status();
            assertTrue(status == 404 || status == 400 || path.startsWith(".."), path + " → " + status);
        }
    }

    @Test
    void everyFileOfThePageIsServedAndNothingComesFromElsewhere() throws Exception {
        Pattern reference = Pattern.compile("(?:from \"\\./|(?:src|href)=\"/console/)([\\w.]+)\"");
        Pattern foreign =
                Pattern.compile("(?:https?:)?//(?!www\\.w3\\.org/2000/svg)[a-z]+\\.[a-z]|style=\"|onclick=\"");
        List<Path> files;
        try (var list = Files.list(FILES)) {
            files = list.sorted().toList();
        }
        assertTrue(files.size() > 10);
        for (Path file : files) {
            String text = Files.readString(file);
            Matcher matcher = reference.matcher(text);
            while (matcher.find()) {
                assertEquals(
                        200, server.get("/console/" + matcher.group(1)).statusCode(), file + ": " + matcher.group());
            }
            Matcher outside = foreign.matcher(text);
            assertFalse(outside.find(), () -> file + ": " + outside.group());
            if (!file.toString().endsWith(".html")) {
                assertEquals(200, server.get("/console/" + file.getFileName()).statusCode(), file + " is served");
            }
        }
    }

    private HttpResponse<byte[]> login(String token) throws Exception {
        return server.post("/login", "user=admin&token=" + URLEncoder.encode(token, StandardCharsets.UTF_8));
    }

    private static String header(HttpResponse<byte[]> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }
}
