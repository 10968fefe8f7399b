package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;
import tapedeck.relay.RelayReport;
import tapedeck.rtp.sdp.SessionDescription;

/// Servers that are broken or mean: a pull ends with one clear message, and nothing else is touched.
class HostileServersTest {
    private static final String SDP = "v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            + "a=control:v\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\n";
    private static final int MANY = 200;

    /// What a good one says.
    private static String good(ScriptedServer.Request request) {
        return switch (request.method()) {
            case "DESCRIBE" -> request.answer("200 OK", SDP);
            case "SETUP" -> request.answer("200 OK", "", "Session: 1", "Transport: " + request.header("transport"));
            default -> request.answer("200 OK", "", "Session: 1");
        };
    }

    /// Good until this method comes.
    private static ScriptedServer.Script at(String method, ScriptedServer.Script bad) {
        return (request, wire) -> {
            if (request.method().equals(method)) {
                bad.request(request, wire);
            } else {
                wire.say(good(request));
            }
        };
    }

    private static ScriptedServer.Script says(String method, String status, String... headers) {
        return at(method, (request, wire) -> wire.say(request.answer(status, "", headers)));
    }

    private static ScriptedServer.Script describes(String sdp) {
        return at("DESCRIBE", (request, wire) -> wire.say(request.answer("200 OK", sdp)));
    }

    private static void forEver(ScriptedServer.Wire wire, String text) throws IOException {
        while (!wire.socket().isClosed()) {
            wire.say(text);
        }
    }

    private static void endlessHeaders(ScriptedServer.Request request, ScriptedServer.Wire wire) throws IOException {
        wire.say("RTSP/1.0 200 OK\r\n");
        while (!wire.socket().isClosed()) {
            wire.say("X: " + "y".repeat(60) + "\r\n");
        }
    }

    private static void lessThanPromised(ScriptedServer.Request request, ScriptedServer.Wire wire) throws IOException {
        wire.say(request.answer("200 OK", "", "Content-Length: 5000"));
        wire.close();
    }

    private static void answersToNothing(ScriptedServer.Request request, ScriptedServer.Wire wire) throws IOException {
        wire.say("RTSP/1.0 200 OK\r\nCSeq: 4711\r\n\r\n".repeat(MANY));
    }

    private static void requestsOfItsOwn(ScriptedServer.Request request, ScriptedServer.Wire wire) throws IOException {
        wire.say("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".repeat(MANY));
    }

    private static void channelsOfNobody(ScriptedServer.Request request, ScriptedServer.Wire wire) throws IOException {
        wire.say(good(request));
        for (int i = 0; i < MANY; i++) {
            wire.packet(10 + i, Bytes.wrap(new byte[100]));
        }
    }

    /// By the message that each of them gets.
    private static Map<String, ScriptedServer.Script> brokenMessages() {
        Map<String, ScriptedServer.Script> scripts = new LinkedHashMap<>();
        scripts.put("headers of more than 16384 bytes", at("DESCRIBE", HostileServersTest::endlessHeaders));
        scripts.put("Content-Length is no number up to 65536", says("DESCRIBE", "200 OK", "Content-Length: -5"));
        scripts.put("two headers content-length", says("OPTIONS", "200 OK", "Content-Length: 0", "Content-Length: 1"));
        scripts.put("the peer closed the connection", at("DESCRIBE", HostileServersTest::lessThanPromised));
        scripts.put("no answer to OPTIONS within 10 s", (_, _) -> {});
        scripts.put("more than 100 answers to nothing", at("DESCRIBE", HostileServersTest::answersToNothing));
        scripts.put("more than 100 requests a second", at("DESCRIBE", HostileServersTest::requestsOfItsOwn));
        scripts.put("no media within 10 s", at("PLAY", HostileServersTest::channelsOfNobody));
        scripts.put("HTTP on the port of RTSP", (_, wire) -> wire.say("HTTP/1.1 400 Bad Request\r\n\r\n"));
        scripts.put("no RTSP: the first byte", (_, wire) -> wire.raw(new byte[] {0x16, 3, 1}));
        return scripts;
    }

