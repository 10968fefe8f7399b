package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.media.Frame;
import tapedeck.rights.Hook;
import tapedeck.rights.Tokens;
import tapedeck.rights.UserFile;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Everybody who may and everybody who may not, over every protocol, in and out, before and after a restart, on a whole
/// server: ffmpeg for RTMP, offers of a real Chromium for WHIP and WHEP, requests of RTSP. Nothing that was shown is
/// found afterwards in
/// log, REST, metrics or files.
@Tag("peer")
@Timeout(600)
class RightsMatrixTest {
    private static final String PASSWORD = "pw-5ecret&word";
    private static final String OPAQUE = "opaque-5ecret-token";
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final String WRONG = "wr0ng-5ecret-token";

    /// What a client shows.
    ///
    /// @param may whether that is enough
    private record Shown(String what, String user, String password, String token, boolean may) {
        static Shown nothing(boolean may) {
            return new Shown("nothing", "", "", "", may);
        }

        static Shown token(String what, String token, boolean may) {
            return new Shown(what, "", "", token, may);
        }

        static Shown password(String what, String password, boolean may) {
            return new Shown(what, "alice", password, "", may);
        }

        String query() {
            if (what.equals("nothing")) {
                return "";
            }
            return user.isEmpty()
                    ? "?token=" + encoded(token)
                    : "?user=%s&password=%s".formatted(user, encoded(password));
        }

        private static String encoded(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8);
        }

