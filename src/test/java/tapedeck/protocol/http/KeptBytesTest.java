package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.peers.Await.await;

import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;
import tapedeck.settings.Settings;
import tapedeck.stream.Publication;
import tapedeck.stream.Tally;

/// What is kept for all players together.
class KeptBytesTest {
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final int PIECE_BYTES = 100_000;
    /// Room for two.
    private static final long TINY_BYTES = 2 * KeptBytes.MIN_SHARE_BYTES;

    private final KeptBytes kept = new KeptBytes(TINY_BYTES);

    private static void segment(HlsWindow window) {
        window.begin(new HlsSegment.Init(1, Bytes.EMPTY), false, Instant.EPOCH);
        window.add(new HlsSegment.Part(Bytes.wrap(new byte[PIECE_BYTES]), SECOND_NANOS / 2, true, new Tally()));
        window.whole(2, null);
    }

    private static Part piece(int number, boolean entry) {
        Tally one = new Tally();
        one.add(new Frame(new Track(Track.VIDEO, new Codec.Vp8(320, 180)), 0, 0, true, Bytes.EMPTY));
        return new Part(
                Bytes.wrap(new byte[PIECE_BYTES]),
                number * SECOND_NANOS / 10,
                one,
                entry ? new Part.Entry(Bytes.EMPTY, Bytes.EMPTY) : null);
    }

    @Test
    void theHeapIsSharedWithTheRecordings() {
        assertTrue(KeptBytes.HEAP_DIVISOR >= 4);
        assertTrue(KeptBytes.ofHeap().hasRoom());
    }

    @Test
    void soManyAreLetInAtOnceThatNobodysShareIsTooSmall() {
        KeptBytes.Share first = kept.open().orElseThrow();
        assertTrue(kept.open().isPresent());
        assertTrue(kept.open().isEmpty());
        first.close();
        first.close();
        assertEquals(1, kept.shares());
        assertTrue(kept.open().isPresent());
    }

    @Test
    void whereAllIsUsedNobodyIsLetInUntilSomethingIsReleased() {
        KeptBytes.Share share = kept.open().orElseThrow();
        share.add(TINY_BYTES);
        assertEquals(Long.MAX_VALUE, share.allowed());
        assertTrue(kept.open().isEmpty());
        share.add(1);
        assertEquals(TINY_BYTES, share.allowed());
        share.close();
        assertEquals(0, kept.bytes());
        assertTrue(kept.hasRoom());
    }

    @Test
    void aWindowOverItsShareDropsItsOldestSegments() {
        KeptBytes.Share share = kept.open().orElseThrow();
        HlsWindow window = new HlsWindow(1, share);
        for (int i = 0; i < HlsWindow.KEPT; i++) {
            segment(window);
        }
        assertTrue(kept.bytes() <= TINY_BYTES && kept.bytes() > TINY_BYTES - PIECE_BYTES, "all that fits");
        assertNull(window.segment(1));
        assertEquals(HlsSegmenter.MAX_SEGMENT_BYTES, window.maxSegmentBytes(), "while there is room");
        KeptBytes.Share other = kept.open().orElseThrow();
        other.add(TINY_BYTES);
        assertTrue(window.maxSegmentBytes() < TINY_BYTES / 4, "segments get smaller too");
        segment(window);
        assertTrue(kept.bytes() - TINY_BYTES <= TINY_BYTES / 2, "an equal share is left");
        assertNotNull(window.segment(HlsWindow.KEPT + 1));
        share.close();
        assertEquals(TINY_BYTES, kept.bytes());
    }

    @Test
    void whatASlowPlayerIsGettingCountsUntilItHasIt() {
        KeptBytes.Share share = kept.open().orElseThrow();
        HlsWindow window = new HlsWindow(1, share);
        segment(window);
        HlsPiece one = window.segment(1);
        HlsPiece same = window.segment(1);
        for (int i = 0; i < 2 * HlsWindow.KEPT; i++) {
            segment(window);
        }
        assertNull(window.segment(1), "it was dropped");
        long others = kept.bytes() - PIECE_BYTES;
        assertTrue(others > 0);
        one.close();
        assertEquals(others + PIECE_BYTES, kept.bytes(), "the other one is still on its way");
        window.close();
        share.close();
        assertEquals(PIECE_BYTES, kept.bytes(), "also when all the rest has gone");
        same.close();
        assertEquals(0, kept.bytes());
    }

    @Test
    void aLogOverItsShareForgetsTheOldestAndThenTheGroup() {
        PartLog log = new PartLog(kept.open().orElseThrow());
        PartLog.Cursor newcomer = new PartLog.Cursor();
        for (int i = 0; i < 20; i++) {
            log.add(piece(i, i == 0));
        }
        assertTrue(log.keptBytes() <= TINY_BYTES);
        assertEquals(log.keptBytes(), kept.bytes());
        log.join(newcomer);
        assertTrue(log.isLost(newcomer), "its group has gone");
        log.add(piece(20, true));
        assertFalse(log.take(newcomer).isEmpty());
    }

    @Test
    void aStreamThatFindsNoRoomIsRefusedUntilAnotherEnds() throws Exception {
        List<Frame> frames = TestMedia.of("h264+aac", 2);
        KeptBytes one = new KeptBytes(KeptBytes.MIN_SHARE_BYTES);
        try (LiveHouse house = new LiveHouse(Settings.Rights.NONE, one);
                Publication a = house.publish("a");
                Publication b = house.publish("b")) {
            LiveHouse.write(a, frames);
            LiveHouse.write(b, frames);
            try (Socket _ = house.raw("/live/a.flv", 65536)) {
                house.awaitPlayers(1);
                for (String path : List.of("/live/b.flv", "/live/a.ts", "/hls/b/index.m3u8", "/hls/b/live.m3u8")) {
                    HttpResponse<String> refused = house.text("GET", path);
                    assertEquals(503, refused.statusCode(), path);
                    assertTrue(refused.headers().firstValue("Retry-After").isPresent(), path);
                    assertTrue(refused.body().contains(LiveHttp.NO_ROOM), refused.body());
                }
                assertEquals(200, house.text("HEAD", "/live/a.flv").statusCode(), "the log of this one is there");
            }
            a.close();
            await("its log is released", () -> one.shares() == 0 && one.bytes() == 0);
            assertEquals(200, house.text("HEAD", "/live/b.flv").statusCode());
        }
    }

    @Test
    void aSourceOfHlsReleasesItsShare() throws Exception {
        KeptBytes one = new KeptBytes(KeptBytes.MIN_SHARE_BYTES);
        try (LiveHouse house = new LiveHouse(Settings.Rights.NONE, one)) {
            List<Frame> frames = TestMedia.of("h264+aac", 3);
            Publication a = house.publish("a");
            LiveHouse.write(a, frames);
            var index = CompletableFuture.supplyAsync(() -> {
                try {
                    return house.text("GET", "/hls/a/index.m3u8").statusCode();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            await("a reader", () -> a.stream().statistics().liveReaders() == 1);
            LiveHouse.write(a, TestMedia.shifted(frames, 3 * SECOND_NANOS));
            a.close();
            assertEquals(200, index.get(60, TimeUnit.SECONDS));
            assertEquals(1, one.shares());
            assertTrue(one.bytes() > 0);
        }
        await("it was released", () -> one.shares() == 0 && one.bytes() == 0);
    }
}
