package tapedeck.peers.matrix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.Programs;
import tapedeck.stream.Stream;

/// A program that writes what it gets to a file, as it is.
///
/// @param arrival of what it asked for
/// @param asked when it was told to ask, nothing where that is when it was started
/// @param mayLoseLast pictures at the end, which it does not write whoever the server is
/// @param keepsTimes whether the times that it writes are those that it got
record Program(
        Process process,
        Path file,
        Path log,
        Arrival arrival,
        Optional<Moment> asked,
        int mayLoseLast,
        boolean keepsTimes)
        implements Player {
    /// How long programs may run at all.
    static final String DEADLINE = "90";
    /// How much of a stream ffmpeg looks at where nothing says which tracks there are, before it writes any of it.
    private static final String LOOKED_AT_MICROS = "1000000";
    /// RTSP and RTP name the tracks: nobody waits, but the longer it looks the better it guesses times that RTP does
    /// not have.
    private static final String LOOKED_AT_RTP_MICROS = "3000000";

    static Program start(Stream stream, Path file, List<String> command) throws IOException {
        return start(stream, file, command, Optional.empty());
    }

    /// @param offer a file that it writes when it asks: with an offer, which takes it a second
    static Program start(Stream stream, Path file, List<String> command, Optional<Path> offer) throws IOException {
        Path log = file.resolveSibling(file.getFileName() + ".log");
        List<String> limited = new ArrayList<>(List.of("timeout", DEADLINE));
        limited.addAll(command);
        Process process = new ProcessBuilder(limited)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Arrival arrival = Arrival.watch(stream, process, file, offer);
        return new Program(process, file, log, arrival, Optional.empty(), 0, true);
    }

    Program losingLast(int pictures) {
        return new Program(process, file, log, arrival, asked, pictures, keepsTimes);
    }

    /// It only listens: what it waits for was ordered now.
    Program askedAt(Moment moment) {
        return new Program(process, file, log, arrival, Optional.of(moment), mayLoseLast, keepsTimes);
    }

    /// What it writes says nothing about how sound and picture were together.
    Program withTimesOfItsOwn() {
        return new Program(process, file, log, arrival, asked, mayLoseLast, false);
    }

    /// ffmpeg copies its input to the file until it ends.
    ///
    /// @param repair what it needs to write what it reads
    static Program ffmpeg(String program, Stream stream, Path file, List<String> input, List<String> repair)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(program, "-nostdin", "-y", "-v", "warning"));
        command.addAll(List.of("-analyzeduration", repair.isEmpty() ? LOOKED_AT_MICROS : LOOKED_AT_RTP_MICROS));
        command.addAll(input);
        command.addAll(List.of("-map", "0", "-c", "copy"));
        command.addAll(repair);
        // What came is written at once, and not by the second.
        command.addAll(List.of("-cluster_time_limit", "0", "-flush_packets", "1"));
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
                // Of our own player by WHEP, which keeps the reason.
                || said.contains("failed: 406")
                || said.contains("HTTP error 406")
                || said.contains("method DESCRIBE failed: 415");
    }

    @Override
    public OptionalDouble secondsToFirst() {
        Optional<Moment> since = asked.isPresent() ? asked : arrival.asked();
        // What plays by times of its own holds back what it writes, too.
        return keepsTimes ? Player.seconds(since, arrival.came()) : OptionalDouble.empty();
    }

    @Override
    public void stop() {
        Programs.end(process);
    }
}
