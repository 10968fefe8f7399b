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
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.media.Frame;
import tapedeck.rights.Hook;
import tapedeck.rights.Request;
import tapedeck.rights.Tokens;
import tapedeck.rights.UserFile;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;

/// Everybody who may and everybody who may not, with each proof, before and after a restart, on a whole server: tests
/// bring the ways in and out. Nothing that was shown is found afterwards in log, REST, metrics or files.
final class RightsMatrix {
    private static final String PASSWORD = "pw-5ecret&word";
    private static final String OPAQUE = "opaque-5ecret-token";
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final String WRONG = "wr0ng-5ecret-token";
    private static final int PROOFS = 4;
    /// What is shown, over all proofs.
    private static final int PROOFS_AND_SHOWN = 12;

    /// What a client shows.
    ///
    /// @param may whether that is enough
    record Shown(String what, String user, String password, String token, boolean may) {
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

        static String encoded(String text) {
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

    /// Tries all ways for one who shows this.
    interface Ways {
        void judge(TestServer server, String when, Shown shown, Row row) throws Exception;
    }

    /// Where the answers go.
    final class Row {
        private final String proof;
        private final String when;
        private final Shown shown;

        Row(String proof, String when, Shown shown) {
            this.proof = proof;
            this.when = when;
            this.shown = shown;
        }

        void cell(Door door, boolean did) {
            doors.add(door);
            String key = "%s, %s, %s, %s".formatted(proof, shown.what(), door.title(), when);
            expected.put(key, key + ": " + (shown.may() ? "may" : "may not"));
            seen.put(key, key + ": " + (did ? "may" : "may not"));
        }

        /// Whether the log of this server has said this.
        boolean said(String part) {
            return now.all.stream().anyMatch(line -> line.contains(part));
        }
    }

    private static final class Lines extends AppenderBase<ILoggingEvent> {
        final ConcurrentLinkedQueue<String> all = new ConcurrentLinkedQueue<>();

        @Override
        protected void append(ILoggingEvent event) {
            all.add(event.getFormattedMessage());
        }
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, String> expected = new TreeMap<>();
    private final Map<String, String> seen = new TreeMap<>();
    private final Set<Door> doors = EnumSet.noneOf(Door.class);
    private final List<String> log = new ArrayList<>();
    private final int pace;
    private final Publisher.RecordWish wish;
    private final List<String> settings;
    private Lines now = new Lines();

    /// @param pace how many seconds of the stream to be played pass in one
    RightsMatrix(int pace) {
        this(pace, Publisher.RecordWish.NO);
    }

    /// @param wish whether the stream to be played is recorded
    RightsMatrix(int pace, Publisher.RecordWish wish, String... settings) {
        this.pace = pace;
        this.wish = wish;
        this.settings = List.of(settings);
    }

    void run(Path folder, Ways ways) throws Exception {
        Path users = folder.resolve("users.properties");
        UserFile.put(users, "alice", PASSWORD);
        try (Hook hook = new Hook()) {
            hook.answers(exchange -> {
                boolean may = hook.asked().getLast().contains(OPAQUE);
                exchange.sendResponseHeaders(may ? 200 : 403, -1);
            });
            matrix(folder, ways, "none", List.of(Shown.nothing(true), Shown.token("token", WRONG, true)));
            matrix(
                    folder,
                    ways,
                    "password",
                    List.of(
                            Shown.nothing(false),
                            Shown.password("right", PASSWORD, true),
                            Shown.password("wrong", WRONG, false)),
                    "auth_users=" + users);
            matrix(
                    folder,
                    ways,
                    "jwt",
                    List.of(
                            Shown.nothing(false),
                            Shown.token("good", token(600, Tokens.SECRET), true),
                            Shown.token("expired", token(-600, Tokens.SECRET), false),
                            Shown.token("wrong", token(600, WRONG.repeat(2)), false)),
                    "auth_jwt_secret=" + Tokens.SECRET);
            matrix(
                    folder,
                    ways,
                    "webhook",
                    List.of(
                            Shown.nothing(false),
                            Shown.token("good", OPAQUE, true),
                            Shown.token("wrong", WRONG, false)),
                    "auth_webhook_url=" + hook.url());
        }
    }

    /// Publishes or plays with what is shown behind the name.
    static boolean rtmp(RtmpClient connection, Request.Action action, String name, Shown shown) throws IOException {
        try (RtmpClient client = connection.handshake().connect("live")) {
            boolean publish = action == Request.Action.PUBLISH;
            String address = name + shown.query();
            String code = (publish ? client.tryPublish(address) : client.tryPlay(address)).code();
            assertTrue(
                    List.of(
                                    "NetStream.Publish.Start",
                                    "NetStream.Publish.Denied",
                                    "NetStream.Play.Start",
                                    "NetStream.Play.Failed")
                            .contains(code),
                    code);
            return code.endsWith(".Start");
        }
    }

    /// Asks for the description of what is played, or announces something, with what is shown in a header.
    static boolean rtsp(RtspClient connection, Request.Action action, Shown shown) throws IOException {
        String[] header = shown.header().isEmpty() ? new String[0] : new String[] {String.join(": ", shown.header())};
        try (RtspClient client = connection) {
            boolean publish = action == Request.Action.PUBLISH;
            String body = publish ? client.description(TestMedia.tracks(TestMedia.h264(1))) : "";
            RtspClient.Answer answer = client.ask(publish ? "ANNOUNCE" : "DESCRIBE", client.url(), body, header);
            assertTrue(answer.status() == 200 || answer.status() == 401, answer.toString());
            return answer.status() == 200;
        }
    }

    /// That everybody was let in who may, and nobody else, by each of these doors.
    void judged(Set<Door> all) {
        assertEquals(String.join("\n", expected.values()), String.join("\n", seen.values()));
        assertEquals(all, doors);
        int cells = all.stream()
                .mapToInt(door -> door.isPlain() ? PROOFS : PROOFS_AND_SHOWN)
                .sum();
        assertEquals(2 * cells, seen.size(), "all of them were tried, before and after a restart");
        System.out.println(String.join("\n", seen.values()));
    }

    private static String token(long seconds, String secret) {
        return Tokens.signed(
                Tokens.claims(seconds).claim("publish", "*").claim("play", "*").build(), secret);
    }

    private void matrix(Path folder, Ways ways, String proof, List<Shown> all, String... more) throws Exception {
        List<String> with = new ArrayList<>(settings);
        with.addAll(List.of(more));
        with.add("pull_allow=127.0.0.1");
        with.add("publish_auth=" + proof);
        with.add("play_auth=" + proof);
        Path data = folder.resolve(proof);
        Lines lines = new Lines();
        ch.qos.logback.classic.Logger root =
                (ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
        lines.start();
        root.addAppender(lines);
        now = lines;
        try {
            for (String when : List.of("before", "after a restart")) {
                try (TestServer server = new TestServer(data, with.toArray(String[]::new));
                        Live _ = new Live(server, pace, wish)) {
                    for (Shown shown : all) {
                        ways.judge(server, when, shown, new Row(proof, when, shown));
                    }
                    nothingIsTold(server, all);
                }
            }
        } finally {
            root.detachAppender(lines);
        }
        log.addAll(lines.all);
        assertFalse(lines.all.isEmpty(), "the log was read");
        for (String line : log) {
            all.forEach(shown -> assertNothingOf(shown, line, line));
        }
        List<Path> files;
        try (var walk = Files.walk(data)) {
            files = walk.toList();
        }
        assertTrue(files.stream().anyMatch(Files::isRegularFile), "there are files");
        for (Path file : files) {
            // A byte a character, whatever it is.
            String inside = Files.isRegularFile(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
            for (Shown shown : all) {
                assertNothingOf(shown, file.toString(), file.toString());
                assertNothingOf(shown, file.toString(), inside);
            }
        }
    }

    /// @param where this text is from, for the error
    private static void assertNothingOf(Shown shown, String where, String text) {
        for (String secret : List.of(shown.password(), shown.token())) {
            if (!secret.isEmpty()) {
                assertFalse(text.contains(secret) || text.contains(Shown.encoded(secret)), where);
            }
        }
    }

    /// What is there to be played, published from inside, the same second again and again.
    private static final class Live implements AutoCloseable {
        private final Publication publication;
        private final Thread thread;
        private final int pace;

        Live(TestServer server, int pace, Publisher.RecordWish wish) throws Exception {
            this.pace = pace;
            Publisher publisher =
                    new Publisher(Publisher.Protocol.RTP, "127.0.0.1:1", "s", "l", wish, Publisher.Expects.VIDEO);
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
                        TimeUnit.NANOSECONDS.sleep(SECOND_NANOS / pace / second.size());
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

    private void nothingIsTold(TestServer server, List<Shown> all) throws Exception {
        // Before its database is open it tells nobody anything.
        Await.await("the list of recordings", () -> get(server, "/recordings").statusCode() != 503);
        for (String path : List.of(
                "/rest-api/stream/find_all", "/rest-api/recording/find_all", "/recordings", "/sessions", "/metrics")) {
            HttpResponse<String> answer = get(server, path);
            assertEquals(200, answer.statusCode(), path + ": " + answer.body());
            all.forEach(shown -> assertNothingOf(shown, path + ": " + answer.body(), answer.body()));
        }
    }

    private HttpResponse<String> get(TestServer server, String path) {
        try {
            return http.send(
                    HttpRequest.newBuilder(URI.create(server.httpUrl(path))).build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(path, e);
        }
    }
}
