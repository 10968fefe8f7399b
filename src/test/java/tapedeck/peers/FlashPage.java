package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// The page that flashes and beeps and sends that somewhere, from an origin of its own, and what it says to the test.
public final class FlashPage implements AutoCloseable {
    private static final int DEADLINE_SECONDS = 60;

    private final HttpServer pages;
    private volatile byte[] made = new byte[0];
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    public FlashPage() throws IOException {
        byte[] page = Files.readAllBytes(Path.of("src/test/resources/tapedeck/peers/flash.html"));
        pages = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        pages.createContext("/flash", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        pages.createContext("/say", exchange -> {
            said.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        pages.createContext("/made", exchange -> {
            made = exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        pages.start();
    }

    /// @param query what it has to do; its script says what there is
    public String url(String query) {
        return "http://localhost:%d/flash?%s".formatted(pages.getAddress().getPort(), query);
    }

    /// Waits until the page has sent everything.
    public void awaitDone() throws InterruptedException {
        List<String> heard = new ArrayList<>();
        while (!heard.contains("done")) {
            String next = said.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
            assertTrue(next != null && !next.startsWith("failed"), "the page said " + heard + ", then " + next);
            heard.add(next);
        }
    }

    /// What it has said and nobody has waited for.
    public String said() {
        return said.toString();
    }

    /// The file that the browser itself made of it, where it records.
    public byte[] made() {
        return made;
    }

    @Override
    public void close() {
        pages.stop(0);
    }
}
