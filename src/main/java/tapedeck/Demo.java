package tapedeck;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Loader;
import tapedeck.net.BoundPorts;
import tapedeck.record.FinishedRecording;

/// The main job in one go: serves, publishes a generated test stream with a real ffmpeg over RTMP, records it,
/// stops, and lets a real ffprobe and ffmpeg judge the file.
final class Demo {
    private static final int SECONDS = 6;
    private static final long STEP_DEADLINE_SECONDS = 60;
    /// Encoders delay their first and last frames a little.
    private static final double DURATION_TOLERANCE_SECONDS = 0.5;

    /// Why the demo failed, in one line.
    private static final class FailedException extends Exception {
        FailedException(String why) {
            super(why);
        }
    }

    private Demo() {}

    static int run(Main main) throws Exception {
        // Beside a server that may be running already: free ports, the usual folder.
        Map<String, String> overrides = new HashMap<>(Map.of(
                "record_flash_published_streams",
                "true",
                "stream_record_policy_template",
                "{streamName}-{startTimeMillis}",
                "publish_auth",
                "none"));
        Server.PORTS.forEach(port -> overrides.put(port, "0"));
        try (Server server = Server.open(main.settings(overrides))) {
            for (BoundPorts.Bound bound : server.ports().all()) {
                System.out.printf("serving     %s on port %d/%s%n", bound.protocol(), bound.port(), bound.transport());
            }
            Path file = record(server);
            judge(file);
            return 0;
        } catch (FailedException failure) {
            System.err.println("demo failed: " + failure.getMessage());
            return Main.EXIT_FAILED;
        }
    }

    private static Path record(Server server) throws Exception {
        String url = "rtmp://127.0.0.1:" + server.ports().port("RTMP") + "/live/demo";
        System.out.println("publishing  " + SECONDS + " s of a test picture and a tone with ffmpeg to " + url);
        List<FinishedRecording> before = server.recordings().finished();
        run(List.of(
                Loader.load(org.bytedeco.ffmpeg.ffmpeg.class),
                "-hide_banner",
                "-nostdin",
                "-v",
                "error",
                "-re",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=1280x720:r=30",
                "-f",
                "lavfi",
                "-i",
                "sine=f=440:r=44100",
                "-t",
                Integer.toString(SECONDS),
                "-c:v",
                "libopenh264",
                "-b:v",
                "2000k",
                "-g",
                "60",
                "-c:a",
                "aac",
                "-b:a",
                "96k",
                "-f",
                "flv",
                url));
        System.out.println("finishing   the recording");
        for (long left = STEP_DEADLINE_SECONDS * 20; left > 0; left--) {
            for (FinishedRecording finished : server.recordings().finished()) {
                if (!before.contains(finished) && finished.fileName().startsWith("demo-")) {
                    return server.recordings()
                            .file(finished.fileName())
                            .orElseThrow(() -> new FailedException(finished.fileName() + " is not there"));
                }
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new FailedException("no recording appeared");
    }

    private static void judge(Path file) throws Exception {
        String[] probe = run(List.of(
                        Loader.load(org.bytedeco.ffmpeg.ffprobe.class),
                        "-v",
                        "error",
                        "-count_packets",
                        "-show_entries",
                        "stream=codec_name,codec_type,width,height,sample_rate,channels,nb_read_packets:format=duration",
                        "-of",
                        "compact=nk=0",
                        file.toString()))
                .split("\n", -1);
        System.out.println("file        " + file);
        int tracks = 0;
        double duration = 0;
        for (String line : probe) {
            if (line.startsWith("stream|")) {
                tracks++;
                System.out.println("track " + tracks + "     "
                        + line.substring("stream|".length()).replace("|", "  "));
            } else if (line.startsWith("format|duration=")) {
                duration = Double.parseDouble(line.substring("format|duration=".length()));
            }
        }
        System.out.printf(Locale.ROOT, "duration    %.3f s%nsize        %d bytes%n", duration, Files.size(file));
        if (tracks != 2) {
            throw new FailedException("2 tracks expected, %d found".formatted(tracks));
        }
        if (Math.abs(duration - SECONDS) > DURATION_TOLERANCE_SECONDS) {
            throw new FailedException("%d s expected".formatted(SECONDS));
        }
        String complaints = run(List.of(
                Loader.load(org.bytedeco.ffmpeg.ffmpeg.class),
                "-hide_banner",
                "-nostdin",
                "-v",
                "error",
                "-xerror",
                "-i",
                file.toString(),
                "-f",
                "null",
                "-"));
        if (!complaints.isBlank()) {
            throw new FailedException("decoding: " + complaints);
        }
        System.out.println("decoded     without an error");
    }

    /// Runs a program to its end and gives what it printed.
    private static String run(List<String> command) throws Exception {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new FailedException("the bundled ffmpeg does not start: " + e.getMessage());
        }
        process.getOutputStream().close();
        Thread killer = Thread.ofVirtual().start(() -> killLate(process));
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exitCode = process.waitFor();
        killer.interrupt();
        if (exitCode != 0) {
            throw new FailedException("%s ended with %d: %s"
                    .formatted(Path.of(command.getFirst()).getFileName(), exitCode, printed.strip()));
        }
        return printed;
    }

    private static void killLate(Process process) {
        try {
            if (!process.waitFor(STEP_DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
