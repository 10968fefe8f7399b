package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.Bytes;
import tapedeck.container.FrameSink;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Browser;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// `/live/NAME.mp4` over a WebSocket.
class LiveSocketTest {
    private static final long DEADLINE_SECONDS = 60;

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
            List<Frame> all = new ArrayList<>();
            int common;
            for (long round = 0; (common = common(all, player)) == player.frames.size(); round++) {
                assertTrue(round < 60, "the player has what comes after a gap");
                List<Frame> more = TestMedia.shifted(frames, round * 2_000_000_000L);
                LiveHouse.write(publication, more);
                all.addAll(more);
                TimeUnit.MILLISECONDS.sleep(100);
                // More waits by now than is kept.
                if (round == 15) {
                    player.read();
                }
            }
            assertTrue(house.players().getFirst().report().tracks().getFirst().missingFrames() > 0);
            publication.close();
            player.closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            List<String> got = pictures(player.frames);
            assertTrue(got.get(common).startsWith("key"), "it goes on with a keyframe");
            int after = pictures(all).indexOf(got.get(common));
            assertTrue(after > common, "something was left out");
        }
    }

    /// How many of its pictures the player has before the first gap.
    private static int common(List<Frame> all, Player player) {
        List<String> sent = pictures(all);
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

    @ParameterizedTest
    @EnumSource(Browser.class)
    @Tag("peer")
    @Timeout(120)
    void aPageOfTheBrowserPlays(Browser browser) throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        house.routes.add("POST", "/said", exchange -> {
            said.add(exchange.body(1000).toUtf8());
            exchange.respond(204);
        });
        house.routes.add("GET", "/page", exchange -> exchange.respond(200, "text/html", Bytes.ofUtf8("""
                <!doctype html><video muted></video><script>
                const say = text => fetch('/said', {method: 'POST', body: text});
                const video = document.querySelector('video'), source = new MediaSource(), parts = [];
                video.src = URL.createObjectURL(source);
                source.onsourceopen = () => {
                  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/live/a.mp4');
                  let buffer, over = false;
                  const next = () => {
                    if (buffer.updating) return;
                    if (parts.length) buffer.appendBuffer(parts.shift());
                    else if (over) say('over');
                    if (video.paused && video.buffered.length) {
                      video.currentTime = video.buffered.start(0);
                      video.play();
                    }
                    if (video.getVideoPlaybackQuality().totalVideoFrames > 20) say('played ' + video.videoWidth);
                  };
                  socket.binaryType = 'arraybuffer';
                  socket.onmessage = ({data}) => {
                    if (typeof data === 'string') {
                      buffer = source.addSourceBuffer(data);
                      buffer.onupdateend = next;
                    } else {
                      parts.push(data);
                      next();
                    }
                  };
                  socket.onclose = () => { over = true; next(); };
                };
                </script>""")));
        List<Frame> frames = TestMedia.of("vp9+opus", 2).stream()
                .filter(frame -> frame.dtsNanos() < 2_000_000_000L)
                .toList();
        try (Publication publication = house.publish("a")) {
            TestMedia.tracks(frames).forEach(publication::announce);
            LiveHouse.write(publication, frames);
            try (AutoCloseable _ = browser.show(house.url("/page"))) {
                house.awaitPlayers(1);
                String heard = null;
                for (int round = 1; heard == null && round < DEADLINE_SECONDS; round++) {
                    LiveHouse.write(publication, TestMedia.shifted(frames, round * 2_000_000_000L));
                    heard = said.poll(1, TimeUnit.SECONDS);
                }
                assertEquals("played 320", heard);
                publication.close();
                while (!"over".equals(heard)) {
                    heard = said.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
                    assertTrue(heard != null, "the page was told of the end");
                }
            }
        }
    }
}
