package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;
import tapedeck.media.Frame;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.Await;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.Programs;
import tapedeck.peers.RtmpChunks;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.RtmptPipe;
import tapedeck.peers.TestFlv;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// RTMP within HTTP.
@Timeout(120)
class RtmptTest {
    private static final FlvFile CLIP = TestFlv.bothTracks();
    private static final long SHORT_IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final int LOST_BY_FFMPEG = 30;

    @TempDir
    Path folder;

    private final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(2);
    private final HttpRoutes routes = new HttpRoutes();
    private final HttpClient client = HttpClient.newHttpClient();
    private RtmptServer server;
    private HttpServer http;
    private Programs programs;

    @BeforeEach
    void start() throws Exception {
        programs = new Programs(folder);
        open(RtmptServer.IDLE_NANOS);
    }

    private void open(long idleNanos) throws Exception {
        server = new RtmptServer(new Rights(Settings.Rights.NONE, TrustedProxies.NONE), loops, streams, idleNanos);
        server.serve(routes);
        http = new HttpServer(0, routes);
    }

    @AfterEach
    void stop() {
        programs.close();
        server.close();
        http.close();
        loops.close();
        client.close();
    }

    private boolean live() {
        return streams.find(new StreamName("a")).isPresent();
    }

    private HttpResponse<byte[]> post(String path, byte[] body) throws Exception {
        return post(path, body, RtmptServer.CONTENT_TYPE);
    }

