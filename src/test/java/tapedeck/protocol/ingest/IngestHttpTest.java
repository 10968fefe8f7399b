package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.FrameSink;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.container.mp4.LiveFragments;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.TestMedia;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

class IngestHttpTest {
    private static final long DEADLINE_SECONDS = 60;
    private static final StreamName NAME = new StreamName("tab");

    private final Streams streams = new Streams();
    private final HttpClient client = HttpClient.newHttpClient();
    private Rights rights;
    private IngestHttp ingest;
    private HttpServer server;

    @BeforeEach
    void open() throws Exception {
        rights = new Rights(Settings.Rights.NONE);
        HttpRoutes routes = new HttpRoutes();
        ingest = new IngestHttp(rights, streams, routes);
        server = new HttpServer(0, routes);
    }

    @AfterEach
    void close() {
        server.close();
        ingest.close();
        rights.close();
    }

    /// A recorder's chunks of half a second each.
    private static List<Bytes> chunks(List<Frame> frames) {
        LiveFragments fragments = new LiveFragments(TestMedia.tracks(frames), "test", Instant.EPOCH);
        List<Bytes> chunks = new ArrayList<>(List.of(fragments.init()));
        long next = 500_000_000L;
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= next) {
                chunks.add(fragments.fragment());
                next += 500_000_000L;
            }
            fragments.write(frame);
        }
        chunks.add(fragments.fragment());
        return chunks;
    }

    private static long frames(List<Bytes> chunks) {
        AtomicLong frames = new AtomicLong();
        FragmentDemuxer demuxer = new FragmentDemuxer(new FrameSink() {
            @Override
            public void track(Track track) {}

            @Override
            public void frame(Frame frame) {
                frames.incrementAndGet();
            }

            @Override
            public void unsupported(String codec) {}
        });
        chunks.forEach(demuxer::receive);
        return frames.get();
    }

    private HttpResponse<String> send(String method, String query, Bytes body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/ingest/tab%s".formatted(server.port(), query)))
                        .method(method, HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private int put(int number, Bytes chunk) throws Exception {
        return send("PUT", "?session=a&seq=" + number, chunk).statusCode();
    }

    /// What the publisher's frames are, pictures only, without their times.
    private static List<String> pictures(List<Frame> frames) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo())
                .map(frame -> "%s%08x"
                        .formatted(frame.keyframe() ? "key " : "", frame.data().hashCode()))
                .toList();
    }

    @Test
    void chunksInAnyOrderBecomeTheStream() throws Exception {
        List<Frame> frames = TestMedia.of("h264b+aac", 3);
        List<Bytes> chunks = chunks(frames);
        FrameCollector collector = FrameCollector.of(streams, "tab");
        assertEquals(204, put(0, chunks.get(0)));
        assertEquals(204, put(2, chunks.get(2)));
        assertEquals(204, put(2, chunks.get(2)), "once more");
        assertEquals(204, put(1, chunks.get(1)));
        for (int i = 3; i < chunks.size(); i++) {
            assertEquals(204, put(i, chunks.get(i)));
        }
        assertEquals(0, streams.find(NAME).orElseThrow().missedFrames());
        assertEquals(204, send("DELETE", "?session=a", Bytes.EMPTY).statusCode());
        List<Frame> got = collector.untilEnd();
        assertEquals(pictures(frames), pictures(got));
        assertTrue(streams.find(NAME).isEmpty());
        long before = -1;
        for (Frame frame : got) {
            if (frame.track().isVideo()) {
                assertTrue(frame.dtsNanos() > before, "in order");
                before = frame.dtsNanos();
            }
        }
    }

    @Test
    void whatIsMissingIsPassedOverAndCounted() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 4);
        List<Bytes> chunks = chunks(frames);
        FrameCollector collector = FrameCollector.of(streams, "tab");
        for (int i = 0; i < chunks.size(); i++) {
            if (i != 3) {
                assertEquals(204, put(i, chunks.get(i)));
            }
        }
        Stream stream = streams.find(NAME).orElseThrow();
        assertEquals(204, send("DELETE", "?session=a", Bytes.EMPTY).statusCode());
        List<String> sent = pictures(frames);
        List<String> got = pictures(collector.untilEnd());
        int common = 0;
        while (sent.get(common).equals(got.get(common))) {
            common++;
        }
        assertTrue(got.get(common).startsWith("key"), "it goes on with a keyframe");
        assertEquals(sent.subList(sent.size() - (got.size() - common), sent.size()), got.subList(common, got.size()));
        long pictures = sent.size() - got.size();
        assertTrue(pictures >= 15 && stream.missedFrames() >= pictures, pictures + " of " + stream.missedFrames());
        assertTrue(stream.missedFrames() < pictures + 30, "and the sound of half a second: " + stream.missedFrames());
    }

    @Test
    void aBodyIsAWholeStream() throws Exception {
        List<Frame> frames = TestMedia.of("vp9+opus", 2);
        FrameCollector collector = FrameCollector.of(streams, "tab");
        ByteWriter all = new ByteWriter();
        chunks(frames).forEach(all::bytes);
        assertEquals(204, send("POST", "", all.handOver()).statusCode());
        assertEquals(pictures(frames), pictures(collector.untilEnd()));
    }

    @Test
    void aTakenNameIsRefusedAndAnotherSessionIsAnother() throws Exception {
        List<Bytes> chunks = chunks(TestMedia.of("h264", 1));
        assertEquals(204, put(0, chunks.get(0)));
        HttpResponse<String> other = send("PUT", "?session=b&seq=0", chunks.get(0));
        assertEquals(409, other.statusCode());
        assertTrue(other.body().contains("tab"), other.body());
        assertEquals(409, send("PUT", "", chunks.get(0)).statusCode());
        assertEquals(404, send("DELETE", "?session=b", Bytes.EMPTY).statusCode());
        assertEquals(204, put(1, chunks.get(1)));
    }

    @Test
    void whatIsNoRecordingIsRefusedInWords() throws Exception {
        HttpResponse<String> wrong = send("PUT", "?seq=0", Bytes.ofUtf8("RIFF....WAVE"));
        assertEquals(400, wrong.statusCode());
        assertTrue(wrong.body().contains("neither as WebM nor as MP4"), wrong.body());
        assertTrue(streams.find(NAME).isEmpty());
        assertEquals(400, send("PUT", "?seq=x", Bytes.EMPTY).statusCode());
        assertEquals(
                400,
                send("PUT", "?seq=1&session=" + "x".repeat(65), Bytes.EMPTY).statusCode());
        assertEquals(400, send("PUT", "?seq=1&record=maybe", Bytes.EMPTY).statusCode());
        assertEquals(405, send("GET", "", Bytes.EMPTY).statusCode());
        assertEquals(204, send("OPTIONS", "", Bytes.EMPTY).statusCode());
        Bytes large = Bytes.wrap(new byte[IngestHttp.MAX_CHUNK_BYTES + 1]);
        assertEquals(413, send("PUT", "?session=c&seq=0", large).statusCode());
    }

    /// A publisher over a WebSocket, and what the server says to it.
    private final class Recorder implements WebSocket.Listener {
        private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
        private final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final WebSocket socket;

        Recorder(String query) throws Exception {
            socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create("ws://127.0.0.1:%d/ingest/tab%s".formatted(server.port(), query)), this)
                    .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
            said.add(text.toString());
            from.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            closed.complete(code);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            closed.complete(-1);
        }

        String next() throws InterruptedException {
            return said.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }

        void send(Bytes chunk) throws Exception {
            socket.sendBinary(chunk.asByteBuffer(), true).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void aConnectionThatBreaksIsFollowedByAnotherOfTheSameSession() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 3);
        List<Bytes> chunks = chunks(frames);
        FrameCollector collector = FrameCollector.of(streams, "tab");
        Recorder first = new Recorder("?session=a");
        assertEquals("{\"next\": 0}", first.next());
        for (int i = 0; i < 3; i++) {
            first.send(chunks.get(i));
        }
        Stream stream = streams.find(NAME).orElseThrow();
        long sent = frames(chunks.subList(0, 3));
        await("all of it came", () -> stream.statistics().frames() == sent);
        first.socket.abort();
        Recorder second = new Recorder("?session=a");
        assertEquals("{\"next\": 3}", second.next());
        for (int i = 3; i < chunks.size(); i++) {
            second.send(chunks.get(i));
        }
        second.socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        assertEquals(pictures(frames), pictures(collector.untilEnd()));
        assertEquals("unpublished", collector.endReason());
    }

    @Test
    void withoutASessionABrokenConnectionIsTheEnd() throws Exception {
        FrameCollector collector = FrameCollector.of(streams, "tab");
        Recorder recorder = new Recorder("");
        recorder.next();
        recorder.send(chunks(TestMedia.of("h264", 1)).getFirst());
        recorder.socket.abort();
        collector.untilEnd();
        assertEquals("connection lost", collector.endReason());
    }

    @Test
    void chunksThatWereLostForEverAreJumpedOver() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 3);
        List<Bytes> chunks = chunks(frames);
        Recorder recorder = new Recorder("?session=a");
        recorder.next();
        recorder.send(chunks.get(0));
        recorder.send(chunks.get(1));
        recorder.socket.sendText("{\"seq\": 3}", true).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        recorder.send(chunks.get(3));
        Stream stream = streams.find(NAME).orElseThrow();
        await("it was waited for, then passed over", () -> stream.missedFrames() > 0);
    }

    @Test
    void whatCannotBeReadClosesTheSocket() throws Exception {
        Recorder recorder = new Recorder("");
        recorder.next();
        recorder.send(Bytes.ofUtf8("RIFF....WAVE"));
        assertEquals(1003, recorder.closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
        await("it is gone", () -> streams.find(NAME).isEmpty());
    }

    @Test
    void whoeverIsEndedByOthersIsHungUp() throws Exception {
        Recorder recorder = new Recorder("?session=a");
        recorder.next();
        recorder.send(chunks(TestMedia.of("h264", 1)).getFirst());
        await("it is shown", () -> streams.sessions().size() == 1);
        streams.sessions().iterator().next().terminate("enough");
        assertEquals(1000, recorder.closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
        await("it is gone", () -> streams.find(NAME).isEmpty());
    }
}
