package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.net.http.Digest;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Golden;
import tapedeck.peers.SharedMedia;

/// The answers of cameras: a server says them again, and the right tracks are set up by the right names.
class CamerasTest {
    /// What a camera says in one of these files. None of the recorded ones is left out.
    private static final String KINDS =
            ".*(describe|sdp|_play|bad_rtptime|setup|_options|_teardown|_unauthorized).*|request|response";

    /// Where answers are.
    private enum Answers {
        /// Made for this test, in the ways in which real ones differ: always there.
        OURS("our-", 15, 7, 3, 3),
        /// Of some 25 real cameras, of which 19 describe what they have; beside the project where they exist.
        RECORDED("", 45, 19, 8, 12);

        private final String golden;
        private final int count;
        private final int described;
        private final int played;
        private final int setUp;

        Answers(String golden, int count, int described, int played, int setUp) {
            this.golden = golden;
            this.count = count;
            this.described = described;
            this.played = played;
            this.setUp = setUp;
        }

        private List<Path> files() throws IOException {
            if (this == RECORDED) {
                return SharedMedia.files("sdp", "txt");
            }
            try (Stream<Path> files = Files.list(Path.of("src", "test", "resources", "cameras"))) {
                return files.sorted().toList();
            }
        }
    }

    private static List<Answers> answers() throws IOException {
        return Answers.RECORDED.files().isEmpty() ? List.of(Answers.OURS) : List.of(Answers.values());
    }

    private static final String PLAIN_SDP =
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n";

