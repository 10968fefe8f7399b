package tapedeck.peers.webrtc;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.media.Codec;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// `bench/webrtc N [SECONDS]`: N real-time WHIP publishers of 2 Mbit/s that are recorded, and what they cost a server
/// process of its own, started by `./run` as users do; then one publisher and N viewers; then the cost of session
/// set-ups.
final class WebRtcBench {
    private static final int DEFAULT_SECONDS = 40;
    private static final int FEED_SECONDS = 8;
    private static final int KBIT_PER_SECOND = 2_000;
    private static final int WARM_UP_SECONDS = 12;
    private static final int CONNECTING = 8;
    private static final int SET_UPS = 100;
    /// Set-ups are counted once, in the runs with few publishers.
    private static final int FEWEST_WITHOUT_SET_UPS = 200;
    private static final int JOINS = 100;
    private static final int SET_UP_BLOCKS = 10;
    private static final int SET_UPS_NOT_COUNTED = 10;
    private static final Path WORK = Path.of("target", "bench-webrtc").toAbsolutePath();
    private static final Pattern BOUND = Pattern.compile("(\\S+)\\s+(\\d+)/(tcp|udp)");

    /// The server that is measured.
    private static final class Server implements AutoCloseable {
        private final Process process;
        private final Map<String, Integer> ports = new HashMap<>();
        private final Path profile = WORK.resolve("profile.jfr");
        private final boolean profiled = System.getenv("BENCH_PROFILE") != null;

        Server(Path data) throws IOException {
            List<String> command = new ArrayList<>(List.of("./run"));
            for (String setting : List.of(
                    "http_port=0",
                    "https_port=",
                    "ws_port=",
                    "rtmp_port=",
                    "rtsp_port=",
                    "cli_port=",
                    "rtmps_port=",
                    "mpegts_port=",
                    "liveflv_port=",
                    "webrtc_port=0",
                    "data_dir=" + data,
                    "record_whip_streams=true",
                    "record_mp4_audio=copy",
                    "stream_record_policy_template={streamName}",
                    "on_record_hook_script=")) {
                command.addAll(List.of("--set", setting));
            }
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            // All of the heap is resident from the start: what is added later are the sessions.
            String options = "-XX:+AlwaysPreTouch " + System.getenv().getOrDefault("TAPEDECK_JAVA_OPTIONS", "");
            if (profiled) {
                options += " -XX:StartFlightRecording=settings=profile,filename=" + profile;
            }
            builder.environment().put("TAPEDECK_JAVA_OPTIONS", options);
            process = builder.start();
            BufferedReader out = process.inputReader();
            List<String> said = new ArrayList<>();
            for (String line = out.readLine(); ; line = out.readLine()) {
                if (line == null) {
                    throw new IOException("the server ended: " + String.join("\n", said));
                }
                said.add(line);
                Matcher bound = BOUND.matcher(line);
                if (bound.matches()) {
                    ports.put(bound.group(1), Integer.parseInt(bound.group(2)));
                }
                if (line.endsWith("is ready")) {
                    break;
                }
            }
            Path log = WORK.resolve("server.log");
            Thread.ofVirtual().start(() -> {
                try (var to = Files.newBufferedWriter(log)) {
                    out.transferTo(to);
                } catch (IOException e) {
                    // Ended.
                }
            });
        }

        URI uri(String path) {
            return URI.create("http://127.0.0.1:" + ports.get("HTTP") + path);
        }

        ServerCost cost() throws IOException {
            return ServerCost.of(process.pid(), ports.get("WebRTC"));
        }

        double liveHeapMib() {
            return ServerCost.liveHeapMib(process.pid());
        }

