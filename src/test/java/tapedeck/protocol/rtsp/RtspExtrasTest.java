package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.BoundPorts;
import tapedeck.net.http.TrustedProxies;
import tapedeck.net.tls.ServerTls;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.RtspClient;
import tapedeck.peers.TestMedia;
import tapedeck.relay.Relays;
import tapedeck.rights.Rights;
import tapedeck.rights.UserFile;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Digest, TLS, and the tunnel through HTTP.
class RtspExtrasTest {
    private static final int DEADLINE_MILLIS = 60_000;
    /// Frames that a stream of sound keeps for newcomers.
    private static final int MANY = 3;

    @TempDir
    private Path folder;

    private Rights passwords(UserFile.Kept kept) throws IOException {
        Path users = folder.resolve("users.properties");
        UserFile.put(users, "alice", "wonderland", kept);
        return new Rights(
                new Settings.Rights(
                        Proof.PASSWORD,
                        Proof.PASSWORD,
                        users,
                        Settings.Rights.NONE.jwt(),
                        Settings.Rights.NONE.webhook()),
                TrustedProxies.NONE);
    }

    private static Publication live(RelayHouse house, String name, List<Frame> frames) throws Exception {
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP, "test", "test", "test", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        Publication publication = house.streams.publish(new StreamName(name), publisher, Feedback.NONE);
        frames.forEach(publication::write);
        return publication;
    }

    private static String challenges(RtspClient.Answer answer) {
        return String.valueOf(answer.headers().get("www-authenticate"));
    }

    @Test
    void digestIsOfferedWhereAllUsersCanAndOpensTheDoor() throws Exception {
        List<Frame> sound = TestMedia.aac(1);
        try (Rights rights = passwords(UserFile.Kept.DIGEST_TOO);
                RelayHouse there = new RelayHouse(rights);
                RelayHouse here = new RelayHouse()) {
            live(there, "a", sound);
            String url = there.url("a").replace("rtsp://", "rtsp://alice:wonderland@");
            FrameCollector collector = FrameCollector.of(here.streams, "copy");
            here.pull(url, "copy", "tcp");
            collector.until(MANY);
            String wrong =
                    here.pull(url.replace("wonderland", "looking"), "b", "tcp").id();
            assertTrue(here.failure(wrong).contains("401"), here.failure(wrong));
        }
    }

    @Test
    void whatWasHeardElsewhereIsStale() throws Exception {
        try (Rights rights = passwords(UserFile.Kept.DIGEST_TOO);
                RelayHouse house = new RelayHouse(rights)) {
            live(house, "a", TestMedia.aac(1));
            String proof;
            try (RtspClient client = new RtspClient(house.port(), "live/a")) {
                RtspLogin login = new RtspLogin("alice", "wonderland", new Random(1));
                assertTrue(login.challenged(asked(client)));
                proof = "Authorization: "
                        + login.authorization("DESCRIBE", client.url()).orElseThrow();
                assertEquals(200, client.request("DESCRIBE", proof).status());
            }
            try (RtspClient other = new RtspClient(house.port(), "live/a")) {
                RtspClient.Answer replayed = other.request("DESCRIBE", proof);
                assertEquals(401, replayed.status());
                assertTrue(challenges(replayed).contains("stale=true"), challenges(replayed));
                String broken = "Authorization: Digest username=\"alice\", nonce=x, algorithm=SHA-512-256";
                assertEquals(400, other.request("DESCRIBE", broken).status());
                String unknown = "Authorization: Digest nonce=x";
                assertEquals(400, other.request("DESCRIBE", unknown).status());
            }
        }
    }

    private static String asked(RtspClient client) throws IOException {
        RtspClient.Answer answer = client.request("DESCRIBE");
        assertEquals(401, answer.status());
        return challenges(answer);
    }

    @Test
    void withoutItsSecretsDigestIsNotOffered() throws Exception {
        try (Rights rights = passwords(UserFile.Kept.HASH);
                RelayHouse house = new RelayHouse(rights);
                RtspClient client = new RtspClient(house.port(), "live/a")) {
            assertEquals("Basic realm=\"Tapedeck\"", challenges(client.request("DESCRIBE")));
        }
    }

    @Test
    void overTlsItIsTheSame() throws Exception {
        List<Frame> media = TestMedia.aac(1);
        ServerTls tls = ServerTls.of(folder, new Settings.Tls(Optional.empty(), Optional.empty()));
        try (RelayHouse there = new RelayHouse();
                RtspServer secure = new RtspServer(
                        0,
                        Optional.of(tls),
                        there.ports,
                        new Rights(Settings.Rights.NONE),
                        there.loops,
                        there.streams,
                        new BoundPorts());
                RelayHouse here = new RelayHouse();
                Relays trusting = new Relays(
                                new Settings.Relays(
                                        List.of(),
                                        List.of(),
                                        List.of("127.0.0.0/8"),
                                        60,
                                        tls.certificate().toString()),
                                here.streams)
                        .pullWith(new RtspPull(here.loops, here.ports))) {
            live(there, "a", media);
            FrameCollector collector = FrameCollector.of(here.streams, "copy");
            String url = "rtsps://127.0.0.1:%d/live/a".formatted(secure.port());
            trusting.pull(url, new StreamName("copy"), Map.of());
            collector.until(MANY);
            // Who does not trust the certificate gets nothing.
            String id = here.relays.pull(url, new StreamName("b"), Map.of()).id();
            assertTrue(here.failure(id).startsWith("no TLS"), here.failure(id));
        }
    }

