package tapedeck.protocol.mpegts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Packets;
import tapedeck.peers.TestServer;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// Real programs send transport streams; every frame arrives.
@Tag("peer")
class MpegTsPeerTest {
    @TempDir
    Path folder;

    /// FLV, because its frames are those of the server.
    private FlvFile made(String... encoder) {
        Path file = folder.resolve("sent.flv");
        List<String> arguments = new ArrayList<>(List.of("-v", "error", "-f", "lavfi", "-i"));
        arguments.addAll(List.of("testsrc2=s=320x180:r=25:d=3", "-f", "lavfi", "-i", "sine=f=440:d=3"));
        arguments.addAll(List.of(encoder));
        arguments.addAll(List.of("-f", "flv", file.toString()));
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
        return FlvFile.read(file);
    }

    private void send(String name, String target, String... options) {
        List<String> arguments = new ArrayList<>(List.of("-v", "error", "-re", "-readrate_initial_burst", "3", "-i"));
        arguments.addAll(List.of(folder.resolve("sent.flv").toString(), "-c", "copy", "-metadata"));
        arguments.add("service_name=" + name);
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("-f", "mpegts", target));
        Ffmpeg.ffmpeg(arguments.toArray(String[]::new));
    }

    @Test
    void ffmpegSendsOverTcp() throws Exception {
        FlvFile sent = made("-c:v", "libx264", "-bf", "2", "-g", "50", "-c:a", "aac");
        try (TsHouse house = new TsHouse()) {
            for (String options :
                    List.of("-mpegts_flags +resend_headers", "-an -mpegts_m2ts_mode 1", "-muxrate 3000k")) {
                FrameCollector collector = FrameCollector.of(house.streams, "cam é");
                send("cam é", "tcp://127.0.0.1:" + house.port(), options.split(" "));
                // M2TS has no type for AAC.
                TsHouse.assertSame(
                        options.startsWith("-an")
                                ? sent.media().stream()
                                        .filter(FlvFile.Tag::video)
                                        .toList()
                                : sent.media(),
                        collector.untilEnd());
                assertEquals("the peer closed the connection", collector.endReason());
            }
        }
    }

    @Test
    void ffmpegSendsOverUdpAndToAGroup() throws Exception {
        FlvFile sent = made("-c:v", "libx264", "-bf", "2", "-g", "50", "-c:a", "aac");
        int group;
        try (DatagramSocket free = new DatagramSocket(0)) {
            group = free.getLocalPort();
        }
        try (TsHouse house = new TsHouse("mpegts_multicast=239.255.77.7:" + group + "@lo")) {
            List<String> targets = List.of(
                    "udp://127.0.0.1:%d?pkt_size=1316".formatted(house.port()),
                    "udp://239.255.77.7:%d?pkt_size=1316&localaddr=127.0.0.1&ttl=0".formatted(group));
            for (String target : targets) {
                String name = "udp " + targets.indexOf(target);
                FrameCollector collector = FrameCollector.of(house.streams, name);
                send(name, target);
                // The last picture waits for the next one, which only the end of the stream tells not to come.
                collector.until(sent.media().size() - 2);
                collector.stream().terminate("enough");
                TsHouse.assertSame(sent.media(), collector.untilEnd());
                assertEquals(0, collector.stream().missedFrames());
            }
        }
    }

    @Test
    void gStreamerSendsOverTcpAndUdp() throws Exception {
        try (TsHouse house = new TsHouse()) {
            for (String sink : List.of("tcpclientsink host=127.0.0.1", "udpsink sync=true host=127.0.0.1")) {
                List<String> command = new ArrayList<>(List.of("gst-launch-1.0", "-q"));
                BlockingQueue<FrameCollector> published = collectors(house.streams);
                command.addAll(List.of(("mpegtsmux name=mux ! " + sink + " port=" + house.port()
                                + " videotestsrc is-live=true num-buffers=75 ! video/x-raw,width=320,height=180,framerate=25/1"
                                + " ! x264enc bframes=2 key-int-max=25 ! h264parse ! mux."
                                + " audiotestsrc is-live=true num-buffers=130 samplesperbuffer=1024"
                                + " ! audio/x-raw,rate=44100,channels=2 ! voaacenc ! aacparse ! mux.")
                        .split(" ")));
                Ffmpeg.Result result = Ffmpeg.run(command);
                assertEquals(0, result.exitCode(), result.err() + result.text());
                FrameCollector collector = published.poll(60, TimeUnit.SECONDS);
                assertNotNull(collector, sink);
                collector.until(203);
                collector.stream().terminate("enough");
                List<Frame> frames = collector.untilEnd();
                long pictures = frames.stream().filter(f -> f.track().isVideo()).count();
                assertEquals(75, pictures, sink);
                assertTrue(frames.size() - pictures >= 128, () -> "sounds of " + sink);
            }
        }
    }

    /// Whatever its name is.
    private static BlockingQueue<FrameCollector> collectors(Streams streams) {
        BlockingQueue<FrameCollector> published = new LinkedBlockingQueue<>();
        streams.addListener(new Streams.Listener() {
            @Override
            public void published(Stream stream) {
                FrameCollector collector =
                        FrameCollector.of(streams, stream.name().value());
                collector.published(stream);
                published.add(collector);
            }

            @Override
            public void ended(Stream stream, String reason) {}
        });
        return published;
    }

    /// The whole way into a file, and what ffprobe finds there.
    @Test
    void theRecordingHasThePacketsThatWereSent() throws Exception {
        made("-c:v", "libx264", "-bf", "2", "-g", "50", "-c:a", "aac");
        try (TestServer server = new TestServer(folder.resolve("data"))) {
            send("deck", "tcp://127.0.0.1:" + server.port("MPEG-TS"));
            List<String> recorded = Packets.of(server.awaitRecording("deck.mp4"));
            List<String> sent = Packets.of(folder.resolve("sent.flv"));
            assertEquals(hashes(sent), hashes(recorded));
        }
    }

    private static List<String> hashes(List<String> packets) {
        return packets.stream().map(line -> line.replaceAll("\\d+ ms ", "")).toList();
    }
}
