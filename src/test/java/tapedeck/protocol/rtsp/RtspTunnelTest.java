package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtspClient;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Publishing, and how it ends: through HTTP, where both connections end on their own, and on one connection.
@Timeout(120)
class RtspTunnelTest {
    private enum Ending {
        /// All is said, and the answer to `TEARDOWN` is heard.
        TEARDOWN,
        /// Gone without hearing it, as ffmpeg goes.
        TEARDOWN_UNHEARD,
        /// Closed without a word.
        CLOSED,
        /// Something that came was not read, so that the kernel sends a reset.
        RESET,
        /// What is heard by ends before the last words are said.
        DEAF,
        /// The same with a reset.
        DEAF_BY_RESET
    }

    private final List<Frame> media = TestMedia.of("h264+aac", 2);
    private final List<Track> tracks = TestMedia.tracks(media);
    private final Streams streams = new Streams();
    /// One, so that what comes while it is busy is there all at once.
    private final EventLoops loops = new EventLoops(1);

    private RtspServer server;

    @BeforeEach
    void start() {
        Settings.Rtsp settings = new Settings.Rtsp(new Settings.Port("rtsp_port", OptionalInt.of(0)), 31_001, 32_000);
        server = new RtspServer(0, settings, new Rights(Settings.Rights.NONE), loops, streams, new BoundPorts());
    }

    @AfterEach
    void stop() {
        server.close();
        loops.close();
    }

    private RtspClient client(boolean tunnelled) throws IOException {
        return tunnelled ? RtspClient.tunnelled(server.port(), "live/a") : new RtspClient(server.port(), "live/a");
    }

    @ParameterizedTest
    @CsvSource({
        "true, TEARDOWN",
        "true, TEARDOWN_UNHEARD",
        "true, CLOSED",
        "true, RESET",
        "true, DEAF",
        "true, DEAF_BY_RESET",
        "false, TEARDOWN",
        "false, TEARDOWN_UNHEARD",
        "false, CLOSED",
        "false, RESET"
    })
    void whateverWayItEndsNothingOfItsTailIsLost(boolean tunnelled, Ending ending) throws Exception {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspClient client = client(tunnelled)) {
            RtspClient.Answer answer = client.publish(tracks);
            assertEquals(200, answer.status(), answer::toString);
            client.reportBeginning(tracks);
            int half = media.size() / 2;
            client.send(tracks, media.subList(0, half));
            collector.until(half / 2);
            if (ending == Ending.RESET || ending == Ending.DEAF_BY_RESET) {
                client.say("OPTIONS", client.url(), "");
                await("an answer", client::hasUnread);
            }
            CountDownLatch goOn = busy();
            boolean deaf = ending == Ending.DEAF || ending == Ending.DEAF_BY_RESET;
            if (deaf) {
                client.deafen();
            }
            client.send(tracks, media.subList(half, media.size()));
            if (ending == Ending.TEARDOWN) {
                goOn.countDown();
                assertEquals(200, client.request("TEARDOWN").status());
            } else {
                if (ending == Ending.TEARDOWN_UNHEARD) {
                    client.say("TEARDOWN", client.url(), "");
                }
                client.close();
                goOn.countDown();
            }
            List<Frame> received = collector.untilEnd();
            for (Track track : tracks) {
                assertEquals(RelayHouse.datas(media, track.id()), RelayHouse.datas(received, track.id()));
            }
        }
    }

    /// Whatever comes from now on waits.
    private CountDownLatch busy() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        loops.group().next().execute(() -> {
            begun.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertTrue(begun.await(1, TimeUnit.MINUTES));
        return goOn;
    }

    /// Nobody who only stops listening holds a name.
    @Test
    void whoHearsNothingAnyMoreIsHeardForAWhileAndNotForEver() throws Exception {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspClient client = RtspClient.tunnelled(server.port(), "live/a")) {
            client.publish(tracks);
            client.send(tracks, media);
            collector.until(media.size() / 2);
            long begin = System.nanoTime();
            client.deafen();
            collector.untilEnd();
            assertTrue(System.nanoTime() - begin >= RtspLimits.LAST_WORDS_NANOS, "not before its time");
            assertTrue(streams.find(new StreamName("a")).isEmpty());
        }
    }
}
