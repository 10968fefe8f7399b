package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import tapedeck.peers.Browser;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;

/// Browsers that watch each other through the server: how late the pictures are, beside a call without a server in the
/// same browser, and whether sound and picture are still together at the end. A round is a minute (15 s in `./check`).
final class Calls {
    private static final Path PAGE = Path.of("src/test/resources/tapedeck/faults/call.html");
    private static final int SHORT_SECONDS = 20;
    private static final double MOST_ADDED_MILLIS = 150;
    private static final double MOST_APART_MILLIS = 40;
    private static final int DEADLINE_SECONDS = 90;
    private static final int DIRECT_SECONDS = 60;

    /// What a watching page said at one moment.
    ///
    /// @param delayMillis median of 200 pictures
    /// @param apartMillis how much later than its flash a beep was heard, median of 15
    /// @param estimatedMillis by how much the sound that is played is newer than the picture, as the browser itself
    ///     thinks
    private record Seen(
            String state, int pictures, double delayMillis, int pairs, double apartMillis, double estimatedMillis) {
        static Seen parse(String line) {
            String[] words = line.split(" ");
            return new Seen(
                    words[0],
                    Integer.parseInt(words[1]),
                    Double.parseDouble(words[2]),
                    Integer.parseInt(words[3]),
                    Double.parseDouble(words[4]),
                    Double.parseDouble(words[5]));
        }
    }

    private final HttpServer pages;
    private final Map<String, List<Seen>> seen = new ConcurrentHashMap<>();
    private final List<String> failures = Collections.synchronizedList(new ArrayList<>());

    /// What Firefox recorded of what it was shown: how much later than their flashes its beeps were.
    private final Map<String, List<Double>> recorded = new ConcurrentHashMap<>();

    private final Path dir;

    private Calls(Trial trial) throws IOException {
        dir = trial.dir();
        pages = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        pages.createContext("/call", exchange -> respond(exchange, 200, Files.readAllBytes(PAGE)));
        pages.createContext("/seen", exchange -> {
            Seen now = Seen.parse(body(exchange));
            seen.computeIfAbsent(by(exchange), _ -> Collections.synchronizedList(new ArrayList<>()))
                    .add(now);
            respond(exchange, 204, new byte[0]);
        });
        pages.createContext("/film", exchange -> respond(exchange, 200, Files.readAllBytes(dir.resolve("film.webm"))));
        pages.createContext("/recorded", exchange -> {
            Path file = Files.write(
                    dir.resolve("seen-by-" + by(exchange) + ".webm"),
                    exchange.getRequestBody().readAllBytes());
            double apart = 1_000 * FlashAndBeep.measure(file).medianDelay();
            recorded.computeIfAbsent(by(exchange), _ -> Collections.synchronizedList(new ArrayList<>()))
                    .add(apart);
            respond(exchange, 204, new byte[0]);
        });
        pages.createContext("/failed", exchange -> {
            failures.add(by(exchange) + ": " + body(exchange));
            respond(exchange, 204, new byte[0]);
        });
        pages.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        pages.start();
    }

