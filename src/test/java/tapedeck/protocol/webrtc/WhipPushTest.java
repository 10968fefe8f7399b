package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.media.Frame;
import tapedeck.net.EventLoops;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TestServer;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.rights.Tokens;
import tapedeck.settings.Settings;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Streams go to other servers by WHIP.
@Timeout(180)
class WhipPushTest {
    private static final StreamName NAME = new StreamName("cam");
    /// Times are rounded to ticks of the RTP clocks and placed by a report.
    private static final long TIME_TOLERANCE_NANOS = 5_000_000;

    private final Streams near = new Streams();
    private final EventLoops loops = new EventLoops(1);
    private Relays relays;
    private WebRtcHouse far;

    private static final long SYNC_NANOS = 40_000_000;

    @TempDir
    private Path folder;

    @BeforeEach
    void open() throws Exception {
        relays = relays("loopback");
        far = new WebRtcHouse();
    }

    private Relays relays(String allow) throws Exception {
        return new Relays(new Settings.Relays(List.of(), List.of(), List.of(allow), 60, ""), near)
                .pushWith(new WhipPush(loops, near));
    }

    @AfterEach
    void close() {
        relays.close();
        far.close();
        loops.close();
    }

    private Publication publish() throws Exception {
        Publisher who = new Publisher(
                Publisher.Protocol.RTMP,
                "127.0.0.1:1",
                "id",
                "login",
                Publisher.RecordWish.NO,
                Publisher.Expects.UNKNOWN);
        return near.publish(NAME, who, Feedback.NONE);
    }

    private static void play(Publication out, List<Frame> frames) throws InterruptedException {
        long start = System.nanoTime() - frames.getFirst().dtsNanos();
        for (Frame frame : frames) {
            TimeUnit.NANOSECONDS.sleep(start + frame.dtsNanos() - System.nanoTime());
            out.write(frame);
        }
    }

    private String push(String address, Map<String, String> options) throws Exception {
        return relays.push(NAME, address, options).id();
    }

    private RelayReport report() {
        return relays.all().getLast();
    }

    private RelayReport ended() throws Exception {
        Await.await("the end of the push", () -> report().state() == RelayReport.State.ENDED);
        return report();
    }

    private static String reason(RelayReport report) {
        return report.lastError();
    }

    private static List<Frame> of(List<Frame> frames, boolean video) {
        return frames.stream().filter(frame -> frame.track().isVideo() == video).toList();
    }

