package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;

/// Real programs publish and play.
@Tag("peer")
class RtspPeerTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final double MAX_SKEW_SECONDS = 0.04;
    /// Frames of AAC in one of ffmpeg's packets, of 1472 bytes at most.
    private static final int MAX_COLLECTED = 20;

    @TempDir
    private Path folder;

    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(folder.resolve("data"));
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private String program(String version) {
        return version.equals("8") ? Ffmpeg.ffmpeg() : "/usr/bin/ffmpeg";
    }

    /// A file with flashes and beeps at the same moments, pictures reordered.
    private Path source(int seconds) {
        Path file = folder.resolve("source.mkv");
        List<String> arguments = new ArrayList<>(List.of("-v", "error"));
        arguments.addAll(List.of(FlashAndBeep.source("320x180", 25, seconds)));
        arguments.addAll(List.of(
                "-c:v", "libx264", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k"));
        arguments.add(file.toString());
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return file;
    }

    private Process publish(String version, Path source, String transport, String url, String... more)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                program(version),
                "-nostdin",
                "-v",
                "error",
                "-re",
                "-i",
                source.toString(),
                "-c",
                "copy",
                "-f",
                "rtsp"));
        command.addAll(List.of("-rtsp_transport", transport));
        command.addAll(List.of(more));
        command.add(url);
        return started("publisher", command);
    }

    private Process started(String name, List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    private void ended(Process process, String name) throws Exception {
        boolean over = process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertTrue(over, name + " ended: " + Files.readString(folder.resolve(name + ".log")));
        assertEquals(0, process.exitValue(), name + ": " + Files.readString(folder.resolve(name + ".log")));
    }

    /// Hashes of the packets of one track, in decoding order.
    private static List<String> hashes(Path file, String track) {
        return Ffmpeg.ffmpeg(
                        "-v",
                        "error",
                        "-i",
                        file.toString(),
                        "-map",
                        "0:" + track,
                        "-c",
                        "copy",
                        "-bsf:" + track,
                        track.equals("v") ? "filter_units=remove_types=6-9" : "null",
                        "-f",
                        "framehash",
                        "-")
                .text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.substring(line.lastIndexOf(',') + 1).strip())
                .toList();
    }

    /// The name comes from the title, as crtmpserver's users write it.
    @ParameterizedTest
    @CsvSource({"8, tcp", "5, tcp", "8, udp"})
    void ffmpegPublishesWhatIsRecordedUnchangedAndInSync(String version, String transport) throws Exception {
        Path source = source(4);
        String url = server.rtspUrl("flvplayback");
        ended(publish(version, source, transport, url, "-metadata", "title=test"), "publisher");
        Path recorded = server.awaitRecording("test.mp4");
        assertEquals("", Ffmpeg.decodeErrors(recorded));
        assertEquals(hashes(source, "v"), hashes(recorded, "v"));
        List<String> sound = hashes(source, "a");
        List<String> recordedSound = hashes(recorded, "a");
        // ffmpeg collects frames of AAC into packets, and never sends the last one.
        assertTrue(recordedSound.size() >= sound.size() - MAX_COLLECTED, recordedSound.size() + " of " + sound.size());
        assertEquals(sound.subList(0, recordedSound.size()), recordedSound);
        assertEquals(0, FlashAndBeep.measure(recorded).medianDelay(), MAX_SKEW_SECONDS);
    }

    @ParameterizedTest
    @CsvSource({"8, tcp", "5, tcp", "8, udp"})
    void ffmpegPlaysInSync(String version, String transport) throws Exception {
        Process publisher = publish("8", source(9), "tcp", server.rtspUrl("live/a"));
        awaitStream();
        Path played = folder.resolve("played.mkv");
        Process player = started(
                "player",
                List.of(
                        program(version),
                        "-nostdin",
                        "-v",
                        "error",
                        "-rtsp_transport",
                        transport,
                        "-i",
                        server.rtspUrl("live/a"),
                        "-t",
                        "4",
                        "-c:v",
                        "mpeg4",
                        "-q:v",
                        "2",
                        "-c:a",
                        "pcm_s16le",
                        played.toString()));
        ended(player, "player");
        publisher.destroy();
        publisher.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS);
        FlashAndBeep measured = FlashAndBeep.measure(played);
        assertTrue(measured.beepDelays().size() >= 2, measured.toString());
        assertEquals(0, measured.medianDelay(), MAX_SKEW_SECONDS);
    }

    private void awaitStream() throws Exception {
        for (long left = DEADLINE_SECONDS * 50; left > 0; left--) {
            var stream = server.server().streams().find(new StreamName("a"));
            if (stream.isPresent() && stream.get().tracks().size() == 2) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError("no stream: " + Files.readString(folder.resolve("publisher.log")));
    }
}
