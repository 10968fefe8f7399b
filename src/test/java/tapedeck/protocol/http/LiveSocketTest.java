package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.net.URI;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.container.FrameSink;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// `/live/NAME.mp4` over a WebSocket.
class LiveSocketTest {
    private static final long DEADLINE_SECONDS = 60;
    /// Half a minute of media, of which the sockets and the queue keep less.
    private static final int UNREAD_ROUNDS = 15;

    private LiveHouse house;

    @BeforeEach
    void open() throws Exception {
        house = new LiveHouse();
    }

    @AfterEach
    void close() {
        house.close();
    }

    /// A player that reads only when it is told to.
    private final class Player implements WebSocket.Listener {
        private final CompletableFuture<String> type = new CompletableFuture<>();
        private final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final List<Frame> frames = new CopyOnWriteArrayList<>();
        private final FragmentDemuxer demuxer = new FragmentDemuxer(new FrameSink() {
            @Override
            public void track(Track track) {}

            @Override
            public void frame(Frame frame) {
                frames.add(frame);
            }

            @Override
            public void unsupported(String codec) {}
        });
        private final WebSocket socket;
        private volatile boolean reads;

        Player(String path, boolean reads) throws Exception {
            this.reads = reads;
            socket = house.client
                    .newWebSocketBuilder()
                    .buildAsync(URI.create("ws://127.0.0.1:%d%s".formatted(house.port(), path)), this)
                    .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }

        void read() {
            reads = true;
            socket.request(1);
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
            type.complete(text.toString());
            if (reads) {
                from.request(1);
            }
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
            demuxer.receive(Bytes.copyOf(data));
            from.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            closed.complete(code);
            return null;
        }
    }

    private static List<String> pictures(List<Frame> frames) {
        return frames.stream()
                .filter(frame -> frame.track().isVideo())
                .map(frame -> "%s%d ms %08x"
                        .formatted(
                                frame.keyframe() ? "key " : "",
                                Math.round(frame.ptsNanos() / 1e6),
                                frame.data().hashCode()))
                .toList();
    }

    @Test
    void theFirstMessageNamesTheCodecsAndTheOthersAreTheFile() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 2);
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            Player player = new Player("/live/a.mp4", true);
            house.awaitPlayers(1);
            assertTrue(
                    player.type.get(DEADLINE_SECONDS, TimeUnit.SECONDS).startsWith("video/mp4; codecs=\"avc1."),
                    player.type.join());
            LiveHouse.write(publication, frames);
            publication.close();
            assertEquals(1000, player.closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
            assertEquals(pictures(frames), pictures(player.frames));
        }
        house.awaitPlayers(0);
    }

    @Test
    void aSlowPlayerSkipsToAKeyframe() throws Exception {
        List<Frame> frames = TestMedia.noise("libx264", 2, 8_000, 1);
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            Player player = new Player("/live/a.mp4", false);
            house.awaitPlayers(1);
            List<String> sent = new ArrayList<>();
            for (int round = 0; round < UNREAD_ROUNDS; round++) {
                goOn(publication, frames, sent);
            }
            player.read();
            await("the player has what comes after a gap", () -> {
                if (common(sent, player) < player.frames.size()) {
                    return true;
                }
                goOn(publication, frames, sent);
                return false;
            });
            assertTrue(house.players().getFirst().report().tracks().getFirst().missingFrames() > 0);
            publication.close();
            player.closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            List<String> got = pictures(player.frames);
            int common = common(sent, player);
            assertTrue(got.get(common).startsWith("key"), "it goes on with a keyframe");
            int after = sent.indexOf(got.get(common));
            assertTrue(after > common, "something was left out");
        }
    }

    /// Writes the same two seconds once more, behind what was sent.
    private static void goOn(Publication publication, List<Frame> frames, List<String> sent) {
        List<Frame> more = TestMedia.shifted(frames, sent.size() / frames.size() * 2_000_000_000L);
        LiveHouse.write(publication, more);
        sent.addAll(pictures(more));
        // Faster than time, but so that something of it is on its way before more waits than is kept.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }

    /// How many of its pictures the player has before the first gap.
    private static int common(List<String> sent, Player player) {
        List<String> got = pictures(player.frames);
        int common = 0;
        while (common < got.size() && got.get(common).equals(sent.get(common))) {
            common++;
        }
        return common;
    }

    @Test
    void whatCannotBePlayedIsRefusedBeforeItBegins() throws Exception {
        try (Publication publication = house.publish("a")) {
            LiveHouse.write(publication, TestMedia.of("h264+aac", 1));
            for (String path : List.of("/live/nobody.mp4", "/live/a.flv")) {
                try {
                    new Player(path, true);
                    throw new AssertionError(path + " was opened");
                } catch (ExecutionException e) {
                    assertTrue(e.getCause() instanceof WebSocketHandshakeException, String.valueOf(e));
                }
            }
        }
    }
}
