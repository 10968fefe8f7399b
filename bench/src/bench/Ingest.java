package bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;

/// `bench/ingest N [SECONDS]`: N real-time RTMP streams, recorded by nginx-rtmp and then by Tapedeck, in one run.
final class Ingest {
    /// Both servers get so long to warm up before the window in which they are measured.
    private static final int WARM_UP_SECONDS = 15;
    private static final int DEFAULT_SECONDS = 45;
    private static final long STOP_SECONDS = 60;
    private static final Path WORK = Path.of("target", "bench").toAbsolutePath();

    private record Result(
            double cpuPerStreamMinute,
            double residentMib,
            double writesPerStreamSecond,
            double writtenPerReceived,
            int files,
            int wholeFiles,
            String load) {}

    private interface Peer {
        String name();

        Process start(int port, Path folder) throws Exception;

        String extension();
    }

    public static void main(String[] arguments) throws Exception {
        int streams = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 200;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : DEFAULT_SECONDS;
        delete(WORK);
        Files.createDirectories(WORK);
        Path clip = makeClip();
        System.out.printf(
                "%d streams of 720p, %.0f kB/s each, 2 s GOP, AAC; %d s, measured after %d s%n",
                streams, Files.size(clip) / 20_000.0, seconds, WARM_UP_SECONDS);
        Result nginx = measure(new NginxRtmp(), streams, seconds, clip);
        print("nginx-rtmp", nginx);
        Result tapedeck = measure(new Tapedeck(), streams, seconds, clip);
        print("tapedeck", tapedeck);
        System.out.printf(
                Locale.ROOT,
                "CPU: tapedeck / nginx-rtmp = %.2f%n",
                tapedeck.cpuPerStreamMinute() / nginx.cpuPerStreamMinute());
        System.exit(tapedeck.wholeFiles() == streams && nginx.wholeFiles() == streams ? 0 : 1);
    }

