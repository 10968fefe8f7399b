package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.LiveSender;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.ServerProcess;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// A real server in its own process with publishers that send in real time, and what can be asked of it from outside.
final class Scene implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 120;
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    final ServerProcess server;
    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, Publisher> publishers = new LinkedHashMap<>();
    private final long startNanos = System.nanoTime();

    /// One publisher and the thread that sends for it.
    record Publisher(String name, RtmpClient client, LiveSender.OfRtmp sender, Thread thread, List<FlvFile.Tag> tags) {
        int sentMillis() {
            return (int) (sender.sentNanos() / 1_000_000);
        }

        /// Ends the stream as an encoder does, once; whatever was sent is received.
        void end() throws IOException, InterruptedException {
            if (client.socket().isClosed()) {
                return;
            }
            sender.stop();
            thread.join();
            client.unpublish();
            client.close();
        }

        /// Gone without a word.
        void vanish() throws IOException, InterruptedException {
            sender.stop();
            client.vanish();
            thread.join();
        }
    }

    Scene(ServerProcess server) {
        this.server = server;
    }

    /// Settings under which every RTMP stream is recorded under its name.
    static String[] recording(String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "record_flash_published_streams=true",
                "record_whip_streams=true",
                "stream_record_policy_template={streamName}",
                "file_recorder_min_space=1m",
                "webrtc_pre_init=false"));
        settings.addAll(List.of(more));
        return settings.toArray(String[]::new);
    }

    Publisher publish(String name, List<FlvFile.Tag> tags) throws IOException {
        RtmpClient client = RtmpClient.connected(server.port("RTMP")).publish(name);
        LiveSender.OfRtmp sender = new LiveSender.OfRtmp(client, tags, System.nanoTime());
        Publisher publisher = new Publisher(
                name, client, sender, Thread.ofPlatform().daemon().name(name).start(sender), tags);
        publishers.put(name, publisher);
        return publisher;
    }

    List<Publisher> publishers() {
        return List.copyOf(publishers.values());
    }

    /// Ends all publishers and waits until the server has no recording open.
    void endAll() throws Exception {
        for (Publisher publisher : publishers.values()) {
            publisher.end();
        }
        await(
                "all recordings to be finished",
                () -> rest("recorder/find_all", "").isEmpty());
    }

    double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    static void await(String what, Callable<Boolean> reached) throws Exception {
        await(what, DEADLINE_SECONDS, reached);
    }

    /// Seconds until it was reached.
    static double await(String what, long deadlineSeconds, Callable<Boolean> reached) throws Exception {
        long start = System.nanoTime();
        while (!reached.call()) {
            if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(deadlineSeconds)) {
                throw new AssertionError("waited %d s for %s".formatted(deadlineSeconds, what));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    /// Lets the streams run on: time is what these trials are about.
    static void run(long millis) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(millis);
    }

    HttpResponse<String> post(String path, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(uri("/rest-api/" + path))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<byte[]> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).GET();
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:%d%s".formatted(server.port("HTTP"), path));
    }

    HttpClient http() {
        return http;
    }

    JsonNode rest(String path, String body) throws Exception {
        HttpResponse<String> response = post(path, body);
        assertEquals(200, response.statusCode(), path + ": " + response.body());
        return JSON.readTree(response.body());
    }

    String mediaSession(String name) throws Exception {
        for (JsonNode stream : rest("stream/find_all", "")) {
            if (stream.path("name").stringValue().equals(name)) {
                return stream.path("mediaSessionId").stringValue();
            }
        }
        throw new AssertionError("no live stream " + name);
    }

    int start(String name) throws Exception {
        return post("recorder/startup", "{\"mediaSessionId\": \"%s\"}".formatted(mediaSession(name)))
                .statusCode();
    }

    /// How many recordings grow.
    int growing() throws Exception {
        int growing = 0;
        for (JsonNode active : rest("recorder/find_all", "")) {
            growing += active.path("state").stringValue().equals("FINISHING") ? 0 : 1;
        }
        return growing;
    }

    void signal(String signal) {
        Disk.run(List.of("kill", "-" + signal, Long.toString(server.pid())));
    }

    /// The finished files, by name.
    static List<Path> files(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> {
                        String name = file.getFileName().toString();
                        return !name.startsWith(".") && name.matches(".*\\.(mp4|webm|mkv|ts)");
                    })
                    .sorted()
                    .toList();
        }
    }

    /// A script that notes `STREAM FILE REASON`.
    static Path hook(Path folder, Path notes) throws IOException {
        Path hook = folder.resolve("hook.sh");
        Files.writeString(hook, "#!/bin/sh\necho \"$1 $2 $REASON\" >> " + notes + "\n");
        Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
        return hook;
    }

    /// Two readers that are not ours find nothing wrong.
    static void foreignReadersAgree(Path file) {
        assertEquals("", Ffmpeg.decodeErrors(file), file.toString());
        Ffmpeg.Result other = Ffmpeg.run(List.of("mkvmerge", "-J", file.toString()));
        assertEquals(0, other.exitCode(), other.text());
        assertTrue(!other.text().contains("\"supported\": false"), other.text());
    }

    /// The pictures that were sent with a timestamp before this one.
    static List<FlvFile.Tag> pictures(List<FlvFile.Tag> tags, int untilMillis) {
        return tags.stream()
                .filter(tag -> tag.video() && tag.media() && tag.timestampMillis() < untilMillis)
                .toList();
    }

    /// How many pictures were sent before the first one of the file.
    static int before(RecordedFile file, List<FlvFile.Tag> sent) {
        int first = file.video().getFirst().crc();
        List<FlvFile.Tag> pictures = pictures(sent, Integer.MAX_VALUE);
        for (int i = 0; i < pictures.size(); i++) {
            if (Clip.slices(pictures.get(i).data()) == first) {
                return i;
            }
        }
        throw new AssertionError(file.file() + " begins with a picture that nobody sent");
    }

    /// That each picture of the file is the one that was sent at its time, counted from the file's first.
    ///
    /// @return how many are missing between the first and the last
    static int missing(RecordedFile file, List<FlvFile.Tag> sent, int firstMillis) {
        List<FlvFile.Tag> pictures = pictures(sent, Integer.MAX_VALUE);
        double zero = file.video().getFirst().ptsMillis();
        int last = -1;
        int missing = 0;
        for (RecordedFile.Sample sample : file.video()) {
            int index = (int) Math.round((sample.ptsMillis() - zero + firstMillis) / Clip.FRAME_MILLIS);
            assertTrue(index > last && index < pictures.size(), file.file() + ": picture " + index);
            assertEquals(
                    Clip.slices(pictures.get(index).data()),
                    sample.crc(),
                    "%s: the picture of %d ms is another one".formatted(file.file(), index * Clip.FRAME_MILLIS));
            missing += last < 0 ? 0 : index - last - 1;
            last = index;
        }
        return missing;
    }

    /// That the pictures of the file are the first of those that were sent, without a hole, and each is in its place.
    ///
    /// @return how far the worst is from it
    static double inPlace(RecordedFile file, List<FlvFile.Tag> pictures, double mostMillis) {
        assertTrue(file.video().size() <= pictures.size(), file.file() + ": more pictures than were sent");
        double zero = file.video().getFirst().ptsMillis() - pictures.getFirst().timestampMillis();
        double worst = 0;
        for (int i = 0; i < file.video().size(); i++) {
            RecordedFile.Sample sample = file.video().get(i);
            FlvFile.Tag sent = pictures.get(i);
            assertEquals(Clip.slices(sent.data()), sample.crc(), file.file() + ": picture " + i);
            double off = Math.abs(sample.ptsMillis() - zero - sent.timestampMillis());
            assertTrue(off <= mostMillis, "%s: picture %d is off by %.1f ms".formatted(file.file(), i, off));
            worst = Math.max(worst, off);
        }
        return worst;
    }

    @Override
    public void close() throws Exception {
        server.close();
        for (Publisher publisher : publishers.values()) {
            publisher.sender().stop();
            publisher.client().close();
        }
    }
}
