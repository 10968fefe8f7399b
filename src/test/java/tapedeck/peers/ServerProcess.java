package tapedeck.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A real Tapedeck in a process of its own, on free ports, that a test can kill.
public final class ServerProcess implements AutoCloseable {
    private static final Pattern BOUND = Pattern.compile("(\\S+)\\s+(\\d+)/(tcp|udp)");
    private static final long STOP_SECONDS = 60;

    private final Process process;
    private final Map<String, Integer> ports = new HashMap<>();
    private final ConcurrentLinkedQueue<String> log = new ConcurrentLinkedQueue<>();

    /// What is unusual about the process.
    ///
    /// @param prefix a program and its arguments that become the server by `exec`
    /// @param jvmOptions after those that every server of the tests gets
    public record Launch(List<String> prefix, Map<String, String> environment, List<String> jvmOptions) {
        public static final Launch PLAIN = new Launch(List.of(), Map.of(), List.of());
    }

    /// Starts a server and waits until it is ready.
    ///
    /// @param settings `key=value`, on top of free ports and `dataDir`
    public ServerProcess(Path dataDir, String... settings) throws IOException {
        this(Launch.PLAIN, dataDir, settings);
    }

    public ServerProcess(Launch launch, Path dataDir, String... settings) throws IOException {
        List<String> command = new ArrayList<>(launch.prefix());
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(launch.jvmOptions());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "tapedeck.Main", "--config", "/dev/null"));
        for (String setting : List.of(
                "http_port=0",
                "https_port=0",
                "ws_port=0",
                "rtmp_port=0",
                "rtsp_port=0",
                "cli_port=0",
                "rtmps_port=0",
                "mpegts_port=0",
                "liveflv_port=0",
                "webrtc_port=0",
                "data_dir=" + dataDir,
                "on_record_hook_script=")) {
            command.addAll(List.of("--set", setting));
        }
        for (String setting : settings) {
            command.addAll(List.of("--set", setting));
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(launch.environment());
        process = builder.start();
        BufferedReader out = process.inputReader();
        for (String line = out.readLine(); ; line = out.readLine()) {
            if (line == null) {
                throw new AssertionError("the server ended: " + String.join("\n", log));
            }
            log.add(line);
            Matcher bound = BOUND.matcher(line);
            if (bound.matches()) {
                ports.put(bound.group(1), Integer.parseInt(bound.group(2)));
            }
            if (line.endsWith("is ready")) {
                break;
            }
        }
        Thread.ofVirtual().start(() -> collect(out));
    }

    private void collect(BufferedReader out) {
        try {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                log.add(line);
            }
        } catch (IOException e) {
            log.add("killed: " + e.getMessage());
        }
    }

    /// The port of `HTTP`, `RTMP` or `WEBRTC`.
    public int port(String protocol) {
        Integer port = ports.get(protocol);
        if (port == null) {
            throw new AssertionError(protocol + " is not served: " + ports);
        }
        return port;
    }

    public long pid() {
        return process.pid();
    }

    /// What the server printed so far.
    public List<String> log() {
        return List.copyOf(log);
    }

    /// SIGKILL.
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /// SIGTERM, as an operator stops it; fails if it does not end.
    public void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the server did not stop: " + String.join("\n", log));
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