        @Override
        public void close() throws Exception {
            process.destroy();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("the server did not stop");
            }
            if (profiled) {
                Profile.print(profile);
            }
        }
    }

    private WebRtcBench() {}

    public static void main(String[] arguments) throws Exception {
        int publishers = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : DEFAULT_SECONDS;
        delete(WORK);
        Files.createDirectories(WORK);
        List<Feed> feeds = List.of(
                Feed.of(
                        TestMedia.noise("libx264", FEED_SECONDS, KBIT_PER_SECOND, 2),
                        TimeUnit.SECONDS.toNanos(FEED_SECONDS)),
                Feed.of(opus(), TimeUnit.SECONDS.toNanos(FEED_SECONDS)));
        System.out.printf(
                Locale.ROOT,
                "feed: H.264 of %.2f Mbit/s, %.0f packets a second, and Opus of %.0f kbit/s; recorded to MP4, sound as it is%n",
                feeds.getFirst().bitsPerSecond() / 1e6,
                packets(feeds.getFirst()) / (double) FEED_SECONDS,
                feeds.getLast().bitsPerSecond() / 1e3);
        boolean whole = publishers == 0 || published(publishers, seconds, feeds);
        if (publishers > 0) {
            whole &= viewed(publishers, seconds, feeds);
        }
        if (publishers < FEWEST_WITHOUT_SET_UPS) {
            setUps(feeds);
        }
        delete(WORK.resolve("data"));
        System.exit(whole ? 0 : 1);
    }

    /// Opus in 20 ms frames that fill the round exactly.
    private static List<tapedeck.media.Frame> opus() {
        return TestMedia.opus(FEED_SECONDS).stream()
                .filter(frame -> frame.ptsNanos() < TimeUnit.SECONDS.toNanos(FEED_SECONDS))
                .toList();
    }

    private static long packets(Feed feed) {
        return feed.frames().stream()
                .mapToLong(frame -> frame.payloads().size())
                .sum();
    }

    private static boolean published(int count, int seconds, List<Feed> feeds) throws Exception {
        Path data = WORK.resolve("data");
        try (Fleet fleet = new Fleet()) {
            List<Publisher> publishers = new ArrayList<>();
            long[] received = new long[1];
            try (Server server = new Server(data)) {
                for (Publisher warm : connect(fleet, server, "warm", 10, feeds)) {
                    warm.start();
                    TimeUnit.MILLISECONDS.sleep(500);
                    warm.delete();
                }
                double idleHeap = server.liveHeapMib();
                ServerCost idle = server.cost();
                publishers.addAll(connect(fleet, server, "p", count, feeds));
                stagger(publishers, feeds.getFirst());
                TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
                fleet.away();
                ServerCost before = server.cost();
                long sentBefore = sent(publishers);
                long startNanos = System.nanoTime();
                TimeUnit.SECONDS.sleep(seconds);
                ServerCost after = server.cost();
                long sent = sent(publishers) - sentBefore;
                double window = (System.nanoTime() - startNanos) / 1e9;
                Fleet.Away away = fleet.away();
                double cpu = after.cpuSeconds() - before.cpuSeconds();
                System.out.printf(
                        Locale.ROOT,
                        "%d publishers, %.0f s: %.0f packets/s, server CPU %.3f cores, %.2f µs a packet, %d lost in its socket; the client was away for %.0f ms at most and stood still for %.0f ms%n",
                        count,
                        window,
                        sent / window,
                        cpu / window,
                        cpu * 1e6 / sent,
                        after.socketDrops() - before.socketDrops(),
                        away.longestMillis(),
                        away.stoodStillMillis());
                System.out.println("  by thread: " + after.threadsSince(before));
                System.out.printf(
                        Locale.ROOT,
                        "memory a session: %.2f MB resident (%.0f MB before, %.0f MB with all), of which %.2f MB live heap%n",
                        (after.residentMib() - idle.residentMib()) / count,
                        idle.residentMib(),
                        after.residentMib(),
                        (server.liveHeapMib() - idleHeap) / count);
                publishers.forEach(Publisher::end);
                for (Publisher publisher : publishers) {
                    publisher.awaitEnd();
                }
                TimeUnit.SECONDS.sleep(2);
                received[0] = Received.total(fleet, server.uri("/sessions"));
                long kernel = server.cost().socketDrops() - idle.socketDrops();
                report(publishers, received[0], kernel);
                deleteAll(publishers);
                awaitFinished(fleet, server.uri("/rest-api/recorder/find_all"));
            }
            return wholeFiles(data.resolve("records"), publishers);
        }
    }

    /// One publisher, recorded, and `count` viewers; whether they got everything.
    private static boolean viewed(int count, int seconds, List<Feed> feeds) throws Exception {
        List<Codec> codecs = feeds.stream().map(Feed::codec).toList();
        try (Fleet fleet = new Fleet();
                Server server = new Server(WORK.resolve("data"))) {
            Publisher publisher = fleet.publish(server.uri("/whip/live"), feeds, Fleet.Options.PLAIN);
            publisher.start();
            for (Viewer warm : connect(10, _ -> fleet.view(server.uri("/whep/live"), codecs, Fleet.Options.PLAIN))) {
                TimeUnit.MILLISECONDS.sleep(500);
                warm.delete();
            }
            joined(fleet, server.uri("/whep/live"), codecs);
            double idleHeap = server.liveHeapMib();
            ServerCost idle = server.cost();
            List<Viewer> viewers =
                    connect(count, _ -> fleet.view(server.uri("/whep/live"), codecs, Fleet.Options.PLAIN));
            TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
            fleet.away();
            ServerCost before = server.cost();
            long receivedBefore = total(viewers, Viewer::packets);
            long picturesBefore = total(viewers, Viewer::pictures);
            long gapsBefore = total(viewers, Viewer::gaps);
            int shownBefore = publisher.sentFrames(0).length;
            long startNanos = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds);
            ServerCost after = server.cost();
            long received = total(viewers, Viewer::packets) - receivedBefore;
            long gaps = total(viewers, Viewer::gaps) - gapsBefore;
            double pictures = (total(viewers, Viewer::pictures) - picturesBefore) / (double) count;
            int sent = publisher.sentFrames(0).length - shownBefore;
            long refused = total(viewers, Viewer::refused);
            double window = (System.nanoTime() - startNanos) / 1e9;
            double cpu = after.cpuSeconds() - before.cpuSeconds();
            Fleet.Away away = fleet.away();
            System.out.printf(
                    Locale.ROOT,
                    "1 publisher, %d viewers, %.0f s: %.0f packets/s arrived, server CPU %.3f cores, %.2f µs a packet;"
                            + " %d numbers left out, %d not authentic; %.1f pictures a viewer of %d sent;"
                            + " the client was away for %.0f ms at most%n",
                    count,
                    window,
                    received / window,
                    cpu / window,
                    cpu * 1e6 / received,
                    gaps,
                    refused,
                    pictures,
                    sent,
                    away.longestMillis());
            System.out.println("  by thread: " + after.threadsSince(before));
            System.out.printf(
                    Locale.ROOT,
                    "memory a viewer: %.2f MB resident, of which %.2f MB live heap%n",
                    (after.residentMib() - idle.residentMib()) / count,
                    (server.liveHeapMib() - idleHeap) / count);
            return gaps == 0 && refused == 0;
        }
    }

    private static long total(List<Viewer> viewers, ToLongFunction<Viewer> of) {
        return viewers.stream().mapToLong(of).sum();
    }

    private static void report(List<Publisher> publishers, long received, long kernelDrops) {
        long sent = sent(publishers);
        long unsent = publishers.stream().mapToLong(Publisher::unsent).sum();
        long repeats = publishers.stream().mapToLong(Publisher::repeats).sum();
        System.out.printf(
                "packets: %d sent (%d not taken by this machine), %d lost in the server's socket, %d received by sessions,"
                        + " %d asked for again, %d repeated, %d keyframes asked for%n",
                sent,
                unsent,
                kernelDrops,
                received,
                publishers.stream().mapToLong(Publisher::nacked).sum(),
                repeats,
                publishers.stream().mapToLong(Publisher::keyframeRequests).sum());
        System.out.printf("lost inside the server: %d%n", Math.max(0, sent - unsent - kernelDrops - received));
    }

    private static long sent(List<Publisher> publishers) {
        return publishers.stream().mapToLong(Publisher::packets).sum();
    }

    /// Spread over the time of one group of pictures, so that keyframes do not all come at once.
    private static void stagger(List<Publisher> publishers, Feed video) throws InterruptedException {
        long spreadMillis = TimeUnit.NANOSECONDS.toMillis(video.spanNanos()) / 2;
        for (Publisher publisher : publishers) {
            publisher.start();
            TimeUnit.MILLISECONDS.sleep(spreadMillis / publishers.size());
        }
    }

    private static List<Publisher> connect(Fleet fleet, Server server, String prefix, int count, List<Feed> feeds)
            throws Exception {
        return connect(count, i -> fleet.publish(server.uri("/whip/" + prefix + i), feeds, Fleet.Options.PLAIN));
    }

    @FunctionalInterface
    private interface Connect<T> {
        T number(int number) throws Exception;
    }

    /// A few at a time.
    private static <T> List<T> connect(int count, Connect<T> connect) throws Exception {
        Semaphore at = new Semaphore(CONNECTING);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> connecting = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                Callable<T> one = () -> {
                    at.acquire();
                    try {
                        return connect.number(number);
                    } finally {
                        at.release();
                    }
                };
                connecting.add(pool.submit(one));
            }
            List<T> connected = new ArrayList<>();
            for (Future<T> one : connecting) {
                connected.add(one.get());
            }
            return connected;
        }
    }

    private static void deleteAll(List<Publisher> publishers) throws Exception {
        Semaphore at = new Semaphore(CONNECTING);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Publisher publisher : publishers) {
                pool.submit(() -> {
                    at.acquire();
                    try {
                        return publisher.delete();
                    } finally {
                        at.release();
                    }
                });
            }
        }
    }

    private static void awaitFinished(Fleet fleet, URI recorders) throws Exception {
        for (int i = 0; i < 600; i++) {
            if (Received.post(fleet, recorders).strip().equals("[]")) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
        throw new IOException("recordings are not finished");
    }

    /// Whether each file holds all pictures that were sent.
    private static boolean wholeFiles(Path records, List<Publisher> publishers) throws IOException {
        int whole = 0;
        long missing = 0;
        for (int i = 0; i < publishers.size(); i++) {
            Path file = records.resolve("p" + i + ".mp4");
            long sent = publishers.get(i).sentFrames(0).length;
            long stored = Files.exists(file) ? pictures(file) : 0;
            whole += stored == sent ? 1 : 0;
            missing += sent - stored;
        }
        System.out.printf(
                "files: %d of %d hold every picture that was sent; %d pictures missing in the others%n",
                whole, publishers.size(), missing);
        return whole == publishers.size();
    }

    private static long pictures(Path file) {
        String text = Ffmpeg.ffprobe(
                        "-v",
                        "error",
                        "-select_streams",
                        "v",
                        "-show_entries",
                        "stream=nb_frames",
                        "-of",
                        "csv=p=0",
                        file.toString())
                .text()
                .strip();
        return text.matches("\\d+") ? Long.parseLong(text) : 0;
    }

    /// Many viewers within one second, and how long each waits for its first whole picture.
    private static void joined(Fleet fleet, URI whep, List<Codec> codecs) throws Exception {
        List<Viewer> viewers = new ArrayList<>();
        List<Long> waited = new ArrayList<>();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Long>> joining = new ArrayList<>();
            for (int i = 0; i < JOINS; i++) {
                joining.add(pool.submit(() -> {
                    long startNanos = System.nanoTime();
                    Viewer viewer = fleet.view(whep, codecs, Fleet.Options.PLAIN);
                    synchronized (viewers) {
                        viewers.add(viewer);
                    }
                    while (viewer.pictures() == 0) {
                        TimeUnit.MILLISECONDS.sleep(2);
                    }
                    return System.nanoTime() - startNanos;
                }));
                TimeUnit.NANOSECONDS.sleep(TimeUnit.SECONDS.toNanos(1) / JOINS);
            }
            for (Future<Long> one : joining) {
                waited.add(one.get());
            }
        }
        waited.sort(null);
        System.out.printf(
                Locale.ROOT,
                "%d viewers join within a second: the first whole picture after %.0f ms (median), %.0f ms at most%n",
                JOINS,
                waited.get(JOINS / 2) / 1e6,
                waited.getLast() / 1e6);
        for (Viewer viewer : viewers) {
            viewer.delete();
        }
    }

    /// Signalling, connectivity check and handshake of one session after the other, media none.
    private static void setUps(List<Feed> feeds) throws Exception {
        try (Fleet fleet = new Fleet();
                Server server = new Server(WORK.resolve("data"))) {
            List<Publisher> connected = new ArrayList<>();
            for (int i = 0; i < SET_UPS_NOT_COUNTED; i++) {
                connected.add(fleet.publish(server.uri("/whip/first" + i), feeds, Fleet.Options.PLAIN));
            }
            for (int block = 0; block < SET_UP_BLOCKS; block++) {
                ServerCost before = server.cost();
                long startNanos = System.nanoTime();
                for (int i = 0; i < SET_UPS; i++) {
                    connected.add(fleet.publish(server.uri("/whip/s" + block + "-" + i), feeds, Fleet.Options.PLAIN));
                }
                double millis = (System.nanoTime() - startNanos) / 1e6 / SET_UPS;
                ServerCost after = server.cost();
                System.out.printf(
                        Locale.ROOT,
                        "set-up of a session (WHIP, check, DTLS), number %d to %d: %.2f ms of server CPU, %.1f ms till done%n",
                        SET_UPS_NOT_COUNTED + block * SET_UPS + 1,
                        SET_UPS_NOT_COUNTED + (block + 1) * SET_UPS,
                        (after.cpuSeconds() - before.cpuSeconds()) * 1e3 / SET_UPS,
                        millis);
                System.out.println("  by thread: " + after.threadsSince(before));
                // Sessions that wait cost something, too, which is not their set-up.
                deleteAll(connected);
                connected.clear();
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
