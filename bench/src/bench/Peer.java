package bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;

/// A server that is measured, as a process of its own.
sealed interface Peer {
    Path WORK = Path.of("target", "bench").toAbsolutePath();
    long STOP_SECONDS = 60;

    String name();

    /// What its recordings are called.
    String extension();

    /// @param ports RTMP, HTTP
    Process start(Ports ports, Path folder) throws IOException;

    record Ports(int rtmp, int http) {
        static Ports free() throws IOException {
            try (ServerSocket one = new ServerSocket(0);
                    ServerSocket other = new ServerSocket(0)) {
                return new Ports(one.getLocalPort(), other.getLocalPort());
            }
        }
    }

    /// @param record whether every stream is recorded
    record NginxRtmp(boolean record) implements Peer {
        @Override
        public String name() {
            return "nginx-rtmp";
        }

        @Override
        public String extension() {
            return ".flv";
        }

        @Override
        public Process start(Ports ports, Path folder) throws IOException {
            Path configuration = folder.resolve("nginx.conf");
            Files.writeString(
                    configuration,
                    """
                    load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
                    user root;
                    worker_processes 1;
                    worker_rlimit_nofile 8192;
                    daemon off;
                    pid %1$s/nginx.pid;
                    error_log %1$s/error.log warn;
                    events { worker_connections 4096; }
                    rtmp {
                        access_log off;
                        server {
                            listen 127.0.0.1:%2$d;
                            chunk_size 4096;
                            application live { live on; %3$s }
                        }
                    }
                    """
                            .formatted(
                                    folder,
                                    ports.rtmp(),
                                    record ? "record all; record_path %s; record_unique off;".formatted(folder) : ""));
            return new ProcessBuilder("/usr/sbin/nginx", "-p", folder.toString(), "-c", configuration.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("out.log").toFile())
                    .start();
        }
    }

    Tapedeck RTMP = new Tapedeck("tapedeck", "rtmp_port", "record_flash_published_streams=true");
    Tapedeck RTMP_UNRECORDED = new Tapedeck("tapedeck", "rtmp_port", "record_flash_published_streams=false");
    Tapedeck TS = new Tapedeck("tapedeck-ts", "mpegts_port", "record_other_streams=mpegts");
    Tapedeck RTSP = new Tapedeck("tapedeck-rtsp", "rtsp_port", "record_rtsp_streams=true");

    /// @param portSetting of the protocol that is measured; it gets the port at which peers have RTMP
    /// @param recordSetting whether its streams are recorded
    record Tapedeck(String name, String portSetting, String recordSetting) implements Peer {
        private static final List<String> PORT_SETTINGS = List.of("rtmp_port", "mpegts_port", "rtsp_port");

        @Override
        public String extension() {
            return ".mp4";
        }

        @Override
        public Process start(Ports ports, Path folder) throws IOException {
            List<String> settings = new ArrayList<>();
            for (String setting : PORT_SETTINGS) {
                settings.add(setting + "=" + (setting.equals(portSetting) ? ports.rtmp() : 0));
            }
            settings.add("http_port=" + ports.http());
            settings.add("data_dir=" + folder);
            settings.add(recordSetting);
            return tapedeck(settings.toArray(String[]::new));
        }
    }

    /// Its own program, as people start it.
    private static Process tapedeck(String... settings) throws IOException {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(
                "webrtc_port=0",
                "cli_port=",
                "rtmps_port=",
                "rtsps_port=",
                "https_port=",
                "ws_port=",
                "liveflv_port=0",
                "stream_record_policy_template={streamName}",
                "on_record_hook_script="));
        List<String> command = new ArrayList<>(List.of("./run"));
        for (String setting : all) {
            command.add("--set");
            command.add(setting);
        }
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(WORK.resolve("tapedeck.log").toFile())
                .start();
    }

    static void awaitPort(int port, Process server) throws Exception {
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

    static void stop(Process server) throws Exception {
        server.destroy();
        if (!server.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("the server did not stop within %d s".formatted(STOP_SECONDS));
        }
    }

    /// One of the bench's own programs, in a process of its own so that its CPU time is not the server's. Up to its
    /// first line, which is `ready`.
    static Process load(String ready, Object... command) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-cp",
                System.getProperty("bench.classes")));
        for (Object word : command) {
            all.add(word.toString());
        }
        Process load = new ProcessBuilder(all).redirectErrorStream(true).start();
        String line = load.inputReader().readLine();
        if (!ready.equals(line)) {
            throw new IOException("load generator: " + line);
        }
        return load;
    }

    /// What a load generator says until it ends.
    static String report(Process load) throws Exception {
        StringBuilder report = new StringBuilder();
        var lines = load.inputReader();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            report.append(line).append(' ');
        }
        load.waitFor();
        return report.toString().trim();
    }

    static long number(String text, String key) throws IOException {
        Matcher matcher = Pattern.compile("\\b" + key + "=(\\d+)").matcher(text);
        if (!matcher.find()) {
            throw new IOException("load generator: " + text);
        }
        return Long.parseLong(matcher.group(1));
    }

    /// 20 s of a moving picture with noise, so that the encoder needs its bit rate.
    /// The sound ends before the picture: what repeats the clip goes on with the next picture in time.
    static Path makeClip(String size, int kbitPerSecond, int audioKbitPerSecond) throws Exception {
        Path clip = WORK.resolve("clip.flv");
        Process process = new ProcessBuilder(
                        Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-y",
                        "-f", "lavfi", "-i", "testsrc2=s=%s:r=30,noise=alls=18:allf=t".formatted(size),
                        "-f", "lavfi", "-i", "sine=f=440:r=44100:b=1:d=19.95",
                        "-t", "20", "-c:v", "libopenh264", "-b:v", kbitPerSecond + "k",
                        "-maxrate", kbitPerSecond * 104 / 100 + "k", "-g", "60", "-allow_skip_frames", "0",
                        "-c:a", "aac", "-b:a", audioKbitPerSecond + "k", "-ac", "2", clip.toString())
                .inheritIO()
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("the bundled ffmpeg could not make the clip");
        }
        return clip;
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
