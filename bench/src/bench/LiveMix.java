package bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;

/// `bench/livemix [STREAMS [SECONDS]]`: what a live mix of 360p into 720p costs, and whether its memory stays as it is.
final class LiveMix {
    private static final int WARM_UP_SECONDS = 20;
    private static final int PARTS = 4;
    /// Of the workers, from the first part to the last.
    private static final double MOST_GROWTH = 1.15;

    /// @param server alone
    private record Cost(ProcFs server, ProcFs workers) {
        static Cost of(long pid) throws IOException {
            ProcFs all = ProcFs.of(pid);
            ProcFs workers = new ProcFs(0, 0, 0, 0);
            for (ProcessHandle child : ProcessHandle.of(pid).orElseThrow().children().toList()) {
                workers = workers.plus(ProcFs.of(child.pid()));
            }
            return new Cost(
                    new ProcFs(
                            all.cpuSeconds() - workers.cpuSeconds(), all.residentKib() - workers.residentKib(), 0, 0),
                    workers);
        }
    }

    private LiveMix() {}

    public static void main(String[] arguments) throws Exception {
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 4;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 120;
        Files.createDirectories(Peer.WORK);
        Path folder = Peer.WORK.resolve("livemix");
        Peer.delete(folder);
        Files.createDirectories(folder);
        Path clip = Peer.makeClip("640x360", 600, 64);
        Peer.Ports ports = Peer.Ports.free();
        Process server = Peer.RTMP_UNRECORDED.start(ports, folder);
        List<Process> publishers = new ArrayList<>();
        boolean flat;
        try {
            Peer.awaitPort(ports.rtmp(), server);
            Peer.awaitPort(ports.http(), server);
            String mixer = "\"uri\": \"mixer://bench\"";
            call(ports, "startup", mixer);
            for (int i = 0; i < streams; i++) {
                publishers.add(publish(clip, "rtmp://127.0.0.1:%d/live/p%d".formatted(ports.rtmp(), i)));
                while (call(ports, "add", mixer + ", \"remoteStreamName\": \"p%d\"".formatted(i)) == 404) {
                    TimeUnit.MILLISECONDS.sleep(100);
                }
            }
            TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
            flat = measure(server.pid(), ports, streams, seconds);
        } finally {
            publishers.forEach(Process::destroy);
            Peer.stop(server);
        }
        System.exit(flat ? 0 : 1);
    }

    private static boolean measure(long pid, Peer.Ports ports, int streams, int seconds) throws Exception {
        System.out.printf("a live mix of %d × 640x360 into 1280x720 with 30 pictures a second, for %d s%n", streams, seconds);
        long made = number(ports, "pictures");
        long dropped = number(ports, "droppedPictures");
        long first = 0;
        long last = 0;
        Cost before = Cost.of(pid);
        for (int part = 0; part < PARTS; part++) {
            long began = System.nanoTime();
            TimeUnit.MILLISECONDS.sleep(1000L * seconds / PARTS);
            Cost now = Cost.of(pid);
            double minutes = (System.nanoTime() - began) / 60e9;
            last = now.workers().residentKib();
            first = part == 0 ? last : first;
            System.out.printf(
                    Locale.ROOT,
                    "CPU s a minute: workers %.1f, server %.1f; MiB: workers %d, server %d%n",
                    (now.workers().cpuSeconds() - before.workers().cpuSeconds()) / minutes,
                    (now.server().cpuSeconds() - before.server().cpuSeconds()) / minutes,
                    last / 1024,
                    now.server().residentKib() / 1024);
            before = now;
        }
        made = number(ports, "pictures") - made;
        dropped = number(ports, "droppedPictures") - dropped;
        System.out.printf("%d pictures, %d more were left out; workers that died: %d%n", made, dropped,
                number(ports, "restartedWorkers"));
        return last <= first * MOST_GROWTH && made > 0 && number(ports, "restartedWorkers") == 0;
    }

    private static Process publish(Path clip, String url) throws IOException {
        return new ProcessBuilder(
                        Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-re",
                        "-stream_loop", "-1", "-i", clip.toString(), "-c", "copy", "-f", "flv", url)
                .redirectErrorStream(true)
                // What it says when it is ended.
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static int call(Peer.Ports ports, String name, String members) throws Exception {
        return send(ports, name, "{" + members + "}").statusCode();
    }

    private static HttpResponse<String> send(Peer.Ports ports, String name, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:%d/rest-api/mixer/%s".formatted(ports.http(), name)))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    private static long number(Peer.Ports ports, String key) throws Exception {
        String all = send(ports, "find_all", "{}").body();
        Matcher matcher = Pattern.compile("\"" + key + "\":(\\d+)").matcher(all);
        if (!matcher.find()) {
            throw new IOException(all);
        }
        return Long.parseLong(matcher.group(1));
    }
}
