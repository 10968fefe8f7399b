package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.RtspClient;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Hook;
import tapedeck.rights.Rights;
import tapedeck.rights.Tokens;
import tapedeck.rights.UserFile;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// How RTSP asks for rights: players know passwords only, so a token may stand where the password does.
@Timeout(120)
class RtspRightsTest {
    private static final List<Frame> SOUND = TestMedia.aac(1);

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(1);

    @TempDir
    private Path folder;

    private Hook hook;
    private Rights rights;
    private RtspServer server;
    private Publication live;

    @BeforeEach
    void open() throws Exception {
        hook = new Hook();
        Publisher who =
                new Publisher(Publisher.Protocol.RTMP, "x", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        live = streams.publish(new StreamName("live"), who, Feedback.NONE);
        live.announce(TestMedia.tracks(SOUND).getFirst());
    }

    @AfterEach
    void close() {
        server.close();
        live.close("over");
        loops.close();
        rights.close();
        hook.close();
    }

    private void serve(Proof proof) throws Exception {
        Path users = folder.resolve("users.properties");
        UserFile.put(users, "alice", "wonderland");
        rights = new Rights(
                new Settings.Rights(
                        proof,
                        proof,
                        users,
                        new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                        new Settings.AuthWebhook(Optional.of(hook.url()), 30)),
                TrustedProxies.NONE);
        Settings.Rtsp settings = new Settings.Rtsp(new Settings.Port("rtsp_port", OptionalInt.of(0)), 31_001, 32_000);
        server = new RtspServer(0, settings, rights, loops, streams, new BoundPorts());
    }

    private static String basic(String user, String password) {
        byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
        return "Authorization: Basic " + Base64.getEncoder().encodeToString(pair);
    }

    private static String token() {
        return Tokens.signed(Tokens.claims(60).build());
    }

    /// Asks once to publish `cam` and once to play `live`.
    private void assertBoth(int status, String query, String... headers) throws Exception {
        try (RtspClient client = new RtspClient(server.port(), "a/cam" + query)) {
            RtspClient.Answer answer =
                    client.ask("ANNOUNCE", client.url(), client.description(TestMedia.tracks(SOUND)), headers);
            assertEquals(status, answer.status(), "publish: " + answer);
            assertAsks(answer);
        }
        try (RtspClient client = new RtspClient(server.port(), "a/live" + query)) {
            RtspClient.Answer answer = client.request("DESCRIBE", headers);
            assertEquals(status, answer.status(), "play: " + answer);
            assertAsks(answer);
        }
    }

    private static void assertAsks(RtspClient.Answer answer) {
        assertEquals(
                answer.status() == 401 ? "Basic realm=\"Tapedeck\"" : null,
                answer.headers().get("www-authenticate"));
    }

    @Test
    void aPasswordOpensAndNothingElse() throws Exception {
        serve(Proof.PASSWORD);
        assertBoth(401, "");
        assertBoth(401, "", basic("alice", "looking-glass"));
        assertBoth(401, "", basic("", "wonderland"));
        assertBoth(200, "", basic("alice", "wonderland"));
        assertBoth(200, "?user=alice&password=wonderland");
    }

    @Test
    void aTokenOpensWhereverItStands() throws Exception {
        serve(Proof.JWT);
        assertBoth(401, "");
        assertBoth(401, "", basic("alice", "wonderland"));
        assertBoth(401, "?token=x");
        assertBoth(200, "", basic("alice", token()));
        assertBoth(200, "", basic("", token()));
        assertBoth(200, "", "Authorization: Bearer " + token());
        assertBoth(200, "?token=" + token());
    }

    @Test
    void aTokenForOtherStreamsIsForbidden() throws Exception {
        serve(Proof.JWT);
        String other = Tokens.signed(
                Tokens.claims(60).claim("publish", "x").claim("play", "x").build());
        assertBoth(403, "", basic("alice", other));
    }

    @Test
    void aHookIsAskedWithWhatWasShown() throws Exception {
        serve(Proof.WEBHOOK);
        hook.answers(exchange ->
                exchange.sendResponseHeaders(hook.asked().getLast().contains("wonderland") ? 200 : 403, -1));
        assertBoth(401, "");
        assertBoth(401, "", basic("alice", "looking-glass"));
        assertBoth(200, "", basic("alice", "wonderland"));
        assertTrue(
                hook.asked().getLast().contains("\"protocol\":\"rtsp\""),
                hook.asked().getLast());
    }
}
