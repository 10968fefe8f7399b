package tapedeck.peers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The files of a folder over HTTP on loopback, with byte ranges, as a browser wants them; `/` is an empty page.
public final class RangeServer implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Path folder;
    private final AtomicLong requests = new AtomicLong();

    public RangeServer(Path folder) throws IOException {
        this.folder = folder;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    public String url(String name) {
        return "http://127.0.0.1:%d/%s".formatted(server.getAddress().getPort(), name);
    }

    /// Something else than a file at a path, such as a page that plays them.
    public void answer(String path, HttpHandler handler) {
        server.createContext(path, handler);
    }

    public long requests() {
        return requests.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.incrementAndGet();
            String name = exchange.getRequestURI().getPath().substring(1);
            if (name.isEmpty()) {
                exchange.getResponseHeaders().set("Content-Type", "text/html");
                exchange.sendResponseHeaders(200, -1);
                return;
            }
            Path file = folder.resolve(name).normalize();
            if (!file.startsWith(folder) || !Files.isRegularFile(file)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            send(exchange, name, Files.readAllBytes(file));
        }
    }

    private static void send(HttpExchange exchange, String name, byte[] content) throws IOException {
        var headers = exchange.getResponseHeaders();
        headers.set("Accept-Ranges", "bytes");
        headers.set("Content-Type", name.endsWith(".webm") ? "video/webm" : "video/mp4");
        String asked = exchange.getRequestHeaders().getFirst("Range");
        Matcher range = RANGE.matcher(asked == null ? "" : asked);
        if (!range.matches()) {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
            return;
        }
        int from = Integer.parseInt(range.group(1));
        int to = range.group(2).isEmpty()
                ? content.length
                : Math.min(content.length, Integer.parseInt(range.group(2)) + 1);
        if (from >= to) {
            headers.set("Content-Range", "bytes */" + content.length);
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        headers.set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, content.length));
        exchange.sendResponseHeaders(206, to - from);
        exchange.getResponseBody().write(Arrays.copyOfRange(content, from, to));
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }
}
