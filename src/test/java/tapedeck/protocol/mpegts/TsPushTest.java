package tapedeck.protocol.mpegts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Await;
import tapedeck.peers.EndlessMedia;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Programs;
import tapedeck.peers.TestMedia;
import tapedeck.relay.Relays;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Live streams that are sent to other servers as transport streams.
class TsPushTest {
    @TempDir
    Path folder;

    private static final Settings.Relays NEAR =
            new Settings.Relays(List.of(), List.of(), List.of("loopback", "multicast"), 60, "");

    private static final int FIRST_FRAMES = 4;

    private static Publication publish(Streams streams, String name) throws Exception {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP, "test", "1", "me", Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        return streams.publish(new StreamName(name), publisher, Feedback.NONE);
    }

    /// At the speed of its timestamps, as live streams come.
    private static void write(Publication publication, List<Frame> frames) throws InterruptedException {
        long begun = System.nanoTime() - frames.getFirst().dtsNanos();
        for (Frame frame : frames) {
            long ahead = begun + frame.dtsNanos() - System.nanoTime();
            if (ahead > 0) {
                TimeUnit.NANOSECONDS.sleep(ahead);
            }
            publication.write(frame);
        }
    }

    @Test
    void everyFrameArrivesOverTcpAndInDatagrams() throws Exception {
        List<Frame> frames = TestMedia.of("h264b+aac", 3);
        try (TsHouse there = new TsHouse()) {
            for (String scheme : List.of("tcp", "udp")) {
                Streams here = new Streams();
                String name = "pushed " + scheme;
                FrameCollector collector = FrameCollector.of(there.streams, name);
                try (Relays relays = new Relays(NEAR, here).pushWith(new TsPush(there.loops));
                        Publication publication = publish(here, name)) {
                    // Both tracks; whoever comes now still gets them.
                    write(publication, frames.subList(0, FIRST_FRAMES));
                    relays.push(new StreamName(name), scheme + "://127.0.0.1:" + there.port(), Map.of());
                    Await.await(
                            "it is sent",
                            () -> publication.stream().statistics().liveReaders() == 1);
                    write(publication, frames.subList(FIRST_FRAMES, frames.size()));
                    collector.until(frames.size());
                }
                if (scheme.equals("udp")) {
                    collector.stream().terminate("enough");
                }
                List<Frame> received = collector.untilEnd();
                for (boolean video : new boolean[] {true, false}) {
                    assertEquals(
                            data(frames, video).size(), data(received, video).size(), name);
                    assertTrue(data(frames, video).equals(data(received, video)), name);
                }
                assertEquals(0, collector.stream().missedFrames(), name);
            }
        }
    }

    @Test
    void picturesThatMpegTsDoesNotHaveEndThePushWithTheirName() throws Exception {
        Streams here = new Streams();
        try (TsHouse there = new TsHouse();
                Relays relays = new Relays(NEAR, here).pushWith(new TsPush(there.loops));
                Publication publication = publish(here, "a")) {
            TestMedia.of("vp9+opus", 1).forEach(publication::write);
            relays.push(new StreamName("a"), "tcp://127.0.0.1:" + there.port(), Map.of());
            Await.await("it is named", () -> relays.all().getFirst().lastError().endsWith("cannot carry vp9"));
        }
    }

    private static List<Bytes> data(List<Frame> frames, boolean video) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo() == video)
                .map(Frame::data)
                .toList();
    }

    @Tag("peer")
    @Test
    void ffmpegTakesWhatIsSentToAGroup() throws Exception {
        int port;
        try (DatagramSocket free = new DatagramSocket(0)) {
            port = free.getLocalPort();
        }
        String url = "udp://239.255.77.8:" + port;
        Path file = folder.resolve("taken.ts");
        Streams here = new Streams();
        try (TsHouse house = new TsHouse();
                Relays relays = new Relays(NEAR, here).pushWith(new TsPush(house.loops));
                Publication publication = publish(here, "group");
                Programs programs = new Programs(folder)) {
            Process ffmpeg = programs.start(
                    Ffmpeg.ffmpeg(),
                    "-nostdin",
                    "-v",
                    "warning",
                    "-y",
                    "-i",
                    url + "?localaddr=127.0.0.1",
                    "-c",
                    "copy",
                    "-t",
                    "2",
                    "-f",
                    "mpegts",
                    file.toString());
            relays.push(new StreamName("group"), url, Map.of("interface", "lo", "ttl", "0"));
            EndlessMedia.play(publication, EndlessMedia.of("h264+aac"), ffmpeg);
            assertEquals(0, ffmpeg.exitValue(), programs.log());
        }
        assertEquals("", Ffmpeg.decodeErrors(file));
    }
}
