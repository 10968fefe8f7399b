package tapedeck.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bytedeco.javacpp.Loader;

/// The real ffmpeg and ffprobe 8, out of the jar that the server's codec workers use too. Tests take the build with
/// x264, because only that makes B-frames.
public final class Ffmpeg {
    /// How long any program may take whose end is awaited: for one that hangs, not for one that is slow.
    public static final long DEADLINE_SECONDS = 120;

    private static final String OPUS_AT_THE_END = "\\[opus @ \\w+] Error parsing Opus packet header\\.\\R";

    private Ffmpeg() {}

    /// @param out standard output
    /// @param err standard error
    public record Result(int exitCode, byte[] out, String err) {
        public String text() {
            return new String(out, StandardCharsets.UTF_8);
        }
    }

    /// The path of the executable.
    public static synchronized String ffmpeg() {
        System.setProperty("org.bytedeco.javacpp.platform.extension", "-gpl");
        return Loader.load(org.bytedeco.ffmpeg.ffmpeg.class);
    }

    public static synchronized String ffprobe() {
        System.setProperty("org.bytedeco.javacpp.platform.extension", "-gpl");
        return Loader.load(org.bytedeco.ffmpeg.ffprobe.class);
    }

    /// Runs ffmpeg to its end and fails the test if it fails.
    public static Result ffmpeg(String... arguments) {
        Result result = run(command(ffmpeg(), List.of("-hide_banner", "-nostdin", "-y"), arguments));
        if (result.exitCode() != 0) {
            throw new AssertionError("ffmpeg " + String.join(" ", arguments) + "\n" + result.err());
        }
        return result;
    }

    public static Result ffprobe(String... arguments) {
        return run(command(ffprobe(), List.of("-hide_banner"), arguments));
    }

    /// What ffmpeg complains about when it decodes all of the file: empty for a good one.
    ///
    /// Frames may come at any time: they are not rounded to a frame rate, which a camera does not have.
    /// One line is left out: ffmpeg 8 says it at the end of every Opus track in WebM, also of its own making.
    public static String decodeErrors(Path file) {
        String errors = run(List.of(
                        ffmpeg(),
                        "-hide_banner",
                        "-nostdin",
                        "-v",
                        "error",
                        "-i",
                        file.toString(),
                        "-fps_mode",
                        "passthrough",
                        "-enc_time_base:v",
                        "demux",
                        "-f",
                        "null",
                        "-"))
                .err();
        return complaints(errors);
    }

    /// Of what ffmpeg said while it decoded, that which is not always said.
    public static String complaints(String errors) {
        return errors.replaceAll(OPUS_AT_THE_END, "");
    }

    /// A running ffmpeg whose end the caller waits for; its messages go to the test's output only with `-v`.
    public static Process start(String... arguments) throws IOException {
        return new ProcessBuilder(command(ffmpeg(), List.of("-hide_banner", "-nostdin", "-v", "warning"), arguments))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /// Runs any program to its end, within a deadline.
    public static Result run(List<String> command) {
        try {
            Path err = Files.createTempFile("peer", ".err");
            try {
                Process process =
                        new ProcessBuilder(command).redirectError(err.toFile()).start();
                process.getOutputStream().close();
                AtomicBoolean killed = new AtomicBoolean();
                Thread killer = Thread.ofVirtual().start(() -> killed.set(killAfterDeadline(process)));
                byte[] out = process.getInputStream().readAllBytes();
                int exitCode = process.waitFor();
                killer.interrupt();
                killer.join();
                if (killed.get()) {
                    throw new AssertionError("%s took more than %d s".formatted(command, DEADLINE_SECONDS));
                }
                return new Result(exitCode, out, Files.readString(err, StandardCharsets.ISO_8859_1));
            } finally {
                Files.delete(err);
            }
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(command.getFirst(), e);
        }
    }

    private static boolean killAfterDeadline(Process process) {
        try {
            if (process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                return false;
            }
            process.destroyForcibly();
            return true;
        } catch (InterruptedException _) {
            return false;
        }
    }

    private static List<String> command(String program, List<String> common, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(program);
        command.addAll(common);
        command.addAll(List.of(arguments));
        return command;
    }
}
