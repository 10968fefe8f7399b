package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.Ffmpeg;
import tapedeck.stream.Stream;

/// A program that writes what it gets to a file, as it is.
///
/// @param mayLoseLast pictures at the end, which it does not write whoever the server is
/// @param keepsTimes whether the times that it writes are those that it got
record Program(Process process, Path file, Path log, long askedNanos, int mayLoseLast, boolean keepsTimes)
        implements Player {
    /// How long programs may run at all.
    static final String DEADLINE = "90";

    static Program start(Stream stream, Path file, List<String> command) throws IOException {
        Path log = file.resolveSibling(file.getFileName() + ".log");
        long askedNanos = stream.statistics().mediaNanos();
        List<String> limited = new ArrayList<>(List.of("timeout", DEADLINE));
        limited.addAll(command);
        Process process = new ProcessBuilder(limited)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new Program(process, file, log, askedNanos, 0, true);
    }

    Program losingLast(int pictures) {
        return new Program(process, file, log, askedNanos, pictures, keepsTimes);
    }

    /// What it writes says nothing about how sound and picture were together.
    Program withTimesOfItsOwn() {
        return new Program(process, file, log, askedNanos, mayLoseLast, false);
    }

    /// ffmpeg copies its input to the file until it ends.
    ///
    /// @param repair what it needs to write what it reads
    static Program ffmpeg(String program, Stream stream, Path file, List<String> input, List<String> repair)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of(program, "-nostdin", "-y", "-v", "warning", "-analyzeduration", "3000000"));
        command.addAll(input);
        command.addAll(List.of("-map", "0", "-c", "copy"));
        command.addAll(repair);
        command.addAll(List.of("-f", "matroska", file.toString()));
        return start(stream, file, command);
    }

    static Program ffmpeg(Stream stream, Path file, List<String> input) throws IOException {
        return ffmpeg(Ffmpeg.ffmpeg(), stream, file, input, List.of());
    }

    @Override
    public Taken taken(Clip clip) throws Exception {
        boolean ended = process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS);
        String said = Files.readString(log);
        if (!ended) {
            return Taken.failed("does not end with the publisher: " + said);
        }
        if (isRefusal(said)) {
            return Taken.REFUSED;
        }
        // FLV has a FourCC for VP8, which ffmpeg does not know.
        if (said.contains("Video codec (76703038) is not implemented")) {
            return Taken.UNREADABLE;
        }
        if (process.exitValue() != 0) {
            return Taken.failed("ends with %d: %s".formatted(process.exitValue(), said));
        }
        Taken taken = Taken.judge(clip, file, mayLoseLast);
        return keepsTimes ? taken : taken.withTimesOfItsOwn();
    }

    /// Whether the server refused a codec, by what programs say of that: ffmpeg keeps the reason only of RTMP, and of
    /// RTSP the status.
    private static boolean isRefusal(String said) {
        return said.contains("cannot carry")
                || said.contains("HTTP error 406")
                || said.contains("method DESCRIBE failed: 415");
    }

    @Override
    public void stop() {
        process.destroyForcibly();
    }
}
