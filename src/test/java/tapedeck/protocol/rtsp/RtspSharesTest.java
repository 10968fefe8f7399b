package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.BoundPorts;
import tapedeck.net.Connection;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.net.udp.PortPairs;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtspClient;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Rights;
import tapedeck.rtp.TrackGuard;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// What one peer may take of the server, and how long.
class RtspSharesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int FIRST_PORT = 31_001;
    private static final int LAST_PORT = 32_000;

    private final Streams streams = new Streams();
    private final Rights rights = new Rights(Settings.Rights.NONE);
    private EventLoops loops;

    @BeforeEach
    void start() {
        loops = new EventLoops(1);
    }

    @AfterEach
    void stop() {
        loops.close();
    }

    private RtspServer server() {
        Settings.Rtsp settings =
                new Settings.Rtsp(new Settings.Port("rtsp_port", OptionalInt.of(0)), FIRST_PORT, LAST_PORT);
        return new RtspServer(0, settings, rights, loops, streams, new BoundPorts());
    }

    private Publication sound() throws Exception {
        Publisher who =
                new Publisher(Publisher.Protocol.RTMP, "x", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        Publication publication = streams.publish(new StreamName("a"), who, Feedback.NONE);
        publication.announce(TestMedia.tracks(TestMedia.aac(1)).getFirst());
        return publication;
    }

    @Test
    void oneAddressHasItsShareOfThePortsAndNoMore() throws Exception {
        List<RtspClient> clients = new ArrayList<>();
        try (RtspServer server = server();
                Publication _ = sound()) {
            for (int i = 0; i < RtspLimits.MAX_PAIRS_PER_ADDRESS; i++) {
                RtspClient client = new RtspClient(server.port(), "a");
                clients.add(client);
                assertEquals(200, byDatagrams(client).status());
            }
            try (RtspClient other = new RtspClient(server.port(), "a")) {
                RtspClient.Answer refused = byDatagrams(other);
                assertEquals(453, refused.status());
                assertTrue(refused.reason().contains("32"), refused.reason());
                assertEquals(
                        200, other.request("SETUP", "Transport: RTP/AVP/TCP").status());
            }
            RtspClient leaving = clients.removeLast();
            assertEquals(200, leaving.request("TEARDOWN").status());
            leaving.close();
            RtspClient next = new RtspClient(server.port(), "a");
            clients.add(next);
            assertEquals(200, byDatagrams(next).status());
        } finally {
            for (RtspClient client : clients) {
                client.close();
            }
        }
    }

    private static RtspClient.Answer byDatagrams(RtspClient client) throws IOException {
        assertEquals(200, client.request("DESCRIBE").status());
        return client.request("SETUP", "Transport: RTP/AVP;unicast;client_port=9000-9001");
    }

    @Test
    void aNetworkOfIpv6IsOneAddress() throws Exception {
        PortShares shares = new PortShares();
        InetAddress one = InetAddress.getByName("2001:db8:0:1::1");
        InetAddress neighbour = InetAddress.getByName("2001:db8:0:1:8000::2");
        for (int i = 0; i < RtspLimits.MAX_PAIRS_PER_ADDRESS; i++) {
            shares.take(i % 2 == 0 ? one : neighbour);
        }
        assertThrows(IOException.class, () -> shares.take(neighbour));
        shares.take(InetAddress.getByName("2001:db8:0:2::1"));
        shares.take(InetAddress.getByName("192.0.2.1"));
        for (int i = 0; i < RtspLimits.MAX_PAIRS_PER_ADDRESS; i++) {
            shares.giveBack(one);
        }
        assertEquals(0, shares.held(neighbour));
    }

    private RtspSession session(Connection connection) {
        PortPairs pairs = new PortPairs(FIRST_PORT, LAST_PORT, loops);
        return new RtspSession(connection, streams, rights, pairs, new PortShares(), new SecureRandom());
    }

    /// Requests come all the time; time is told to the session.
    @Test
    void whoOnlySetsUpIsGoneAfterAWhileWhateverItAsksMeanwhile() throws Exception {
        AtomicReference<Connection> connected = new AtomicReference<>();
        AtomicReference<RtspSession> session = new AtomicReference<>();
        try (TcpServer server = new TcpServer(0, loops, connection -> {
                    connected.set(connection);
                    session.set(session(connection));
                    return session.get();
                });
                Publication _ = sound();
                RtspClient client = new RtspClient(server.port(), "a")) {
            assertEquals(200, byDatagrams(client).status());
            long afterwards = System.nanoTime();
            for (int second = 1; second < RtspLimits.SETUP_NANOS / SECOND - 1; second++) {
                sweep(connected.get(), session.get(), connected.get().openedNanos() + second * SECOND);
                assertEquals(200, client.request("OPTIONS").status());
                assertEquals(200, client.request("GET_PARAMETER").status());
            }
            sweep(connected.get(), session.get(), afterwards + RtspLimits.SETUP_NANOS + 1);
            client.awaitEnd();
        }
    }

    @Test
    void whoPausesStaysAsLongAsItGivesSigns() throws Exception {
        AtomicReference<Connection> connected = new AtomicReference<>();
        AtomicReference<RtspSession> session = new AtomicReference<>();
        try (TcpServer server = new TcpServer(0, loops, connection -> {
                    connected.set(connection);
                    session.set(session(connection));
                    return session.get();
                });
                Publication _ = sound();
                RtspClient client = new RtspClient(server.port(), "a")) {
            assertEquals(200, byDatagrams(client).status());
            assertEquals(200, client.request("PLAY").status());
            assertEquals(200, client.request("PAUSE").status());
            long afterwards = System.nanoTime();
            sweep(connected.get(), session.get(), afterwards + RtspLimits.TIMEOUT_NANOS - 10 * SECOND);
            assertEquals(200, client.request("OPTIONS").status());
            sweep(connected.get(), session.get(), System.nanoTime() + RtspLimits.TIMEOUT_NANOS + 1);
            client.awaitEnd();
        }
    }

    private static void sweep(Connection connection, RtspSession session, long nowNanos) throws Exception {
        var swept = connection.loop().submit(() -> connection.run(() -> session.swept(nowNanos)));
        assertTrue(swept.await(60, TimeUnit.SECONDS));
    }

    /// A keyframe that claims to be 16383 pixels wide is left out, and what needs it.
    @Test
    void aPublisherThatLiesAboutItsPictureIsHeldBack() throws Exception {
        List<Frame> media = TestMedia.vp8(2);
        List<Track> tracks = TestMedia.tracks(media);
        Frame honest = media.getFirst();
        byte[] lie = honest.data().toByteArray();
        lie[6] = (byte) 0xFF;
        lie[7] |= 0x3F;
        List<Frame> sent = new ArrayList<>();
        sent.add(new Frame(honest.track(), 0, 0, true, Bytes.wrap(lie)));
        sent.addAll(TestMedia.shifted(media, SECOND / 10));
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtspServer server = server();
                RtspClient client = new RtspClient(server.port(), "live/a")) {
            assertEquals(200, client.publish(tracks).status());
            client.send(tracks, sent);
            assertEquals(200, client.request("TEARDOWN").status());
        }
        List<Frame> received = collector.untilEnd();
        assertEquals(media.size(), received.size());
        for (Frame frame : received) {
            assertTrue(((Codec.Video) frame.track().codec()).width() <= TrackGuard.MAX_PICTURE_SIDE);
        }
    }
}
