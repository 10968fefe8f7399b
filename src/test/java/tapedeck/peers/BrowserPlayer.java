package tapedeck.peers;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A page in a browser that plays one file of a folder after the other over HTTP with byte ranges. The page asks for
/// the next file and posts what it saw, so that every browser is driven alike and starts once only.
public final class BrowserPlayer implements AutoCloseable {
    /// Longer than the page itself waits for a file, and than a browser takes to start on a busy machine.
    private static final int DEADLINE_SECONDS = 90;

    private static final Path PAGES = Path.of("src/test/resources/tapedeck/peers");

    /// What became of a file in a browser. Positions are what `currentTime` says, pictures the time of the picture
    /// that was then shown: its own in Chromium, while Firefox lets it begin at the place that was sought.
    ///
    /// @param playedSeconds how far it came from the start
    /// @param latePosition at 75 % of the duration, sought forwards
    /// @param earlyPosition at 10 % of the duration, sought backwards
    /// @param colours how many different ones the last picture has, roughly
    /// @param sound whether there is a track of sound that the browser decodes
    public record Playback(
            double durationSeconds,
            double playedSeconds,
            double latePosition,
            double latePicture,
            double earlyPosition,
            double earlyPicture,
            double endSeconds,
            int colours,
            int width,
            boolean sound) {}

    private final RangeServer server;
    private final AutoCloseable browser;
    private final BlockingQueue<String> next = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    public BrowserPlayer(Browser browser, Path folder) throws IOException {
        this(browser, folder, "player.html");
    }

    /// With another page, which says other things.
    public BrowserPlayer(Browser browser, Path folder, String page) throws IOException {
        server = new RangeServer(folder);
        server.answer("/player", exchange -> reply(exchange, Files.readString(PAGES.resolve(page))));
        server.answer("/next", this::next);
        server.answer("/said", this::said);
        this.browser = browser.show(server.url("player"));
    }

    /// Lets the browser begin with a file; [#played] is to follow.
    public void play(String name) {
        next.add(server.url(name));
    }

    /// The same with words for the page behind the address; [#said] is to follow.
    public void play(String name, String words) {
        next.add(server.url(name) + " " + words);
    }

    /// Fails with what the browser said if it did not play the file to its end.
    public Playback played(String name) throws InterruptedException {
        Map<String, String> values = said(name);
        return new Playback(
                Double.parseDouble(values.get("duration")),
                Double.parseDouble(values.get("played")),
                Double.parseDouble(values.get("latePosition")),
                Double.parseDouble(values.get("latePicture")),
                Double.parseDouble(values.get("earlyPosition")),
                Double.parseDouble(values.get("earlyPicture")),
                Double.parseDouble(values.get("end")),
                Integer.parseInt(values.get("colours")),
                Integer.parseInt(values.get("width")),
                Boolean.parseBoolean(values.get("sound")));
    }

    /// What the page says of a file; fails with it if the file could not be played.
    public Map<String, String> said(String name) throws InterruptedException {
        String answer = said.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (answer == null) {
            throw new AssertionError("the browser said nothing of " + name);
        }
        Map<String, String> values = new HashMap<>();
        for (String pair : answer.split("&")) {
            String[] parts = pair.split("=", 2);
            values.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        if (values.containsKey("failed")) {
            throw new AssertionError(name + ": " + values);
        }
        return values;
    }

    private void next(HttpExchange exchange) throws IOException {
        try {
            reply(exchange, next.take());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exchange.close();
        }
    }

    private void said(HttpExchange exchange) throws IOException {
        said.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        reply(exchange, "thanks");
    }

    private static void reply(HttpExchange exchange, String text) throws IOException {
        try (exchange) {
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
        }
    }

    @Override
    public void close() throws Exception {
        browser.close();
        // Whoever still waits for the next file.
        next.add("");
        server.close();
    }
}
