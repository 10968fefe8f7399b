package tapedeck.peers.matrix;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import tapedeck.peers.Browser;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.HlsJs;
import tapedeck.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// A browser with a page that plays streams one beside the other, and gives back the bytes that it appended.
final class PlayPage implements AutoCloseable {
    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final Path PAGE = Path.of("src/test/resources/tapedeck/peers/plays.html");
    /// Longer than all rows before one that waits.
    private static final long NEXT_SECONDS = 20;
    /// Of sound alone that was played, and of sound by WebRTC.
    private static final double MIN_SOUND_SECONDS = 2;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final BlockingQueue<String> jobs = new LinkedBlockingQueue<>();
    private final Map<String, Playing> playing = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();
    private final HttpServer pages;
    private final AutoCloseable browser;

    PlayPage(Browser browser) throws IOException {
        pages = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        pages.setExecutor(threads);
        pages.createContext("/page", exchange -> answer(exchange, "text/html", Files.readAllBytes(PAGE)));
        pages.createContext("/hls.js", exchange -> answer(exchange, "text/javascript", HlsJs.script()));
        pages.createContext("/next", this::next);
        pages.createContext("/began", exchange -> told(exchange, (one, _) -> one.begin()));
        pages.createContext("/sees", exchange -> told(exchange, (one, _) -> one.sees()));
        pages.createContext("/kept", exchange -> told(exchange, Playing::kept));
        pages.createContext("/over", exchange -> told(exchange, Playing::over));
        pages.start();
        this.browser = browser.show(
                "http://localhost:%d/page".formatted(pages.getAddress().getPort()));
    }

    /// @param way `socket`, `http`, `hls` or `whep`
    /// @param options of hls.js
    Player play(Stream stream, Path file, String way, String url, Map<String, ?> options) {
        String id = Integer.toString(numbers.incrementAndGet());
        Playing one = new Playing(stream, file, way.equals("whep"));
        playing.put(id, one);
        jobs.add(JSON.writeValueAsString(Map.of("id", id, "way", way, "url", url, "options", options)));
        return one;
    }

    private void next(HttpExchange exchange) throws IOException {
        try {
            String job = null;
            while (job == null) {
                job = jobs.poll(NEXT_SECONDS, TimeUnit.SECONDS);
            }
            answer(exchange, "application/json", job.getBytes(StandardCharsets.UTF_8));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            exchange.close();
        }
    }

    private interface Heard {
        void by(Playing one, Request request) throws IOException;
    }

    private record Request(Map<String, String> query, byte[] body) {}

    private void told(HttpExchange exchange, Heard heard) throws IOException {
        Map<String, String> query = new HashMap<>();
        for (String pair : exchange.getRequestURI().getQuery().split("&")) {
            String[] parts = pair.split("=", 2);
            query.put(parts[0], parts[1]);
        }
        Request request = new Request(query, exchange.getRequestBody().readAllBytes());
        heard.by(playing.get(query.get("id")), request);
        answer(exchange, "text/plain", new byte[0]);
    }

    private static void answer(HttpExchange exchange, String type, byte[] body) throws IOException {
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                exchange.getResponseBody().write(body);
            }
        }
    }

    @Override
    public void close() throws Exception {
        browser.close();
        pages.stop(0);
        threads.shutdownNow();
    }

    /// One video of the page.
    private static final class Playing implements Player {
        private final Stream stream;
        private final Path file;
        private final boolean byWebRtc;
        private final CompletableFuture<JsonNode> over = new CompletableFuture<>();
        private final Map<String, Path> kept = new ConcurrentHashMap<>();
        private volatile Optional<Moment> asked = Optional.empty();
        private volatile Optional<Moment> came = Optional.empty();

        /// @param byWebRtc frames are kept, and not what is appended
        Playing(Stream stream, Path file, boolean byWebRtc) {
            this.byWebRtc = byWebRtc;
            this.stream = stream;
            this.file = file;
        }

        void begin() {
            asked = Optional.of(Moment.of(stream));
        }

        /// There is a picture to be shown.
        void sees() {
            came = Optional.of(Moment.of(stream));
        }

        void kept(Request request) throws IOException {
            String kind = request.query().get("kind");
            kept.put(kind, Files.write(file.resolveSibling(file.getFileName() + "." + kind), request.body()));
        }

        void over(Request request) {
            over.complete(JSON.readTree(request.body()));
        }

        @Override
        public OptionalDouble secondsToFirst() {
            return Player.seconds(asked, came);
        }

        @Override
        public Taken taken(Clip clip) throws Exception {
            JsonNode saw;
            try {
                saw = over.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException _) {
                return Taken.failed("the page does not end with the publisher");
            }
            if (saw.has("failed")) {
                String why = saw.get("failed").asString();
                return why.contains("refused")
                        ? Taken.REFUSED
                        : why.contains("not supported") ? Taken.UNREADABLE : Taken.failed(saw.toString());
            }
            Taken taken = byWebRtc
                    // The times of the tracks are not the page's to compare.
                    ? Taken.judgeViewer(clip, frames(clip.codecs())).withoutTimes()
                    : Taken.judge(clip, whole(), 0);
            if (!played(saw, taken.fits(), clip.codecs())) {
                taken.faults().add("the page says " + saw);
            }
            return taken;
        }

        /// Whether the browser decoded what it got, and what is missing was named.
        private boolean played(JsonNode saw, String fits, Clip.Codecs codecs) {
            boolean pictures = codecs.video.isEmpty()
                    ? saw.path("played").asDouble() > MIN_SOUND_SECONDS
                    : saw.get("decoded").asInt() >= Clip.FRAMES_PER_SECOND;
            boolean sounds =
                    !byWebRtc || !fits.equals("yes") || saw.path("heard").asDouble() > MIN_SOUND_SECONDS;
            boolean named = !byWebRtc
                    || fits.equals("yes") != saw.path("leftOut").asString("").length() > 0;
            return saw.path("corrupted").asInt() == 0 && pictures && sounds && named;
        }

        private Path frames(Clip.Codecs codecs) throws IOException {
            List<String> command = new ArrayList<>(List.of("-v", "error"));
            Path pictures = kept.get("video");
            Path sounds = kept.get("audio");
            if (pictures != null) {
                Path plain = file.resolveSibling(file.getFileName() + ".pictures");
                command.addAll(EncodedFrames.read(pictures).pictures(codecs.video, plain));
            }
            if (sounds != null) {
                Path plain = file.resolveSibling(file.getFileName() + ".sounds");
                command.addAll(EncodedFrames.read(sounds).sounds(codecs.audio, plain));
            }
            return together(command, kept.size());
        }

        /// Sound and picture may have been appended apart.
        private Path whole() {
            List<String> command = new ArrayList<>(List.of("-v", "error"));
            kept.values().forEach(part -> command.addAll(List.of("-i", part.toString())));
            return together(command, kept.size());
        }

        private Path together(List<String> command, int parts) {
            for (int part = 0; part < parts; part++) {
                command.addAll(List.of("-map", Integer.toString(part)));
            }
            command.addAll(List.of("-c", "copy", "-copyts", "-f", "matroska", file.toString()));
            Ffmpeg.ffmpeg(command.toArray(String[]::new));
            return file;
        }

        @Override
        public void stop() {}
    }
}