    private static Result measure(Peer peer, int streams, int seconds, Path clip) throws Exception {
        Path folder = WORK.resolve(peer.name());
        Files.createDirectories(folder);
        int port = freePort();
        Process server = peer.start(port, folder);
        try {
            awaitPort(port, server);
            Process load = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-XX:+UseSerialGC",
                            "-Xmx256m",
                            "-cp",
                            System.getProperty("bench.classes"),
                            "bench.RtmpLoad",
                            Integer.toString(port),
                            Integer.toString(streams),
                            Integer.toString(seconds),
                            clip.toString())
                    .redirectErrorStream(true)
                    .start();
            var lines = load.inputReader();
            String line = lines.readLine();
            if (line == null || !line.equals("all publishing")) {
                throw new IOException("load generator: " + line);
            }
            TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
            ProcFs before = ProcFs.of(server.pid());
            long from = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds - WARM_UP_SECONDS - streams / 200 - 3);
            ProcFs used = ProcFs.of(server.pid()).minus(before);
            double windowSeconds = (System.nanoTime() - from) / 1e9;
            StringBuilder report = new StringBuilder();
            for (line = lines.readLine(); line != null; line = lines.readLine()) {
                report.append(line).append(' ');
            }
            load.waitFor();
            stop(server);
            return judge(peer, folder, streams, windowSeconds, used, report.toString().trim());
        } finally {
            server.destroyForcibly();
            delete(folder);
        }
    }

    private static Result judge(
            Peer peer, Path folder, int streams, double windowSeconds, ProcFs used, String load) throws Exception {
        long sentBytes = number(load, "bytes");
        List<Path> files;
        try (var walk = Files.walk(folder)) {
            files = walk.filter(file -> file.toString().endsWith(peer.extension()))
                    .sorted()
                    .toList();
        }
        double perSecond = sentBytes / (double) number(load, "video") * 30;
        int whole = wholeFiles(files, number(load, "video"), number(load, "audio"));
        return new Result(
                used.cpuSeconds() / windowSeconds / streams * 60,
                used.residentKib() / 1024.0,
                used.writeCalls() / windowSeconds / streams,
                used.writtenBytes() / (windowSeconds * perSecond),
                files.size(),
                whole,
                load);
    }

    /// How many files hold as many video and audio packets as were sent, by ffprobe's count.
    private static int wholeFiles(List<Path> files, long video, long audio) throws Exception {
        String ffprobe = Loader.load(org.bytedeco.ffmpeg.ffprobe.class);
        try (var pool = Executors.newFixedThreadPool(2)) {
            List<Future<Boolean>> checks = new ArrayList<>();
            for (Path file : files) {
                checks.add(pool.submit(
                        () -> packets(ffprobe, file, "v") == video && packets(ffprobe, file, "a") == audio));
            }
            int whole = 0;
            for (Future<Boolean> check : checks) {
                whole += check.get() ? 1 : 0;
            }
            return whole;
        }
    }

    private static long packets(String ffprobe, Path file, String kind) throws Exception {
        Process process = new ProcessBuilder(
                        ffprobe, "-v", "error", "-count_packets", "-select_streams", kind, "-show_entries",
                        "stream=nb_read_packets", "-of", "csv=p=0", file.toString())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes()).trim();
        process.waitFor();
        return text.matches("\\d+") ? Long.parseLong(text) : -1;
    }

    private static void print(String name, Result result) {
        System.out.printf(
                Locale.ROOT,
                "%-10s  CPU s/stream-minute %.4f   resident %.0f MiB   writes/stream-second %.2f   "
                        + "written/received %.3f   whole files %d of %d   (%s)%n",
                name,
                result.cpuPerStreamMinute(),
                result.residentMib(),
                result.writesPerStreamSecond(),
                result.writtenPerReceived(),
                result.wholeFiles(),
                result.files(),
                result.load());
    }

    /// 20 s of a moving picture with noise, so that the encoder needs its bit rate.
    private static Path makeClip() throws Exception {
        Path clip = WORK.resolve("clip.flv");
        Process process = new ProcessBuilder(
                        Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-y",
                        "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30,noise=alls=18:allf=t",
                        "-f", "lavfi", "-i", "sine=f=440:r=44100:b=1",
                        "-t", "20", "-c:v", "libopenh264", "-b:v", "2500k", "-maxrate", "2600k", "-g", "60",
                        "-allow_skip_frames", "0", "-c:a", "aac", "-b:a", "96k", "-ac", "2", clip.toString())
                .inheritIO()
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("the bundled ffmpeg could not make the clip");
        }
        return clip;
    }

    private static final class NginxRtmp implements Peer {
        @Override
        public String name() {
            return "nginx-rtmp";
        }

        @Override
        public String extension() {
            return ".flv";
        }

        @Override
        public Process start(int port, Path folder) throws IOException {
            Path configuration = folder.resolve("nginx.conf");
            Files.writeString(
                    configuration,
                    """
                    load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
                    user root;
                    worker_processes 1;
                    daemon off;
                    pid %1$s/nginx.pid;
                    error_log %1$s/error.log warn;
                    events { worker_connections 4096; }
                    rtmp {
                        access_log off;
                        server {
                            listen 127.0.0.1:%2$d;
                            chunk_size 4096;
                            application live { live on; record all; record_path %1$s; record_unique off; }
                        }
                    }
                    """
                            .formatted(folder, port));
            return new ProcessBuilder("/usr/sbin/nginx", "-p", folder.toString(), "-c", configuration.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("out.log").toFile())
                    .start();
        }
    }

    private static final class Tapedeck implements Peer {
        @Override
        public String name() {
            return "tapedeck";
        }

        @Override
        public String extension() {
            return ".mp4";
        }

        @Override
        public Process start(int port, Path folder) throws IOException {
            List<String> command = new ArrayList<>(List.of("./run"));
            for (String setting : List.of(
                    "rtmp_port=" + port,
                    "http_port=0",
                    "webrtc_port=0",
                    "rtsp_port=0",
                    "mpegts_port=0",
                    "liveflv_port=0",
                    "data_dir=" + folder,
                    "record_flash_published_streams=true",
                    "stream_record_policy_template={streamName}",
                    "on_record_hook_script=")) {
                command.add("--set");
                command.add(setting);
            }
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(WORK.resolve("tapedeck.log").toFile())
                    .start();
        }
    }

    private static void stop(Process server) throws Exception {
        server.destroy();
        if (!server.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("the server did not stop within %d s".formatted(STOP_SECONDS));
        }
    }

    private static void awaitPort(int port, Process server) throws Exception {
        for (int i = 0; i < 1200 && server.isAlive(); i++) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
                return;
            } catch (IOException e) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
        throw new IOException("the server does not listen on port " + port);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static long number(String text, String key) throws IOException {
        Matcher matcher = Pattern.compile("\\b" + key + "=(\\d+)").matcher(text);
        if (!matcher.find()) {
            throw new IOException("load generator: " + text);
        }
        return Long.parseLong(matcher.group(1));
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