    private HttpResponse<byte[]> post(String path, byte[] body, String type) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(http.port(), path)))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    private String session() throws Exception {
        HttpResponse<byte[]> opened = post("/open/1", new byte[1]);
        assertEquals(200, opened.statusCode());
        return new String(opened.body(), StandardCharsets.US_ASCII).strip();
    }

    @Test
    void whatIsPublishedThroughHttpArrivesFrameByFrameAndIsPlayedThroughHttp() throws Exception {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmptPipe pipe = new RtmptPipe(http.port());
                RtmpClient publisher = RtmpClient.connected(pipe.port()).publish("a");
                RtmpClient player = RtmpClient.connected(pipe.port())) {
            player.play("a");
            publisher.send(CLIP);
            List<byte[]> played = new ArrayList<>();
            long media = CLIP.tags().stream()
                    .filter(tag -> tag.media() || tag.sequenceHeader())
                    .count();
            while (played.size() < media) {
                RtmpClient.Message message = player.read();
                if (message.type() == 8 || message.type() == 9) {
                    played.add(message.body().toByteArray());
                }
            }
            publisher.unpublish();
            FrameCollector.assertSame(CLIP.media(), collector.untilEnd());
        }
        Await.await("no session is left", () -> server.open() == 0);
    }

    @Test
    void aClosedTunnelEndsWhatItPublished() throws Exception {
        FrameCollector collector = FrameCollector.of(streams, "a");
        try (RtmptPipe pipe = new RtmptPipe(http.port())) {
            RtmpClient publisher = RtmpClient.connected(pipe.port()).publish("a");
            publisher.send(CLIP);
            publisher.close();
            assertEquals(CLIP.media().size(), collector.untilEnd().size());
            assertEquals("the peer closed the tunnel", collector.endReason());
        }
    }

    @Test
    void whoDoesNotSpeakRtmpIsEndedAndHearsNothingMore() throws Exception {
        String session = session();
        post("/send/" + session + "/0", "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        Await.await("the end", () -> {
            try {
                return post("/idle/" + session + "/" + System.nanoTime(), new byte[1])
                                .statusCode()
                        == 404;
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        assertEquals(0, server.open());
    }

    /// As ffmpeg sends it, which gives up where a connection ends.
    @Test
    void aBodyThatComesBehindItsHeadDoesNotEndTheConnection() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", http.port())) {
            socket.setSoTimeout(10_000);
            String id = answer(socket, "/open/1");
            assertEquals(id.strip() + "\n", id);
            answer(socket, "/fcs/ident2");
            answer(socket, "/idle/" + id.strip() + "/1");
            answer(socket, "/close/" + id.strip() + "/2");
            assertEquals(0, server.open());
        }
    }

    /// What is answered to one byte that is sent when the server is waiting for it.
    private static String answer(Socket socket, String path) throws Exception {
        OutputStream out = socket.getOutputStream();
        out.write("POST %s HTTP/1.1\r\nHost: here\r\nContent-Type: %s\r\nContent-Length: 1\r\n\r\n"
                .formatted(path, RtmptServer.CONTENT_TYPE)
                .getBytes(StandardCharsets.US_ASCII));
        Thread.sleep(200);
        assertEquals(0, socket.getInputStream().available(), path + " is not answered yet");
        out.write(0);
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
            head.write(socket.getInputStream().read());
        }
        String said = head.toString(StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
        assertTrue(said.startsWith("http/1.1 200 "), path + ": " + said);
        assertFalse(said.contains("connection: close"), path + ": " + said);
        Matcher length = Pattern.compile("content-length: ([0-9]+)").matcher(said);
        assertTrue(length.find(), said);
        byte[] body = socket.getInputStream().readNBytes(Integer.parseInt(length.group(1)));
        return new String(body, StandardCharsets.US_ASCII);
    }

    @Test
    void limitsHoldAndAreSaid() throws Exception {
        assertEquals(200, post("/fcs/ident2", new byte[1]).statusCode());
        assertEquals(
                415, post("/open/1", new byte[1], "text/plain").statusCode(), "as a page of another site may send");
        assertEquals(404, post("/idle/nobody/1", new byte[1]).statusCode());
        assertEquals(404, post("/close/nobody/1", new byte[1]).statusCode());
        String session = session();
        assertEquals(
                413,
                post("/send/" + session + "/0", new byte[RtmptServer.MAX_BODY_BYTES + 1])
                        .statusCode());
        assertEquals(400, post("/idle/" + session, new byte[1]).statusCode(), "without a number");
        assertEquals(200, post("/idle/" + session + "/5", new byte[1]).statusCode());
        assertEquals(400, post("/idle/" + session + "/5", new byte[1]).statusCode(), "twice");
        assertEquals(404, post("/idle/" + session + "/6", new byte[1]).statusCode(), "that was its end");
        for (int i = 0; i < RtmptServer.MAX_SESSIONS_PER_ADDRESS; i++) {
            session();
        }
        assertEquals(503, post("/open/1", new byte[1]).statusCode());
    }

    @Test
    void thePeerIsToldToAskLessOftenWhileNothingComes() throws Exception {
        String session = session();
        List<Integer> intervals = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            byte[] answer = post("/idle/" + session + "/" + i, new byte[1]).body();
            assertEquals(1, answer.length);
            intervals.add((int) answer[0]);
        }
        assertEquals(
                List.of(0x01, 0x03, 0x05, 0x09, 0x11, 0x21),
                intervals.stream().distinct().toList());
    }

    @Test
    void whoAsksForNothingIsGone() throws Exception {
        http.close();
        server.close();
        HttpRoutes fresh = new HttpRoutes();
        server = new RtmptServer(
                new Rights(Settings.Rights.NONE, TrustedProxies.NONE), loops, streams, SHORT_IDLE_NANOS);
        server.serve(fresh);
        http = new HttpServer(0, fresh);
        String session = session();
        Await.await("its end", () -> server.open() == 0);
        assertEquals(404, post("/idle/" + session + "/1", new byte[1]).statusCode());
    }

    /// A player that stops asking holds no more than the tunnel may: the stream goes on without it.
    @Test
    void aPlayerThatTakesNothingCostsLittle() throws Exception {
        try (RtmptPipe pipe = new RtmptPipe(http.port());
                RtmpClient publisher = RtmpClient.connected(pipe.port()).publish("a")) {
            Await.await("the stream", this::live);
            String session = session();
            post("/send/" + session + "/0", asked());
            Await.await(
                    "the player",
                    () -> streams.find(new StreamName("a"))
                                    .orElseThrow()
                                    .statistics()
                                    .liveReaders()
                            == 1);
            FlvFile.Tag keyframe = CLIP.media().stream()
                    .filter(FlvFile.Tag::keyframe)
                    .findFirst()
                    .orElseThrow();
            int millis = 0;
            publisher.send(CLIP.tags().subList(0, 3));
            for (int i = 0; i < 400; i++) {
                publisher.send(keyframe.at(millis += 200));
            }
            Await.await(
                    "all is there",
                    () -> streams.find(new StreamName("a"))
                                    .orElseThrow()
                                    .statistics()
                                    .frames()
                            >= 400);
            int taken = 0;
            int number = 1;
            byte[] answer;
            do {
                answer = post("/idle/" + session + "/" + number++, new byte[1]).body();
                taken += answer.length - 1;
            } while (answer.length > 1);
            long all = 400L * keyframe.body().length();
            assertTrue(taken > 0 && taken < all / 2, "it got %d of %d bytes".formatted(taken, all));
        }
    }

    /// What a player says until it plays, in one piece.
    private static byte[] asked() {
        RtmpChunks chunks = new RtmpChunks();
        Map<String, String> app = Map.of("app", "live");
        return new ByteWriter()
                .u8(3)
                .zeros(2 * 1536)
                .bytes(chunks.message(3, 20, 0, 0, command("connect", 1.0, app)))
                .bytes(chunks.message(3, 20, 0, 0, command("createStream", 2.0, "")))
                .bytes(chunks.message(3, 20, 1, 0, command("play", 3.0, "", "a")))
                .toByteArray();
    }

    private static Bytes command(Object... values) {
        ByteWriter out = new ByteWriter();
        for (Object value : values) {
            Amf0.write(out, value.equals("") ? null : value);
        }
        return out.toBytes();
    }

    @Tag("peer")
    @Test
    void ffmpegPublishesAndPlays() throws Exception {
        String ffmpeg = Ffmpeg.ffmpeg();
        Path file = Files.write(folder.resolve("clip.flv"), CLIP.toBytes().toByteArray());
        FrameCollector collector = FrameCollector.of(streams, "a");
        Path played = folder.resolve("played.flv");
        Process publisher = programs.start(
                ffmpeg, "-nostdin", "-v", "error", "-re", "-i", file.toString(), "-c", "copy", "-f", "flv", url());
        Await.await("the stream", this::live);
        Process player =
                programs.start(ffmpeg, "-nostdin", "-v", "error", "-i", url(), "-c", "copy", "-y", played.toString());
        assertTrue(publisher.waitFor(60, TimeUnit.SECONDS), "it ends");
        assertEquals(0, publisher.exitValue(), programs.log());
        // It drops what it has not sent when it ends.
        List<Frame> came = collector.untilEnd();
        assertTrue(came.size() >= CLIP.media().size() - LOST_BY_FFMPEG, "frames: " + came.size());
        FrameCollector.assertSame(CLIP.media().subList(0, came.size()), came);
        assertTrue(player.waitFor(60, TimeUnit.SECONDS), "it ends too");
        assertEquals("", Ffmpeg.decodeErrors(played), programs.log());
        assertTrue(FlvFile.read(played).media().size() > CLIP.media().size() / 2, "most of it");
    }

    @Tag("peer")
    @Test
    void rtmpdumpPlays() throws Exception {
        Path played = folder.resolve("played.flv");
        try (RtmptPipe pipe = new RtmptPipe(http.port());
                RtmpClient publisher = RtmpClient.connected(pipe.port()).publish("a")) {
            publisher.send(CLIP.tags().subList(0, 20));
            Process player = programs.start("rtmpdump", "-q", "--live", "-r", url(), "-o", played.toString());
            Await.await(
                    "the player",
                    () -> streams.find(new StreamName("a"))
                                    .orElseThrow()
                                    .statistics()
                                    .liveReaders()
                            == 1);
            publisher.send(CLIP.tags().subList(20, CLIP.tags().size()));
            publisher.unpublish();
            assertTrue(player.waitFor(60, TimeUnit.SECONDS), "it ends with the stream");
            assertTrue(FlvFile.read(played).media().size() > CLIP.media().size() / 2, programs.log());
        }
    }

    private String url() {
        return "rtmpt://127.0.0.1:%d/live/a".formatted(http.port());
    }
}