    private static Map<String, ScriptedServer.Script> refusals() {
        Map<String, ScriptedServer.Script> scripts = new LinkedHashMap<>();
        scripts.put("SDP of more than 64 media", describes("v=0\r\n" + "m=video 0 RTP/AVP 96\r\n".repeat(1_000)));
        scripts.put("SDP of more than 1000 attributes", describes("v=0\r\n" + "a=x\r\n".repeat(5_000)));
        scripts.put("neither video nor audio", describes("v=0\r\ns=x\r\nm=application 0 RTP/AVP 96\r\n"));
        scripts.put(
                "video JPEG cannot be received", describes("v=0\r\ns=x\r\nm=video 0 RTP/AVP 26\r\na=control:v\r\n"));
        scripts.put("SDP is empty", describes(""));
        scripts.put("redirected more than 5 times", says("DESCRIBE", "302 Moved", "Location: /round"));
        scripts.put("10.0.0.1", says("DESCRIBE", "301 Moved", "Location: rtsp://10.0.0.1/x"));
        scripts.put("which is not followed", says("DESCRIBE", "301 Moved", "Location: http://127.0.0.1/x"));
        scripts.put("DESCRIBE: 401 No", says("DESCRIBE", "401 No", "WWW-Authenticate: Basic realm=\"x\""));
        scripts.put("DESCRIBE: 404 Not Found", says("DESCRIBE", "404 Not Found"));
        scripts.put(
                "the server gives one channel to two",
                says("SETUP", "200 OK", "Transport: RTP/AVP/TCP;interleaved=0-1"));
        scripts.put(
                "channel or port cannot be read", says("SETUP", "200 OK", "Transport: RTP/AVP/TCP;interleaved=300"));
        scripts.put("UDP where TCP was asked for", says("SETUP", "200 OK", "Transport: RTP/AVP;server_port=1-2"));
        return scripts;
    }

    /// All at once, since some of them only make one wait.
    @Test
    void eachOfThemEndsAPullWithItsOwnMessage() throws Exception {
        List<ScriptedServer> servers = new ArrayList<>();
        try (RelayHouse house = new RelayHouse()) {
            Map<String, String> running = new LinkedHashMap<>();
            Map<String, ScriptedServer.Script> scripts = brokenMessages();
            scripts.putAll(refusals());
            for (Map.Entry<String, ScriptedServer.Script> script : scripts.entrySet()) {
                ScriptedServer server = new ScriptedServer(script.getValue());
                servers.add(server);
                running.put(
                        script.getKey(),
                        house.pull(server.url("x"), "a" + running.size(), "tcp").id());
            }
            for (Map.Entry<String, String> pull : running.entrySet()) {
                String failure = house.failure(pull.getValue());
                assertTrue(
                        failure.contains(pull.getKey()), () -> "\"%s\" expected: %s".formatted(pull.getKey(), failure));
            }
            assertEquals(0, house.ports.inUse());
            assertTrue(house.streams.all().isEmpty(), "no stream came of it");
        } finally {
            for (ScriptedServer server : servers) {
                server.close();
            }
        }
    }

    /// 461, or nothing that arrives: then over TCP, and the next time at once.
    @Test
    void whereUdpIsRefusedItIsTcp() throws Exception {
        try (RelayHouse house = new RelayHouse();
                ScriptedServer server = new ScriptedServer(at(
                        "SETUP",
                        (request, wire) -> wire.say(
                                request.header("transport").contains("TCP")
                                        ? good(request)
                                        : request.answer("461 Unsupported Transport", ""))))) {
            String id = house.pull(server.url("x"), "a", "auto").id();
            await(
                    "PLAY over TCP",
                    () -> server.requests().stream().anyMatch(r -> r.method().equals("PLAY")));
            house.relays.terminate(id, "enough");
            List<String> transports = server.requests().stream()
                    .filter(r -> r.method().equals("SETUP"))
                    .map(r -> r.header("transport").replaceAll("[0-9]+", "N"))
                    .toList();
            assertEquals(
                    List.of(
                            "RTP/AVP;unicast;client_port=N-N",
                            "RTP/AVP/TCP;unicast;interleaved=N-N",
                            "RTP/AVP/TCP;unicast;interleaved=N-N"),
                    transports);
            assertEquals(0, house.ports.inUse());
        }
    }