    /// For Firefox: so many seconds of flashes and beeps.
    private void film(double seconds) {
        List<String> arguments = new ArrayList<>(List.of(FlashAndBeep.source("320x240", 30, (int) seconds)));
        arguments.addAll(List.of("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "16", "-b:v", "300k"));
        arguments.addAll(List.of(
                "-c:a", "libopus", "-v", "error", dir.resolve("film.webm").toString()));
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
    }

    private static String by(HttpExchange exchange) {
        return exchange.getRequestURI().getQuery().replace("by=", "");
    }

    private static String body(HttpExchange exchange) throws IOException {
        return new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static void respond(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "text/html");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private String page(String mode, String by, String name, String codec, String server) {
        return "http://127.0.0.1:%d/call?mode=%s&by=%s&name=%s&codec=%s&server=%s"
                .formatted(pages.getAddress().getPort(), mode, by, name, codec, server);
    }

    /// Waits until this page shows pictures with sound, and then for so long.
    private Seen after(String by, double seconds) throws Exception {
        Scene.await("pictures and sound of " + by, DEADLINE_SECONDS, () -> shows(by));
        Scene.run((long) (seconds * 1_000));
        return last(by);
    }

    private boolean shows(String by) {
        assertTrue(failures.isEmpty(), failures.toString());
        return seen.containsKey(by) && (last(by).pairs() > 2 || recorded.containsKey(by));
    }

    private Seen last(String by) {
        return seen.get(by).getLast();
    }

    /// From the lowest to the highest since the beginning, without the first seconds.
    private String range(String by) {
        List<Double> all = List.copyOf(seen.get(by)).stream()
                .filter(now -> now.pairs() >= 15)
                .map(Seen::apartMillis)
                .sorted()
                .toList();
        return all.isEmpty() ? "?" : "%+.0f to %+.0f".formatted(all.getFirst(), all.getLast());
    }

    /// Glass to glass in Chromium, without a server and with it, one after the other.
    static void delay(Trial trial) throws Exception {
        double seconds = trial.thorough() ? 60.0 * trial.rounds() : SHORT_SECONDS;
        Calls calls = new Calls(trial);
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name())) {
            String server = scene.uri("").toString();
            for (String codec : List.of("VP8", "H264")) {
                String direct = "direct" + codec;
                String through = "through" + codec;
                Seen alone;
                try (AutoCloseable _ = Browser.CHROMIUM.show(calls.page("direct", direct, "", codec, ""))) {
                    alone = calls.after(direct, seconds);
                }
                Seen served;
                try (AutoCloseable _ = Browser.CHROMIUM.show(calls.page("send", "send" + codec, codec, codec, server));
                        AutoCloseable _ = Browser.CHROMIUM.show(calls.page("watch", through, codec, codec, server))) {
                    served = calls.after(through, seconds);
                }
                double added = served.delayMillis() - alone.delayMillis();
                trial.result(
                        "%s in Chromium, %.0f s: %.0f ms glass to glass without a server, %.0f ms through it: %.0f ms more;"
                                + " beeps %+.0f ms and %+.0f ms behind their flashes (%s and %s ms before)",
                        codec,
                        seconds,
                        alone.delayMillis(),
                        served.delayMillis(),
                        added,
                        alone.apartMillis(),
                        served.apartMillis(),
                        calls.range(direct),
                        calls.range(through));
                assertTrue(added <= MOST_ADDED_MILLIS, added + " ms more");
            }
        } finally {
            calls.pages.stop(0);
        }
    }

    /// One browser watches the other, and back, for minutes.
    static void browsers(Trial trial) throws Exception {
        double seconds = trial.thorough() ? 60.0 * trial.rounds() : SHORT_SECONDS;
        Calls calls = new Calls(trial);
        Map<String, String> codecs = new LinkedHashMap<>(Map.of("fox", "VP8", "chrome", "VP8"));
        if (trial.thorough()) {
            codecs.put("avc", "H264");
        }
        calls.film(seconds + 4 * DEADLINE_SECONDS);
        Map<String, Double> direct = trial.thorough() ? calls.direct(trial, Set.copyOf(codecs.values())) : Map.of();
        try (NetworkScene scene = NetworkScene.asUsersRunIt(trial, trial.name());
                Shown _ = new Shown(calls, scene, "fox", Browser.FIREFOX, Browser.CHROMIUM, "VP8");
                Shown _ = new Shown(calls, scene, "chrome", Browser.CHROMIUM, Browser.FIREFOX, "VP8");
                Shown _ = trial.thorough()
                        ? new Shown(calls, scene, "avc", Browser.CHROMIUM, Browser.CHROMIUM, "H264")
                        : Shown.nothing()) {
            for (String name : codecs.keySet()) {
                calls.after(name, 0);
            }
            Scene.run((long) (seconds * 1_000));
            for (Map.Entry<String, String> one : codecs.entrySet()) {
                calls.tell(trial, one.getKey(), one.getValue(), seconds);
            }
            scene.server.stop();
            Map<String, Double> files = new LinkedHashMap<>();
            for (String name : codecs.keySet()) {
                files.put(name, recorded(scene.recording(name)));
                trial.result(
                        "recording of %s: beeps %+.0f ms behind their flashes in its last 15 s", name, files.get(name));
            }
            files.forEach((name, apart) -> judge(trial, name + " as recorded", apart));
            for (Map.Entry<String, String> one : codecs.entrySet()) {
                calls.judgeSeen(trial, one.getKey(), direct.get(one.getValue()));
            }
        } finally {
            calls.pages.stop(0);
        }
    }

    /// What this machine's Chromium is apart in calls without a server, codec by codec: it leaves sound where it is
    /// until it is 30 ms off, and what a page hears has waited in buffers that a page cannot see.
    private Map<String, Double> direct(Trial trial, Set<String> codecs) throws Exception {
        Map<String, Double> apart = new HashMap<>();
        for (String codec : codecs) {
            try (AutoCloseable _ = Browser.CHROMIUM.show(page("direct", "direct-" + codec, "", codec, ""))) {
                apart.put(codec, after("direct-" + codec, DIRECT_SECONDS).apartMillis());
            }
            trial.result("%s without a server: beeps %+.0f ms behind their flashes", codec, apart.get(codec));
        }
        return apart;
    }

    /// By the browser's own estimate, and by flashes and beeps beyond what a call without a server is apart.
    private void judgeSeen(Trial trial, String name, Double direct) {
        List<Double> looks = recorded.getOrDefault(name, List.of());
        if (!looks.isEmpty()) {
            judge(trial, name + " as its viewer recorded it", looks.getLast());
            return;
        }
        Seen end = last(name);
        judge(trial, name + " by the browser's own estimate", end.estimatedMillis());
        if (direct != null) {
            judge(trial, name + " as seen, beyond a call without a server", end.apartMillis() - direct);
        }
    }

    private void tell(Trial trial, String name, String codec, double seconds) {
        Seen end = last(name);
        List<Double> looks = recorded.getOrDefault(name, List.of());
        if (!looks.isEmpty()) {
            trial.result("%s as its viewer records it, beeps behind flashes in ms: %s", name, looks);
        }
        trial.result(
                "%s of %s watched by another for %.0f s: %d pictures, %.0f ms late, %d beeps; beeps %+.0f ms behind"
                        + " their flashes at the end (%s ms before), %+.0f ms by the browser's own estimate",
                codec,
                name,
                seconds,
                end.pictures(),
                end.delayMillis(),
                end.pairs(),
                end.apartMillis(),
                range(name),
                end.estimatedMillis());
    }

    /// In a short run clocks have not settled.
    private static void judge(Trial trial, String what, double apartMillis) {
        assertTrue(
                !trial.thorough() || Math.abs(apartMillis) <= MOST_APART_MILLIS,
                "%s: %.0f ms apart".formatted(what, apartMillis));
    }

    private static double recorded(Path file) {
        FlashAndBeep all = FlashAndBeep.measure(file);
        double end = all.flashSeconds().getLast();
        return 1_000 * all.from(end - 15).medianDelay();
    }

    /// A browser that publishes and one that watches.
    private record Shown(List<AutoCloseable> browsers) implements AutoCloseable {
        Shown(Calls calls, NetworkScene scene, String name, Browser from, Browser to, String codec) throws Exception {
            this(new ArrayList<>());
            String server = "http://127.0.0.1:" + scene.server.port("HTTP");
            browsers.add(from.show(calls.page("send", "send-" + name, name, codec, server)));
            browsers.add(to.show(calls.page("watch", name, name, codec, server)));
        }

        static Shown nothing() {
            return new Shown(List.of());
        }

        @Override
        public void close() throws Exception {
            for (AutoCloseable browser : browsers) {
                browser.close();
            }
        }
    }
}
