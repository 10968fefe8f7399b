package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.media.Frame;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.net.tls.ServerTls;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestFlv;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;

/// Real programs publish; every frame and every timestamp arrives.
@Tag("peer")
class RtmpPublishPeerTest {
    @TempDir
    Path folder;

    private RtmpHouse house;

    @BeforeEach
    void open() {
        house = new RtmpHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    /// Pushes with ffmpeg, and writes the same into a file with the same muxer.
    private void pushAndCompare(String... input) {
        Path file = folder.resolve("sent.flv");
        List<String> toFile = new ArrayList<>(List.of(input));
        toFile.addAll(List.of("-f", "flv", file.toString()));
        Ffmpeg.ffmpeg(toFile.toArray(String[]::new));

        FrameCollector collector = FrameCollector.of(house.streams, "a");
        Ffmpeg.ffmpeg("-i", file.toString(), "-c", "copy", "-copyts", "-f", "flv", house.url("a"));
        List<Frame> frames = collector.untilEnd();
        FrameCollector.assertSame(FlvFile.read(file).media(), frames);
        assertEquals("unpublished", collector.endReason());
    }

    @Test
    void ffmpegPublishesOverTls() throws Exception {
        FlvFile clip = TestFlv.bothTracks();
        Path file = folder.resolve("sent.flv");
        Files.write(file, clip.toBytes().toByteArray());
        ServerTls tls = ServerTls.of(folder, new Settings.Tls(Optional.empty(), Optional.empty()));
        Rights free = new Rights(Settings.Rights.NONE, TrustedProxies.NONE);
        try (EventLoops loops = new EventLoops(1);
                RtmpServer encrypted =
                        new RtmpServer(0, Optional.of(tls), free, loops, house.streams, new BoundPorts())) {
            FrameCollector collector = FrameCollector.of(house.streams, "a");
            String url = "rtmps://127.0.0.1:%d/live/a".formatted(encrypted.port());
            Ffmpeg.ffmpeg("-i", file.toString(), "-c", "copy", "-copyts", "-f", "flv", url);
            FrameCollector.assertSame(clip.media(), collector.untilEnd());
        }
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
    void ffmpegPublishesWithoutSound() {
        pushAndCompare("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2", "-c:v", "libx264", "-bf", "3");
    }

    @Test
    void ffmpegPublishesWithoutPictures() {
        pushAndCompare("-f", "lavfi", "-i", "sine=f=440:d=3", "-c:a", "aac");
    }

    @Test
    void ffmpegPublishesMp3() {
        pushAndCompare("-f", "lavfi", "-i", "sine=f=440:d=2", "-c:a", "libmp3lame", "-ar", "44100");
    }

    /// Seconds: a late start, and half a second before 2^24 and 2^31 ms, of which FFmpeg writes 31 bits.
    @ParameterizedTest
    @ValueSource(strings = {"10", "16776.716", "2147483.147"})
    void ffmpegPublishesFromAnyTime(String offset) {
        pushAndCompare(
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=320x180:r=25:d=2",
                "-f",
                "lavfi",
                "-i",
                "sine=f=440:d=2",
                "-c:v",
                "libx264",
                "-bf",
                "2",
                "-c:a",
                "aac",
                "-output_ts_offset",
                offset);
    }

    @Test
    void ffmpegPublishesTheSharedFilesAsTheyAre() {
        for (Path file : SharedMedia.files("flv", "flv")) {
            FrameCollector collector = FrameCollector.of(house.streams, "shared");
            Ffmpeg.ffmpeg("-i", file.toString(), "-c", "copy", "-f", "flv", house.url("shared"));
            FrameCollector.assertSame(FlvFile.read(file).media(), collector.untilEnd());
        }
    }

    /// The frames that GStreamer's own muxer writes into a file are those that its sink sends: both hang on one tee.
    @ParameterizedTest
    @ValueSource(strings = {"rtmp2sink", "rtmpsink"})
    void gStreamerPublishes(String sink) {
        Path file = folder.resolve("gst.flv");
        FrameCollector collector = FrameCollector.of(house.streams, "gst");
        String pipeline = ("flvmux name=mux streamable=true ! tee name=t "
                        + "t. ! queue ! filesink location=%s t. ! queue ! %s location=%s "
                        + "videotestsrc num-buffers=75 ! video/x-raw,width=320,height=180,framerate=25/1 "
                        + "! x264enc bframes=2 key-int-max=25 ! mux. "
                        + "audiotestsrc num-buffers=130 samplesperbuffer=1024 ! audio/x-raw,rate=44100,channels=2 "
                        + "! voaacenc ! mux.")
                .formatted(file, sink, house.url("gst"));
        List<String> command = new ArrayList<>(List.of("gst-launch-1.0", "-q"));
        command.addAll(List.of(pipeline.split(" ")));
        Ffmpeg.Result result = Ffmpeg.run(command);
        assertEquals(0, result.exitCode(), result.err() + result.text());
        List<FlvFile.Tag> sent = FlvFile.read(file).media();
        assertTrue(sent.size() > 190, () -> "GStreamer sent " + sent.size());
        FrameCollector.assertSame(sent, collector.untilEnd());
    }
}