    @Test
    void whereUdpStaysSilentItIsTcpAndTheNextTimeAtOnce() throws Exception {
        try (RelayHouse house = new RelayHouse();
                ScriptedServer server = new ScriptedServer(at(
                        "SETUP",
                        (request, wire) -> wire.say(
                                request.header("transport").contains("TCP")
                                        ? good(request)
                                        : request.answer(
                                                "200 OK",
                                                "",
                                                "Session: 1",
                                                "Transport: " + request.header("transport")
                                                        + ";server_port=40000-40001"))))) {
            String id = house.pull(server.url("x"), "a", "auto").id();
            await(
                    "PLAY by UDP and then over TCP",
                    () -> server.requests().stream()
                                    .filter(r -> r.method().equals("PLAY"))
                                    .count()
                            == 2);
            house.relays.terminate(id, "enough");
            await("its end", () -> house.report(id).state() == RelayReport.State.ENDED);
            int before = server.requests().size();
            String again = house.pull(server.url("y"), "b", "auto").id();
            await(
                    "PLAY at once",
                    () -> server.requests().stream()
                                    .filter(r -> r.method().equals("PLAY"))
                                    .count()
                            == 3);
            house.relays.terminate(again, "enough");
            assertTrue(server.requests().subList(before, server.requests().size()).stream()
                    .filter(r -> r.method().equals("SETUP"))
                    .allMatch(r -> r.header("transport").contains("TCP")));
        }
    }

    /// Where the appended name is not known, the one that RFC 3986 makes of it is tried.
    @Test
    void aTrackIsCalledByItsOtherNameToo() {
        assertEquals(
                List.of("rtsp://h/a?b=c/video", "rtsp://h/video"),
                ControlAddress.candidates("rtsp://h/a?b=c", "video"));
        assertEquals(List.of("rtsp://h/a/video"), ControlAddress.candidates("rtsp://h/a/", "video"));
        assertEquals(List.of("rtsp://x/v"), ControlAddress.candidates("rtsp://h/a/", "rtsp://x/v"));
        assertEquals(List.of("rtsp://h/a/"), ControlAddress.candidates("rtsp://h/a/", "*"));
        assertEquals("rtsp://h/a/", ControlAddress.ofAll("rtsp://h/a/", null));
    }

    @Test
    void keepAlivesComeInHalfTheTimeThatTheServerAllows() {
        assertEquals(30, KeepAlive.intervalSeconds(null));
        assertEquals(30, KeepAlive.intervalSeconds("1;timeout=120"));
        assertEquals(10, KeepAlive.intervalSeconds("1 ; Timeout = 20"));
        assertEquals(1, KeepAlive.intervalSeconds("1;timeout=0"));
        assertEquals(30, KeepAlive.intervalSeconds("1;timeout=99999999999"));
    }

    @Test
    void noAnswerDoesHarm() {
        Bytes whole = Bytes.ofUtf8("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Base: rtsp://h/a/\r\n"
                + "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n"
                + "WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\nContent-Length: " + SDP.length() + "\r\n\r\n"
                + SDP);
        Fuzz.parser(List.of(whole), SharedMedia.bytes("sdp", "txt"), HostileServersTest::read);
    }

    private static void read(Bytes bytes) {
        new RtspDecoder(message -> {
                    if (message instanceof RtspMessage.Answer answer) {
                        understand(answer);
                    }
                })
                .decode(Unpooled.wrappedBuffer(bytes.asByteBuffer()));
    }

    private static void understand(RtspMessage.Answer answer) {
        String transport = answer.header("transport");
        if (transport != null) {
            TransportHeader.answered(transport);
        }
        String challenge = answer.header("www-authenticate");
        if (challenge != null) {
            RtspLogin login = new RtspLogin("u", "p", new Random(1));
            login.challenged(challenge);
            login.authorization("DESCRIBE", "rtsp://h/");
        }
        KeepAlive.intervalSeconds(answer.header("session"));
        String base = ControlAddress.base(answer, "rtsp://h/a");
        if (answer.body().isEmpty()) {
            return;
        }
        SessionDescription description = SessionDescription.parse(answer.body().toUtf8());
        ControlAddress.ofAll(base, description.attribute("control"));
        try {
            AnnouncedTrack.taken(description).forEach(track -> ControlAddress.candidates(base, track.control()));
        } catch (AnnouncedTrack.UnsupportedException _) {
            // It says what is missing.
        }
    }
}