    /// Five packets of PCMU, interleaved (RFC 2326 10.12).
    private static byte[] sound() {
        ByteBuffer out = ByteBuffer.allocate(5 * (4 + 12 + 160));
        for (int i = 0; i < 5; i++) {
            out.put((byte) '$').put((byte) 0).putShort((short) 172);
            out.put((byte) 0x80)
                    .put((byte) 0)
                    .putShort((short) i)
                    .putInt(160 * i)
                    .putInt(1);
            out.position(out.position() + 160);
        }
        return out.array();
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName()).replace(".txt", "");
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1).replaceAll("\\r?\\n", "\r\n");
    }

    /// The answer as it was, but with the number of our request.
    private static String numbered(String answer, ScriptedServer.Request request) {
        return answer.replaceFirst("(?im)^cseq:.*$", "CSeq: " + request.header("cseq"));
    }

    private static String described(String file, ScriptedServer.Request request) {
        return file.startsWith("RTSP/")
                ? numbered(file, request)
                : request.answer("200 OK", file, "Content-Type: application/sdp");
    }

    /// One line for each request that is about a track, without the address of this test.
    private static String asked(ScriptedServer server, RelayHouse house, String camera) throws Exception {
        String id = house.pull(server.url("cam?x=1&y=2"), camera, "tcp").id();
        await(
                camera + " is played or refused",
                () -> server.requests().stream().anyMatch(r -> r.method().equals("PLAY"))
                        || house.report(id).lastError().contains("nothing"));
        String outcome = house.report(id).lastError().contains("nothing")
                ? "  " + house.report(id).lastError() + "\n"
                : "";
        house.relays.terminate(id, "enough");
        StringBuilder out = new StringBuilder(camera).append('\n');
        for (ScriptedServer.Request request : server.requests()) {
            if (request.method().equals("SETUP") || request.method().equals("PLAY")) {
                out.append("  %s %s %s\n".formatted(request.method(), request.uri(), request.header("transport")));
            }
        }
        return (out + outcome).replaceAll("127\\.0\\.0\\.1:[0-9]+", "HERE").replaceAll(" +\n", "\n");
    }

    @ParameterizedTest
    @MethodSource("answers")
    void eachAnswerIsOfAKindThatIsJudged(Answers answers) throws Exception {
        List<String> names = answers.files().stream().map(CamerasTest::name).toList();
        assertTrue(names.size() >= answers.count, names.toString());
        assertEquals(
                List.of(), names.stream().filter(name -> !name.matches(KINDS)).toList());
    }

    @ParameterizedTest
    @MethodSource("answers")
    void eachCameraIsSetUpByItsOwnNames(Answers answers) throws Exception {
        List<Path> files = answers.files();
        StringBuilder all = new StringBuilder();
        int cameras = 0;
        try (RelayHouse house = new RelayHouse()) {
            for (Path file : files) {
                String name = name(file);
                String answer = text(file);
                if (!name.matches(".*(describe|sdp).*")) {
                    continue;
                }
                cameras++;
                String vendor = name.replaceFirst("_.*", "");
                Optional<String> own = recorded(files, name.replaceFirst("_(describe|sdp).*", "_play"));
                Optional<String> played = own.isPresent() ? own : recorded(files, vendor + "_play");
                Optional<String> options = recorded(files, vendor + "_options");
                Optional<String> toreDown = recorded(files, vendor + "_teardown");
                try (ScriptedServer server = new ScriptedServer((request, wire) -> wire.say(
                        switch (request.method()) {
                            case "DESCRIBE" -> described(answer, request);
                            case "SETUP" ->
                                request.answer(
                                        "200 OK",
                                        "",
                                        "Session:   9a90de54; timeout=60",
                                        "Transport: " + request.header("transport") + ";ssrc= d6d6627;mode=\"play\"");
                            case "PLAY" ->
                                played.map(said -> numbered(said, request))
                                        .orElse(request.answer("200 OK", "", "RTP-Info: url=;seq=;rtptime=-1"));
                            case "OPTIONS" -> said(options, request);
                            case "TEARDOWN" -> said(toreDown, request);
                            default -> request.answer("200 OK", "");
                        }))) {
                    all.append(asked(server, house, name));
                }
            }
        }
        assertTrue(cameras >= answers.described, cameras + " cameras");
        Golden.check("rtsp/%scameras".formatted(answers.golden), all.toString());
    }

    private static String said(Optional<String> answer, ScriptedServer.Request request) {
        return answer.map(text -> numbered(text, request)).orElse(request.answer("200 OK", ""));
    }

    /// What comes behind any answer to `PLAY` is heard: what cameras say of its sequence number and time is
    /// of no account, which is needed, as some say what cannot be.
    @ParameterizedTest
    @MethodSource("answers")
    void eachAnswerToPlayIsTaken(Answers answers) throws Exception {
        int played = 0;
        for (Path file : answers.files()) {
            String name = name(file);
            if (!name.matches(".*(_play|bad_rtptime)")) {
                continue;
            }
            played++;
            String answer = text(file);
            try (RelayHouse house = new RelayHouse();
                    ScriptedServer server = new ScriptedServer((request, wire) -> {
                        switch (request.method()) {
                            case "DESCRIBE" -> wire.say(described(PLAIN_SDP, request));
                            case "SETUP" ->
                                wire.say(request.answer(
                                        "200 OK", "", "Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"));
                            case "PLAY" -> {
                                wire.say(numbered(answer, request));
                                wire.raw(sound());
                            }
                            default -> wire.say(request.answer("200 OK", ""));
                        }
                    })) {
                FrameCollector collector = FrameCollector.of(house.streams, name);
                String id = house.pull(server.url("cam"), name, "tcp").id();
                collector.until(1);
                house.relays.terminate(id, "enough");
            }
        }
        assertTrue(played >= answers.played, played + " answers");
    }

    private static Optional<String> recorded(List<Path> files, String name) throws IOException {
        for (Path file : files) {
            if (name(file).equals(name)) {
                return Optional.of(text(file));
            }
        }
        return Optional.empty();
    }

    /// What cameras answer to `SETUP` is understood.
    @ParameterizedTest
    @MethodSource("answers")
    void eachAnswerToSetupIsUnderstood(Answers answers) throws Exception {
        StringBuilder all = new StringBuilder();
        int setUp = 0;
        for (Path file : answers.files()) {
            String name = name(file);
            if (name.contains("setup")) {
                setUp++;
                String header = text(file).replaceFirst("(?is).*\\ntransport: ([^\r\n]*).*", "$1");
                all.append(name)
                        .append(' ')
                        .append(TransportHeader.answered(header).orElseThrow())
                        .append('\n');
            }
        }
        assertTrue(setUp >= answers.setUp, setUp + " answers");
        Golden.check("rtsp/%scamera-transports".formatted(answers.golden), all.toString());
    }

    @Test
    void aCameraThatAsksForAPasswordGetsADigest() throws Exception {
        Optional<String> recorded = recorded(SharedMedia.files("sdp", "txt"), "longse_unauthorized");
        String challenge = recorded.orElse("RTSP/1.0 401 Unauthorized\r\nCSeq: 1 \r\n"
                + "WWW-Authenticate: Digest realm=\"Surveillance Server\", nonce=\"98481030\"\r\n\r\n");
        try (RelayHouse house = new RelayHouse();
                ScriptedServer server = new ScriptedServer((request, wire) -> wire.say(
                        request.header("authorization").isEmpty()
                                ? numbered(challenge, request)
                                : request.answer("404 Not Found", "")))) {
            String url = server.url("cam").replace("rtsp://", "rtsp://admin:a%40b@");
            String id = house.pull(url, "a", "tcp").id();
            await(
                    "a digest",
                    () -> server.requests().stream()
                            .anyMatch(r -> r.header("authorization").startsWith("Digest ")));
            house.relays.terminate(id, "enough");
            String sent = server.requests().stream()
                    .map(r -> r.header("authorization"))
                    .filter(value -> !value.isEmpty())
                    .findFirst()
                    .orElseThrow();
            Map<String, String> said = Digest.parameters(sent.substring("Digest ".length()));
            assertEquals("admin", said.get("username"));
            assertEquals("98481030", said.get("nonce"));
            Digest.Algorithm md5 = Digest.Algorithm.MD5;
            String secret = Digest.secret(md5, "admin", "Surveillance Server", "a@b");
            Digest.Terms terms = new Digest.Terms("", "OPTIONS", server.url("cam"), "98481030", "", "", "");
            assertEquals(Digest.response(md5, secret, terms), said.get("response"));
            assertTrue(server.requests().stream().noneMatch(r -> r.uri().contains("admin")), "no login in an address");
        }
    }
}