    /// The push begins in the middle of a group of pictures, of which the other side gets all.
    @ParameterizedTest
    @ValueSource(strings = {"h264+opus", "vp9+mulaw"})
    void everyPictureArrivesAsItWasPublished(String media) throws Exception {
        List<Frame> frames = TestMedia.of(media, 2);
        FrameCollector collector = FrameCollector.of(far.streams, "cam");
        try (Publication out = publish()) {
            int before = TestMedia.FRAMES_PER_SECOND;
            play(out, frames.subList(0, before));
            push(far.whip("cam").toString().replace("http:", "whip:"), Map.of());
            play(out, frames.subList(before, frames.size()));
            Await.await("media", () -> report().state() == RelayReport.State.ACTIVE);
            out.close("enough");
        }
        List<Frame> received = collector.untilEnd();
        List<Frame> sent = of(frames, true);
        List<Frame> came = of(received, true);
        assertEquals(sent.size(), came.size(), "pictures");
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(sent.get(i).data(), came.get(i).data(), "picture " + i);
            assertEquals(sent.get(i).keyframe(), came.get(i).keyframe(), "picture " + i);
            long sentNanos = sent.get(i).ptsNanos() - sent.getFirst().ptsNanos();
            long cameNanos = came.get(i).ptsNanos() - came.getFirst().ptsNanos();
            assertTrue(
                    Math.abs(sentNanos - cameNanos) <= TIME_TOLERANCE_NANOS,
                    "picture %d sent at %d ns, received at %d ns".formatted(i, sentNanos, cameNanos));
        }
        List<Frame> sounds = of(frames, false);
        List<Frame> heard = of(received, false);
        assertTrue(heard.size() > sounds.size() / 3, "sound from the connection on: " + heard.size());
        assertEquals(
                sounds.subList(sounds.size() - heard.size(), sounds.size()).stream()
                        .map(Frame::data)
                        .toList(),
                heard.stream().map(Frame::data).toList());
        long apartNanos = sounds.get(sounds.size() - heard.size()).ptsNanos()
                - sent.getFirst().ptsNanos();
        long cameApartNanos = heard.getFirst().ptsNanos() - came.getFirst().ptsNanos();
        assertTrue(
                Math.abs(apartNanos - cameApartNanos) < SYNC_NANOS,
                "sound and picture: %d ns sent, %d ns received".formatted(apartNanos, cameApartNanos));
        assertEquals(1, ended().attempts(), "it was one connection");
        Await.await("no session is left there", () -> far.streams.sessions().isEmpty());
        Await.await("no session is left here", () -> near.sessions().isEmpty());
    }

    @Test
    void oneServerPushesToAnotherThatRecords() throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(2), TestMedia.opus(2));
        try (TestServer here = new TestServer(folder.resolve("here"), "pull_allow=loopback", "record_streams=false");
                TestServer there = new TestServer(folder.resolve("there"))) {
            WhipClient client = new WhipClient(
                    URI.create(here.httpUrl("/whip/cam")),
                    WhipClient.Options.of(
                            frames.get(0).track().codec(), frames.get(1).track().codec()));
            client.play(frames.subList(0, 20));
            String body = "{\"streamName\": \"cam\", \"rtmpUrl\": \"%s\"}".formatted(there.httpUrl("/whip"));
            HttpResponse<String> started = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(here.httpUrl("/rest-api/push/startup")))
                                    .POST(HttpRequest.BodyPublishers.ofString(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(200, started.statusCode(), started.body());
            Await.await(
                    "the stream there",
                    () -> there.server().streams().find(NAME).isPresent());
            client.play(frames.subList(20, frames.size()));
            client.delete();
            Path file = there.awaitRecordingOf("cam");
            assertEquals("", Ffmpeg.decodeErrors(file));
            String probe = Ffmpeg.ffprobe(
                            "-v",
                            "error",
                            "-select_streams",
                            "v",
                            "-count_packets",
                            "-show_entries",
                            "stream=nb_read_packets",
                            "-of",
                            "csv=p=0",
                            file.toString())
                    .text();
            assertEquals(of(frames, true).size(), Integer.parseInt(probe.strip().replace(",", "")), "every picture");
        }
    }

    @Test
    void aWrongTokenIsOneClearErrorAndARightOneOpens() throws Exception {
        Settings.Rights rights = new Settings.Rights(
                Settings.Rights.Proof.JWT,
                Settings.Rights.Proof.JWT,
                folder,
                new Settings.Jwt(Tokens.SECRET, Optional.empty(), "", ""),
                new Settings.AuthWebhook(Optional.empty(), 5));
        try (WebRtcHouse guarded = new WebRtcHouse(rights);
                Publication out = publish()) {
            TestMedia.vp8(1).forEach(out::write);
            push(guarded.whip("cam").toString(), Map.of("token", "a.b.c"));
            RelayReport wrong = ended();
            assertEquals(1, wrong.attempts());
            assertTrue(reason(wrong).startsWith("WHIP: HTTP 401"), reason(wrong));
            assertFalse(reason(wrong).contains("a.b.c"), reason(wrong));
            push(
                    guarded.whip("cam").toString(),
                    Map.of("token", Tokens.signed(Tokens.claims(60).build())));
            Await.await("the stream", () -> guarded.streams.find(NAME).isPresent());
        }
    }

    @Test
    void aStreamThatWebRtcCannotCarryIsOneClearError() throws Exception {
        try (Publication out = publish()) {
            TestMedia.aac(1).forEach(out::write);
            push(far.whip("cam").toString(), Map.of());
            assertEquals("WebRTC carries nothing of \"cam\", which is aac", reason(ended()));
        }
    }

    @Test
    void aStreamThatEndsBeforeTheConnectionIsThereEndsThePush() throws Exception {
        Publication out = publish();
        TestMedia.vp8(1).forEach(out::write);
        push(far.whip("cam").toString(), Map.of());
        Await.await("the session there", () -> !far.streams.sessions().isEmpty());
        out.close("over");
        ended();
        Await.await("no session is left there", () -> far.streams.sessions().isEmpty());
    }

    @Test
    void whatWebRtcCannotCarryIsNamedBesideTheState() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 2);
        FrameCollector collector = FrameCollector.of(far.streams, "cam");
        try (Publication out = publish()) {
            TestMedia.tracks(frames).forEach(out::announce);
            push(far.whip("cam").toString(), Map.of());
            play(out, frames);
            Await.await("media", () -> report().state() == RelayReport.State.ACTIVE);
            assertEquals("WebRTC cannot carry aac", report().leftOut());
        }
        assertTrue(collector.untilEnd().stream().allMatch(frame -> frame.track().isVideo()));
    }

    /// A server for one kind of answer.
    private record Scripted(HttpServer server, BlockingQueue<Optional<String>> tokens) implements AutoCloseable {
        interface Answer {
            void to(HttpExchange exchange) throws IOException;
        }

        static Scripted of(Answer answer) throws IOException {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            BlockingQueue<Optional<String>> tokens = new LinkedBlockingQueue<>();
            server.createContext("/", exchange -> {
                tokens.add(Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")));
                exchange.getRequestBody().readAllBytes();
                answer.to(exchange);
                exchange.close();
            });
            server.start();
            return new Scripted(server, tokens);
        }

        String address() {
            return "http://127.0.0.1:%d/whip/cam".formatted(server.getAddress().getPort());
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    private static Scripted answering(int status, String type, String body) throws IOException {
        return Scripted.of(exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        });
    }

    @Test
    void aCodecThatTheOtherSideDoesNotTakeIsOneClearError() throws Exception {
        String problem = "{\"title\":\"Not Acceptable\",\"status\":406,\"detail\":\"only \\\"H264\\\" here\"}";
        try (Scripted server = answering(406, "application/problem+json", problem);
                Publication out = publish()) {
            TestMedia.vp8(1).forEach(out::write);
            push(server.address(), Map.of());
            RelayReport refused = ended();
            assertEquals("WHIP: HTTP 406: only \"H264\" here", reason(refused));
            assertEquals(1, refused.attempts());
        }
    }

    @Test
    void anAnswerThatRejectsAllIsOneClearErrorAndTheSessionThereIsDeleted() throws Exception {
        String sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=inactive\r\n";
        BlockingQueue<String> deleted = new LinkedBlockingQueue<>();
        try (Scripted server = Scripted.of(exchange -> {
                    if (exchange.getRequestMethod().equals("DELETE")) {
                        deleted.add(exchange.getRequestURI().getPath());
                        exchange.sendResponseHeaders(200, -1);
                        return;
                    }
                    exchange.getResponseHeaders().set("Location", "/session/7");
                    exchange.sendResponseHeaders(201, sdp.length());
                    exchange.getResponseBody().write(sdp.getBytes(StandardCharsets.UTF_8));
                });
                Publication out = publish()) {
            TestMedia.vp8(1).forEach(out::write);
            push(server.address(), Map.of());
            assertEquals("the other side takes nothing of what was offered: VP8", reason(ended()));
            assertEquals("/session/7", deleted.poll(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void redirectsAreFollowedWithoutTheToken() throws Exception {
        try (Scripted server = Scripted.of(exchange -> {
                    exchange.getResponseHeaders()
                            .set("Location", far.whip("cam").toString());
                    exchange.sendResponseHeaders(307, -1);
                });
                Publication out = publish()) {
            TestMedia.vp8(1).forEach(out::write);
            push(server.address(), Map.of("token", "secret"));
            Await.await("the stream", () -> far.streams.find(NAME).isPresent());
            assertEquals(Optional.of("Bearer secret"), server.tokens().poll(30, TimeUnit.SECONDS));
            List<RelayReport> all = new ArrayList<>(relays.all());
            assertTrue(relays.terminate(all.getLast().id(), "enough"));
            ended();
            Await.await("its end", () -> far.streams.find(NAME).isEmpty());
        }
        try (Scripted last = answering(404, "text/plain", "no");
                Scripted first = Scripted.of(exchange -> {
                    exchange.getResponseHeaders().set("Location", last.address());
                    exchange.sendResponseHeaders(307, -1);
                });
                Publication out = publish()) {
            TestMedia.vp8(1).forEach(out::write);
            push(first.address(), Map.of("token", "secret"));
            assertEquals(Optional.empty(), last.tokens().poll(30, TimeUnit.SECONDS), "another server");
        }
    }

    @Test
    void aRedirectToAnAddressThatIsNotAllowedIsRefused() throws Exception {
        try (Relays strict = relays("127.0.0.1");
                Scripted server = Scripted.of(exchange -> {
                    exchange.getResponseHeaders().set("Location", "http://127.0.0.2:9/whip/cam");
                    exchange.sendResponseHeaders(307, -1);
                });
                Publication out = publish()) {
            TestMedia.vp8(1).forEach(out::write);
            String id = strict.push(NAME, server.address(), Map.of()).id();
            Await.await(
                    "the refusal",
                    () -> strict.all().stream()
                            .anyMatch(one -> one.id().equals(id) && one.state() == RelayReport.State.ENDED));
            String why = strict.all().getLast().lastError();
            assertTrue(why.contains("127.0.0.2") && why.contains("pull_allow"), why);
        }
    }
}