    @Test
    void throughHttpWhatIsAskedInBase64IsAnsweredPlainly() throws Exception {
        try (RelayHouse house = new RelayHouse();
                Socket back = socket(house);
                Socket forth = socket(house)) {
            live(house, "a", TestMedia.aac(1));
            say(back, "GET /live/a HTTP/1.0\r\nx-sessioncookie: abc\r\n\r\n");
            BufferedReader answers =
                    new BufferedReader(new InputStreamReader(back.getInputStream(), StandardCharsets.ISO_8859_1));
            assertTrue(message(answers).startsWith("HTTP/1.0 200"));
            say(forth, "POST /live/a HTTP/1.0\r\nX-SessionCookie: abc\r\nContent-Length: 32767\r\n\r\n");
            String first = base64("OPTIONS rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n");
            // Cut anywhere, with line ends in between.
            for (String part : first.split("(?<=\\G.{7})", -1)) {
                say(forth, part + "\r\n");
            }
            assertTrue(message(answers).contains("CSeq: 1"));
            say(forth, base64("DESCRIBE rtsp://h/live/a RTSP/1.0\r\nCSeq: 2\r\n\r\n"));
            String described = message(answers);
            assertTrue(described.startsWith("RTSP/1.0 200") && described.contains("CSeq: 2"), described);
            // A POST of nobody, a second GET of the same name, and no base64: each ends one connection.
            for (String wrong : List.of(
                    "POST / HTTP/1.0\r\nx-sessioncookie: other\r\n\r\n",
                    "GET / HTTP/1.0\r\nx-sessioncookie: abc\r\n\r\n",
                    "GET / HTTP/1.0\r\nx-sessioncookie: " + "c".repeat(200) + "\r\n\r\n",
                    "POST / HTTP/1.0\r\nx-sessioncookie: abc\r\n\r\n????????",
                    "GET / HTTP/1.0\r\nX: " + "y".repeat(5_000))) {
                try (Socket stranger = socket(house)) {
                    say(stranger, wrong);
                    assertEquals(0, stranger.getInputStream().readAllBytes().length, wrong);
                }
            }
            say(forth, base64("OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n"));
            assertTrue(lines(answers, "CSeq: 3"), "the tunnel goes on");
        }
    }

    /// Programs that are killed leave this way every day.
    @Test
    void aResetIsNoFault() throws Exception {
        Logger root = (Logger) LoggerFactory.getLogger("tapedeck.protocol.rtsp");
        ConcurrentLinkedQueue<ILoggingEvent> events = new ConcurrentLinkedQueue<>();
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                events.add(event);
            }
        };
        appender.start();
        root.addAppender(appender);
        try (RelayHouse house = new RelayHouse()) {
            Socket socket = socket(house);
            String peer = "127.0.0.1:" + socket.getLocalPort();
            say(socket, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
            assertTrue(socket.getInputStream().read() >= 0);
            socket.setSoLinger(true, 0);
            socket.close();
            await(
                    "a line",
                    () -> events.stream().anyMatch(event -> said(event, peer).contains("connection lost")));
            List<String> lines = events.stream()
                    .map(event -> said(event, peer))
                    .filter(line -> !line.isEmpty())
                    .toList();
            assertEquals(1, lines.size(), lines.toString());
            assertTrue(lines.getFirst().startsWith("INFO"), lines.toString());
        } finally {
            root.detachAppender(appender);
        }
    }

    /// What was said of this peer, or "".
    private static String said(ILoggingEvent event, String peer) {
        String line = event.getLevel() + " " + event.getFormattedMessage();
        return line.contains(peer) ? line : "";
    }

    private static Socket socket(RelayHouse house) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), house.port());
        socket.setSoTimeout(DEADLINE_MILLIS);
        return socket;
    }

    private static void say(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String message(BufferedReader in) throws IOException {
        StringBuilder message = new StringBuilder();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            message.append(line).append('\n');
        }
        return message.toString();
    }

    private static boolean lines(BufferedReader in, String wanted) throws IOException {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals(wanted)) {
                return true;
            }
        }
        return false;
    }

    /// What a track is not is not kept: the sound of LATM is AAC like any other.
    @Test
    void latmBecomesTheSameFrames() throws Exception {
        List<Frame> sound = TestMedia.aac(1);
        assertTrue(sound.stream().allMatch(frame -> frame.track().id() == Track.AUDIO));
        LatmPackets.assertSame(sound);
    }
}
