package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.net.tls.ServerTls;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.TestFlv;
import tapedeck.peers.TestMedia;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// A near server fetches from a far one and sends to it.
@Timeout(180)
class RtmpRelayTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();

    @TempDir
    Path folder;

    private final Streams near = new Streams();
    private final Streams far = new Streams();
    private EventLoops loops;
    private RtmpServer nearServer;
    private RtmpServer farServer;
    private Relays relays;

    @BeforeEach
    void start() throws Exception {
        loops = new EventLoops(2);
        nearServer = server(0, near, Optional.empty());
        farServer = server(0, far, Optional.empty());
        relays = relays("");
    }

    private RtmpServer server(int port, Streams streams, Optional<ServerTls> tls) {
        Rights free = new Rights(Settings.Rights.NONE, TrustedProxies.NONE);
        return new RtmpServer(port, tls, free, loops, streams, new BoundPorts());
    }

    private Relays relays(String tlsCa, Settings.Relayed... pulls) throws Exception {
        RtmpRelayClient client = new RtmpRelayClient(loops);
        return new Relays(new Settings.Relays(List.of(pulls), List.of(), List.of("loopback"), 60, tlsCa), near)
                .pullWith(client)
                .pushWith(client);
    }

    @AfterEach
    void stop() {
        relays.close();
        nearServer.close();
        farServer.close();
        loops.close();
    }

    private static String url(int port, String stream) {
        return "rtmp://127.0.0.1:%d/live/%s".formatted(port, stream);
    }

    private RelayReport report() {
        return relays.all().getLast();
    }

    private static void awaitReader(Streams streams, String name) {
        await(
                "somebody reads " + name,
                () -> streams.find(new StreamName(name))
                        .map(stream -> stream.statistics().liveReaders() == 1)
                        .orElse(false));
    }

    private static Publication publish(Streams streams, String name) throws Exception {
        return publish(streams, name, Publisher.Expects.UNKNOWN);
    }

    private static Publication publish(Streams streams, String name, Publisher.Expects expects) throws Exception {
        Publisher who =
                new Publisher(Publisher.Protocol.RTMP, "127.0.0.1:1", "id", "login", Publisher.RecordWish.NO, expects);
        return streams.publish(new StreamName(name), who, Feedback.NONE);
    }

    @Test
    void everyFrameOfAnotherServerIsFetched() throws Exception {
        FrameCollector copy = FrameCollector.of(near, "copy");
        try (RtmpClient publisher = RtmpClient.connected(farServer.port()).publish("a")) {
            relays.pull(url(farServer.port(), "a"), new StreamName("copy"), Map.of());
            awaitReader(far, "a");
            publisher.send(CLIP);
            publisher.unpublish();
            FrameCollector.assertSame(CLIP.media(), copy.untilEnd());
        }
        await("the pull is over", () -> report().state() == RelayReport.State.ENDED);
        assertEquals("the stream is over", report().lastError());
    }

    @Test
    void everyFrameIsSentToAnotherServer() throws Exception {
        FrameCollector copy = FrameCollector.of(far, "studio/copy");
        try (RtmpClient publisher = RtmpClient.connected(nearServer.port()).publish("a")) {
            relays.push(new StreamName("a"), url(farServer.port(), "/studio/copy?x=1"), Map.of());
            awaitReader(near, "a");
            publisher.send(CLIP);
            publisher.unpublish();
            FrameCollector.assertSame(CLIP.media(), copy.untilEnd());
            assertEquals("unpublished", copy.endReason());
        }
        await("the push is over", () -> report().state() == RelayReport.State.ENDED);
    }

    @Test
    void aStreamGoesOnWhenItsServerComesBack() throws Exception {
        FrameCollector copy = FrameCollector.of(near, "copy");
        int port = farServer.port();
        try (RtmpClient publisher = RtmpClient.connected(port).publish("a")) {
            relays = relays("", new Settings.Relayed("copy", url(port, "a"), Map.of()));
            relays.startConfigured();
            awaitReader(far, "a");
            publisher.send(CLIP);
            copy.until(CLIP.media().size());
            farServer.close();
        }
        await("it is broken", () -> report().state() != RelayReport.State.ACTIVE);
        farServer = server(port, far, Optional.empty());
        try (RtmpClient publisher = RtmpClient.connected(port).publish("a")) {
            awaitReader(far, "a");
            publisher.send(CLIP);
            int half = CLIP.media().size();
            List<Frame> frames = copy.until(2 * half);
            long before = frames.get(half - 1).dtsNanos();
            long after = frames.get(half).dtsNanos();
            // It ran ahead of the clock at first: four seconds were sent at once.
            assertTrue(after > before, before + " " + after);
            assertTrue(frames.get(half).keyframe());
            assertEquals(frames.get(0).track(), frames.get(half).track(), "so that a file goes on");
        }
    }

    @Test
    void soundThatRtmpDoesNotHaveIsLeftOutAndNamed() throws Exception {
        FrameCollector copy = FrameCollector.of(far, "copy");
        List<Frame> frames = TestMedia.of("h264+g722", 1);
        List<Frame> pictures =
                frames.stream().filter(frame -> frame.track().isVideo()).toList();
        try (Publication publication = publish(near, "a")) {
            relays.push(new StreamName("a"), url(farServer.port(), "copy"), Map.of());
            awaitReader(near, "a");
            frames.forEach(publication::write);
            assertEquals(
                    pictures.stream().map(Frame::data).toList(),
                    copy.until(pictures.size()).stream().map(Frame::data).toList());
            assertEquals("RTMP cannot carry g722", report().leftOut());
        }
    }

    @Test
    void soundThatIsAllThereIsEndsThePushWithItsName() throws Exception {
        try (Publication publication = publish(near, "a", Publisher.Expects.AUDIO)) {
            TestMedia.of("g722", 1).forEach(publication::write);
            awaitError(relays.push(new StreamName("a"), url(farServer.port(), "copy"), Map.of()), "cannot carry g722");
        }
    }

    @Test
    void codecsOfEnhancedRtmpAreSentToWhomTakesThem() throws Exception {
        FrameCollector copy = FrameCollector.of(far, "copy");
        Track track = new Track(Track.VIDEO, new Codec.Vp8(320, 180));
        // A keyframe of 320 x 180: frame tag, start code, width, height.
        Frame frame = new Frame(track, 0, 0, true, Bytes.ofHex("500000" + "9d012a" + "4001" + "b400" + "aabb"));
        try (Publication publication = publish(near, "a")) {
            relays.push(new StreamName("a"), url(farServer.port(), "copy"), Map.of());
            awaitReader(near, "a");
            publication.write(frame);
            Frame copied = copy.until(1).getFirst();
            assertEquals(frame.data(), copied.data());
            assertEquals(track.codec(), copied.track().codec());
        }
        copy.untilEnd();
    }

    /// Else players there would have only the first track, in formats that name all of them at their beginning.
    @Test
    void aTrackThatIsStillToComeIsSaidAlready() throws Exception {
        FrameCollector copy = FrameCollector.of(near, "copy");
        Track track = new Track(Track.VIDEO, new Codec.Vp8(320, 180));
        Frame frame = new Frame(track, 0, 0, true, Bytes.ofHex("500000" + "9d012a" + "4001" + "b400" + "aabb"));
        try (Publication publication = publish(far, "a", Publisher.Expects.BOTH)) {
            relays.pull(url(farServer.port(), "a"), new StreamName("copy"), Map.of());
            awaitReader(far, "a");
            publication.write(frame);
            copy.until(1);
            assertEquals(Publisher.Expects.BOTH, copy.stream().publisher().expects());
            assertFalse(copy.stream().knowsItsTracks());
        }
        copy.untilEnd();
    }

    @Test
    void whatTheOtherServerSaysIsTold() throws Exception {
        RelayReport pull = relays.pull(url(farServer.port(), "nothing"), new StreamName("copy"), Map.of());
        awaitError(pull, "NetStream.Play.StreamNotFound");
        try (Publication _ = publish(near, "a");
                Publication _ = publish(far, "taken")) {
            awaitError(
                    relays.push(new StreamName("a"), url(farServer.port(), "taken"), Map.of()),
                    "already being published");
            String noName = "rtmp://127.0.0.1:%d/".formatted(farServer.port());
            awaitError(relays.push(new StreamName("a"), noName, Map.of()), "application/stream is needed");
        }
    }

    /// Of this one: what has ended stands before what runs.
    private void awaitError(RelayReport relay, String error) {
        await(
                error,
                () -> relays.all().stream()
                        .anyMatch(one ->
                                one.id().equals(relay.id()) && one.lastError().contains(error)));
    }

    @Test
    void whoSpeaksSomethingElseIsNoRtmpServer() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try (Socket one = other.accept()) {
                    one.getInputStream().readNBytes(1537);
                    one.getOutputStream()
                            .write(Bytes.ofUtf8("HTTP/1.1 400 Bad Request").toByteArray());
                    one.getInputStream().readAllBytes();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            relays.pull(url(other.getLocalPort(), "a"), new StreamName("copy"), Map.of());
            await("the error", () -> report().lastError().equals("no RTMP: first byte 0x48"));
        }
        await("nobody listens any more", () -> report().lastError().startsWith("no connection"));
    }

    @Test
    void anEncryptedServerHasToShowACertificateThatCounts() throws Exception {
        ServerTls tls = ServerTls.of(folder, new Settings.Tls(Optional.empty(), Optional.empty()));
        try (RtmpServer encrypted = server(0, far, Optional.of(tls));
                Publication _ = publish(near, "a")) {
            String url = "rtmps://localhost:%d/live/copy".formatted(encrypted.port());
            relays.push(new StreamName("a"), url, Map.of());
            await("nobody knows who signed it", () -> report().lastError().contains("no TLS"));
            for (String whom : List.of(tls.certificate().toString(), "none")) {
                relays.close();
                relays = relays(whom);
                FrameCollector copy = FrameCollector.of(far, "copy");
                try (RtmpClient publisher =
                        RtmpClient.connected(nearServer.port()).publish("b " + whom.length())) {
                    relays.push(new StreamName("b " + whom.length()), url, Map.of());
                    awaitReader(near, "b " + whom.length());
                    publisher.send(CLIP);
                    publisher.unpublish();
                    FrameCollector.assertSame(CLIP.media(), copy.untilEnd());
                }
            }
        }
    }
}