        List<String> header() {
            if (what.equals("nothing")) {
                return List.of();
            }
            byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
            return List.of(
                    "Authorization",
                    user.isEmpty()
                            ? "Bearer " + token
                            : "Basic " + Base64.getEncoder().encodeToString(pair));
        }
    }

    private static final class Lines extends AppenderBase<ILoggingEvent> {
        final ConcurrentLinkedQueue<String> all = new ConcurrentLinkedQueue<>();

        @Override
        protected void append(ILoggingEvent event) {
            all.add(event.getFormattedMessage());
        }
    }

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, String> expected = new TreeMap<>();
    private final Map<String, String> seen = new TreeMap<>();
    private Path clip;

    @Test
    void whoMayAndWhoMayNot() throws Exception {
        clip = folder.resolve("clip.flv");
        Ffmpeg.ffmpeg(
                "-f",
                "lavfi",
                "-i",
                "testsrc2=s=160x120:r=15",
                "-t",
                "1",
                "-c:v",
                "libx264",
                "-g",
                "15",
                "-f",
                "flv",
                clip.toString());
        Path users = folder.resolve("users.properties");
        UserFile.put(users, "alice", PASSWORD);
        List<String> log = new ArrayList<>();
        try (Hook hook = new Hook()) {
            hook.answers(exchange -> {
                boolean may = hook.asked().getLast().contains(OPAQUE);
                exchange.sendResponseHeaders(may ? 200 : 403, -1);
            });
            matrix("none", List.of(Shown.nothing(true), Shown.token("token", WRONG, true)), log);
            matrix(
                    "password",
                    List.of(
                            Shown.nothing(false),
                            Shown.password("right", PASSWORD, true),
                            Shown.password("wrong", WRONG, false)),
                    log,
                    "auth_users=" + users);
            matrix(
                    "jwt",
                    List.of(
                            Shown.nothing(false),
                            Shown.token("good", token(600, Tokens.SECRET), true),
                            Shown.token("expired", token(-600, Tokens.SECRET), false),
                            Shown.token("wrong", token(600, WRONG.repeat(2)), false)),
                    log,
                    "auth_jwt_secret=" + Tokens.SECRET);
            matrix(
                    "webhook",
                    List.of(
                            Shown.nothing(false),
                            Shown.token("good", OPAQUE, true),
                            Shown.token("wrong", WRONG, false)),
                    log,
                    "auth_webhook_url=" + hook.url());
        }
        assertEquals(String.join("\n", expected.values()), String.join("\n", seen.values()));
        assertEquals(2 * 6 * 12, seen.size(), "all of them were tried");
        System.out.println(String.join("\n", seen.values()));
    }

    private static String token(long seconds, String secret) {
        return Tokens.signed(
                Tokens.claims(seconds).claim("publish", "*").claim("play", "*").build(), secret);
    }

    private void matrix(String proof, List<Shown> all, List<String> log, String... settings) throws Exception {
        List<String> with = new ArrayList<>(List.of(settings));
        with.add("publish_auth=" + proof);
        with.add("play_auth=" + proof);
        Path data = folder.resolve(proof);
        Lines lines = new Lines();
        ch.qos.logback.classic.Logger root =
                (ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
        lines.start();
        root.addAppender(lines);
        try {
            for (String when : List.of("before", "after a restart")) {
                try (TestServer server = new TestServer(data, with.toArray(String[]::new));
                        Live _ = new Live(server)) {
                    for (Shown shown : all) {
                        judge(server, proof, when, shown);
                    }
                    nothingIsTold(server, all);
                }
            }
        } finally {
            root.detachAppender(lines);
        }
        log.addAll(lines.all);
        assertTrue(log.stream().anyMatch(line -> line.contains("publishing \"in-before")), "the log was read");
        for (String line : log) {
            all.forEach(shown -> assertNothingOf(shown, line));
        }
        try (var files = Files.walk(data)) {
            files.forEach(file -> all.forEach(shown -> assertNothingOf(shown, file.toString())));
        }
    }

    private static void assertNothingOf(Shown shown, String text) {
        for (String secret : List.of(shown.password(), shown.token())) {
            if (!secret.isEmpty()) {
                assertFalse(text.contains(secret) || text.contains(Shown.encoded(secret)), text);
            }
        }
    }

    /// What is there to be played, published from inside in real time, the same second again and again.
    private static final class Live implements AutoCloseable {
        private final Publication publication;
        private final Thread thread;

        Live(TestServer server) throws Exception {
            Publisher publisher = new Publisher(
                    Publisher.Protocol.RTP, "127.0.0.1:1", "s", "l", Publisher.RecordWish.NO, Publisher.Expects.VIDEO);
            publication = server.server().streams().publish(new StreamName("live"), publisher, Feedback.NONE);
            TestMedia.h264(1).forEach(publication::write);
            thread = Thread.ofVirtual().start(this::goOn);
        }

        private void goOn() {
            List<Frame> second = TestMedia.h264(1);
            try {
                for (long shiftNanos = SECOND_NANOS; ; shiftNanos += SECOND_NANOS) {
                    for (Frame frame : second) {
                        publication.write(new Frame(
                                frame.track(),
                                frame.dtsNanos() + shiftNanos,
                                frame.ptsNanos() + shiftNanos,
                                frame.keyframe(),
                                frame.data()));
                        TimeUnit.NANOSECONDS.sleep(SECOND_NANOS / second.size());
                    }
                }
            } catch (InterruptedException _) {
                // The end.
            }
        }

        @Override
        public void close() throws InterruptedException {
            thread.interrupt();
            thread.join();
            publication.close("the end");
        }
    }

    private void judge(TestServer server, String proof, String when, Shown shown) throws Exception {
        // The clip goes on under a name of its own, so that no publisher meets another.
        String name = "in-" + when.split(" ")[0] + "-" + shown.what();
        cell(proof, when, shown, "RTMP in", ffmpegPublishes(server, name, shown));
        cell(proof, when, shown, "RTMP out", ffmpegPlays(server, shown));
        cell(proof, when, shown, "WHIP", posted(server, "/whip/" + name + "-w", shown) == 201);
        cell(proof, when, shown, "WHEP", posted(server, "/whep/live", shown) == 201);
        cell(proof, when, shown, "RTSP in", asked(server, "ANNOUNCE", name + "-r", shown) == 200);
        cell(proof, when, shown, "RTSP out", asked(server, "DESCRIBE", "live", shown) == 200);
    }

    private void cell(String proof, String when, Shown shown, String protocol, boolean did) {
        String key = "%s, %s, %s, %s".formatted(proof, shown.what(), protocol, when);
        expected.put(key, key + ": " + (shown.may() ? "may" : "may not"));
        seen.put(key, key + ": " + (did ? "may" : "may not"));
    }

    private boolean ffmpegPublishes(TestServer server, String name, Shown shown) throws InterruptedException {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                Ffmpeg.ffmpeg(),
                "-v",
                "error",
                "-i",
                clip.toString(),
                "-c",
                "copy",
                "-f",
                "flv",
                server.rtmpUrl(name) + shown.query()));
        if (result.exitCode() == 0) {
            server.awaitRecordingOf(name);
        }
        return result.exitCode() == 0;
    }

    private static boolean ffmpegPlays(TestServer server, Shown shown) {
        Ffmpeg.Result result = Ffmpeg.run(List.of(
                Ffmpeg.ffmpeg(),
                "-v",
                "error",
                "-fflags",
                "nobuffer",
                "-probesize",
                "5000",
                "-analyzeduration",
                "0",
                "-rw_timeout",
                "20000000",
                "-i",
                server.rtmpUrl("live") + shown.query(),
                "-frames:v",
                "1",
                "-c",
                "copy",
                "-f",
                "null",
                "-"));
        return result.exitCode() == 0;
    }

    private static int asked(TestServer server, String method, String name, Shown shown) throws IOException {
        String[] header = shown.header().isEmpty() ? new String[0] : new String[] {String.join(": ", shown.header())};
        try (RtspClient client = new RtspClient(server.port("RTSP"), "live/" + name)) {
            String body = method.equals("ANNOUNCE") ? client.description(TestMedia.tracks(TestMedia.h264(1))) : "";
            RtspClient.Answer answer = client.ask(method, client.url(), body, header);
            assertTrue(answer.status() == 200 || answer.status() == 401, answer.toString());
            return answer.status();
        }
    }

    private int posted(TestServer server, String path, Shown shown) throws Exception {
        String offer = Files.readString(Path.of("src/test/resources/tapedeck/protocol/webrtc/offers/chromium-156.sdp"));
        if (path.startsWith("/whep")) {
            offer = offer.replace("a=sendonly", "a=recvonly").replaceAll("a=(ssrc|ssrc-group|msid):.*\n", "");
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.httpUrl(path)))
                .header("Content-Type", "application/sdp")
                .POST(HttpRequest.BodyPublishers.ofString(offer));
        if (!shown.header().isEmpty()) {
            request.headers(shown.header().toArray(String[]::new));
        }
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertTrue(answer.statusCode() == 201 || answer.statusCode() == 401, answer.statusCode() + answer.body());
        if (answer.statusCode() == 201) {
            URI session = URI.create(
                    server.httpUrl(answer.headers().firstValue("Location").orElseThrow()));
            http.send(HttpRequest.newBuilder(session).DELETE().build(), HttpResponse.BodyHandlers.discarding());
        }
        return answer.statusCode();
    }

    private void nothingIsTold(TestServer server, List<Shown> all) throws Exception {
        for (String path : List.of(
                "/rest-api/stream/find_all", "/rest-api/recording/find_all", "/recordings", "/sessions", "/metrics")) {
            String text = http.send(
                            HttpRequest.newBuilder(URI.create(server.httpUrl(path)))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            all.forEach(shown -> assertNothingOf(shown, text));
        }
    }
}
