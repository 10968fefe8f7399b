package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlashAndBeep;
import tapedeck.peers.Listening;
import tapedeck.peers.NotRoot;
import tapedeck.peers.TestServer;
import tapedeck.stream.StreamName;
import tools.jackson.databind.JsonNode;

/// VLC takes plain RTP from the server. Debian's VLC is built without what opens descriptions (live555): it knows those
/// payloads whose numbers say what they are, RFC 3551 6.
@Tag("peer")
@Tag("realtime")
@Timeout(120)
class VlcRtpTest {
    private static final int SECONDS = 12;
    /// VLC waits for another source when one is over: it is told to end.
    private static final int TAKEN_SECONDS = 10;
    private static final int MIN_BEEPS = 4;
    private static final double MAX_APART_SECONDS = 0.040;

    @TempDir
    private Path folder;

    private Process program(String name, List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    private Process publish(TestServer server, String encoder) throws IOException {
        List<String> command = new ArrayList<>(List.of(Ffmpeg.ffmpeg(), "-nostdin", "-v", "error", "-re"));
        // The tone alone: `-re` is of one input.
        List<String> source = List.of(FlashAndBeep.source("160x90", 25, SECONDS));
        command.addAll(source.subList(source.lastIndexOf("-f"), source.size()));
        command.addAll(List.of("-c:a", encoder, "-ar", "8000", "-ac", "1"));
        command.addAll(List.of("-f", "rtsp", "-rtsp_transport", "tcp", server.rtspUrl("live/spoken")));
        return program("publisher", command);
    }

    private Process vlc(int port, Path file) throws IOException {
        List<String> command = NotRoot.command(folder);
        command.addAll(List.of("timeout", Integer.toString(TAKEN_SECONDS), "cvlc"));
        command.addAll(List.of("--sout", "#std{access=file,mux=wav,dst=%s}".formatted(file)));
        command.addAll(List.of("rtp://@127.0.0.1:" + port, "vlc://quit"));
        return program("vlc", command);
    }

    @ParameterizedTest
    @CsvSource({"pcm_alaw, 8", "pcm_mulaw, 0"})
    void vlcHearsG711(String encoder, int payloadType) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path file = folder.resolve("taken.wav");
        int port = Listening.freePort();
        try (TestServer server =
                new TestServer(folder.resolve("data"), "record_streams=false", "pull_allow=loopback")) {
            Process publisher = publish(server, encoder);
            Process vlc = vlc(port, file);
            try {
                Listening.await("udp", port, vlc);
                Await.await(
                        "the stream",
                        () -> server.server()
                                .streams()
                                .find(new StreamName("spoken"))
                                .isPresent());
                JsonNode sent = Rest.post(
                        server, "rtp/startup", Map.of("streamName", "spoken", "address", "127.0.0.1:" + port));
                String media = "m=audio %d RTP/AVP %d".formatted(port, payloadType);
                assertTrue(sent.get("sdp").asString().contains(media), sent.toString());
                assertTrue(vlc.waitFor(60, TimeUnit.SECONDS), "VLC ends");
            } finally {
                publisher.destroyForcibly();
                vlc.destroyForcibly();
            }
        }
        List<Double> beeps = FlashAndBeep.of("", level(file)).beepSeconds();
        assertTrue(beeps.size() >= MIN_BEEPS, () -> beeps + log());
        for (int i = 1; i < beeps.size(); i++) {
            assertEquals(1, beeps.get(i) - beeps.get(i - 1), MAX_APART_SECONDS, beeps.toString());
        }
    }

    private static String level(Path file) {
        return Ffmpeg.ffmpeg(
                        "-v", "error", "-i", file.toString(), "-af", FlashAndBeep.soundFilter("-"), "-f", "null", "-")
                .text();
    }

    private String log() {
        try {
            return "\n" + Files.readString(folder.resolve("vlc.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
