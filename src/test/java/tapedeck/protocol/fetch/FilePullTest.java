package tapedeck.protocol.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.settings.Settings;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Files as live streams.
class FilePullTest {
    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private Relays relays;

    @BeforeEach
    void start() throws Exception {
        Files.createDirectories(folder.resolve("media"));
        relays = new Relays(Settings.Relays.NONE, streams).pullWith(new FilePull(Optional.of(folder.resolve("media"))));
    }

    @AfterEach
    void stop() {
        relays.close();
    }

    private FlvFile made(int seconds) {
        Path file = folder.resolve("media/made.flv");
        Ffmpeg.ffmpeg(("-v error -f lavfi -i testsrc2=s=320x180:r=25:d=" + seconds + " -f lavfi -i sine=f=440:d="
                        + seconds + " -c:v libx264 -bf 2 -g 25 -sc_threshold 0 -c:a aac -f flv " + file)
                .split(" "));
        return FlvFile.read(file);
    }

    private void remade(String name) {
        Remade.of(folder.resolve("media/made.flv"), folder.resolve("media/" + name));
    }

    private static List<Bytes> data(List<Frame> frames, boolean video) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo() == video)
                .map(Frame::data)
                .toList();
    }

    @Test
    void everyContainerIsPlayedWhole() throws Exception {
        FlvFile sent = made(2);
        for (String name : List.of("made.flv", "made.ts", "made.mp4", "made.mkv")) {
            if (!name.endsWith(".flv")) {
                remade(name);
            }
            FrameCollector collector = FrameCollector.of(streams, name);
            relays.pull("file:///" + name, new StreamName(name), Map.of());
            List<Frame> received = collector.untilEnd();
            for (boolean video : new boolean[] {true, false}) {
                List<Bytes> expected = sent.media().stream()
                        .filter(tag -> tag.video() == video)
                        .map(FlvFile.Tag::data)
                        .toList();
                assertEquals(expected.size(), data(received, video).size(), name + (video ? " pictures" : " sounds"));
                assertTrue(expected.equals(data(received, video)), name);
            }
            long last = Long.MIN_VALUE;
            for (Frame frame : received) {
                if (frame.track().isVideo()) {
                    assertTrue(frame.dtsNanos() > last && frame.dtsNanos() <= frame.ptsNanos(), name);
                    last = frame.dtsNanos();
                }
            }
        }
    }

    /// In all containers at once.
    @Test
    void aLoopGoesOnAndSomebodyStopsItAndMovesWithinIt() throws Exception {
        made(4);
        List<String> names = List.of("made.mp4", "fragmented.mp4", "made.mkv", "made.ts", "made.flv", "made.webm");
        names.forEach(this::remade);
        try (WithinFile within = new WithinFile(streams, relays, Map.of())) {
            for (String name : names) {
                within.judge("file:///" + name, folder.resolve("media/" + name));
            }
        }
    }

    /// The lead of a second is granted once: four rounds of one second take three at least.
    @Test
    void roundsOfAShortFileTakeTheirTime() throws Exception {
        FlvFile sent = made(1);
        FrameCollector collector = FrameCollector.of(streams, "short");
        long begun = System.nanoTime();
        String id = relays.pull("file:///made.flv", new StreamName("short"), Map.of("loop", "true"))
                .id();
        collector.until(4 * sent.media().size());
        assertTrue(System.nanoTime() - begun > 2_500_000_000L, "at the speed of its timestamps");
        relays.terminate(id, "enough");
    }

    private RelayReport report(String id) {
        return relays.all().stream()
                .filter(report -> report.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void nothingOutsideOfTheFolderIsPlayed() throws Exception {
        made(1);
        Files.move(folder.resolve("media/made.flv"), folder.resolve("secret.flv"));
        Files.createSymbolicLink(folder.resolve("media/link.flv"), folder.resolve("secret.flv"));
        Files.writeString(folder.resolve("media/page.html"), "<html>".repeat(100));
        for (String path : List.of("../secret.flv", "%2e%2e/secret.flv", "link.flv", "none.flv", "page.html", "")) {
            String id = relays.pull("file:///" + path, new StreamName("outside"), Map.of())
                    .id();
            await("refused: " + path, () -> report(id).state() == RelayReport.State.ENDED);
            String error = report(id).lastError();
            assertTrue(error.contains("there is no") || error.contains("neither"), path + ": " + error);
        }
        assertEquals(0, streams.all().size());
    }
}
