package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.peers.Browser;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Publication;

/// Pages that play `/live/NAME.mp4` over a WebSocket in real browsers.
@Tag("peer")
@Tag("realtime")
@Timeout(240)
class LiveSocketBrowsersTest {
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

    @ParameterizedTest
    @EnumSource(Browser.class)
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
