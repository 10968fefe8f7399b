package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.SharedMedia;
import tapedeck.stream.Streams;

/// Real programs publish; every frame and every timestamp arrives.
@Tag("peer")
class RtmpPublishPeerTest {
    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private EventLoops loops;
    private RtmpServer server;

    @BeforeEach
    void start() {
        loops = new EventLoops(2);
        server = new RtmpServer(0, loops, streams, new BoundPorts());
    }

    @AfterEach
    void stop() {
        server.close();
        loops.close();
    }

    private String url(String name) {
        return "rtmp://127.0.0.1:%d/live/%s".formatted(server.port(), name);
    }

    /// Pushes with ffmpeg, and writes the same into a file with the same muxer.
    private void pushAndCompare(String... input) {
        Path file = folder.resolve("sent.flv");
        List<String> toFile = new ArrayList<>(List.of(input));
        toFile.addAll(List.of("-f", "flv", file.toString()));
        Ffmpeg.ffmpeg(toFile.toArray(String[]::new));

        FrameCollector collector = FrameCollector.of(streams, "a");
        Ffmpeg.ffmpeg("-i", file.toString(), "-c", "copy", "-copyts", "-f", "flv", url("a"));
        List<Frame> frames = collector.untilEnd();
        FrameCollector.assertSame(FlvFile.read(file).media(), frames);
        assertEquals("unpublished", collector.endReason());
    }

    @Test
    void ffmpegPublishesPicturesWithBFramesAndSound() {
        pushAndCompare(
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=320x180:r=25:d=4",
                "-f",
                "lavfi",
                "-i",
                "sine=f=440:d=4",
                "-c:v",
                "libx264",
                "-bf",
                "2",
                "-g",
                "50",
                "-c:a",
                "aac");
    }

    @Test
    void ffmpegPublishesTheSharedFilesAsTheyAre() {
        for (Path file : SharedMedia.files("flv", "flv")) {
            FrameCollector collector = FrameCollector.of(streams, "shared");
            Ffmpeg.ffmpeg("-i", file.toString(), "-c", "copy", "-f", "flv", url("shared"));
            FrameCollector.assertSame(FlvFile.read(file).media(), collector.untilEnd());
        }
    }
}
