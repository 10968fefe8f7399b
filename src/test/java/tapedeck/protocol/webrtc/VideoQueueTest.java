package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.Payload;

class VideoQueueTest {
    private static final long MILLI = 1_000_000L;
    private static final Track TRACK = new Track(Track.VIDEO, new Codec.Vp8(640, 480));
    private static final long NO_LIMIT = Long.MAX_VALUE;

    private final VideoQueue queue = new VideoQueue();

    private static FramePackets frame(long millis, boolean keyframe, int payloads) {
        return frame(millis, keyframe, payloads, 0);
    }

    private static FramePackets frame(long millis, boolean keyframe, int payloads, int layer) {
        List<Payload> cut = new ArrayList<>();
        for (int i = 0; i < payloads; i++) {
            cut.add(new Payload(Bytes.EMPTY, Bytes.wrap(new byte[1_000]), i == payloads - 1));
        }
        Frame frame = new Frame(TRACK, millis * MILLI, millis * MILLI, keyframe, Bytes.EMPTY);
        return new FramePackets(frame, keyframe, cut, 1_000 * payloads, layer);
    }

    /// Times in ms of what goes out.
    private List<Long> sendAll() {
        List<Long> sent = new ArrayList<>();
        for (FramePackets frame = queue.current(); frame != null; frame = queue.current()) {
            queue.payload();
            if (queue.advance()) {
                sent.add(frame.frame().dtsNanos() / MILLI);
            }
        }
        assertEquals(0, queue.bytes());
        return sent;
    }

    /// As it is shown, in ms, of all that goes out.
    private List<Long> presentAll() {
        List<Long> shown = new ArrayList<>();
        for (FramePackets frame = queue.current(); frame != null; frame = queue.current()) {
            long nanos = queue.presentationNanos(frame);
            while (!queue.advance()) {
                assertEquals(nanos, queue.presentationNanos(frame), "all packets of a picture have its time");
            }
            shown.add(nanos / MILLI);
        }
        return shown;
    }

    @Test
    void anotherLayerGoesOnBehindWhatWasShown() {
        queue.offer(frame(1_000, true, 2), NO_LIMIT);
        queue.offer(frame(1_040, false, 2), NO_LIMIT);
        assertEquals(List.of(1_000L, 1_040L), presentAll());
        queue.offer(frame(1_080, false, 2), NO_LIMIT);
        queue.change();
        queue.offer(frame(1_035, true, 3), NO_LIMIT);
        queue.offer(frame(1_041, false, 1), NO_LIMIT);
        queue.offer(frame(1_100, false, 1), NO_LIMIT);
        assertEquals(List.of(1_041L, 1_042L, 1_100L), presentAll(), "what was not begun gave way");
    }

    @Test
    void aPictureThatWasBegunIsFinishedBeforeAnotherLayer() {
        queue.offer(frame(1_000, true, 2), NO_LIMIT);
        queue.presentationNanos(queue.current());
        queue.advance();
        queue.change();
        queue.offer(frame(990, true, 2), NO_LIMIT);
        assertEquals(List.of(1_000L, 1_001L), presentAll());
    }

    @Test
    void whoBeginsAnewDoesNotGoBackInTime() {
        List<FramePackets> gop = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            gop.add(frame(1_000 + 40 * i, i == 0, 2));
            queue.offer(gop.getLast(), NO_LIMIT);
        }
        presentAll();
        queue.catchUp(gop, 100 * MILLI);
        queue.offer(frame(3_000, false, 1), NO_LIMIT);
        List<Long> shown = presentAll();
        assertTrue(shown.getFirst() > 2_960, shown.toString());
        for (int i = 1; i < shown.size(); i++) {
            assertTrue(shown.get(i) > shown.get(i - 1), shown.toString());
        }
    }

    @Test
    void beginsWithAKeyframe() {
        queue.offer(frame(0, false, 1), NO_LIMIT);
        queue.offer(frame(33, true, 3), NO_LIMIT);
        queue.offer(frame(66, false, 1), NO_LIMIT);
        assertEquals(4_000, queue.bytes());
        assertEquals(List.of(33L, 66L), sendAll());
    }

    @Test
    void picturesOnWhichNothingDependsGoFirstAndTheOthersGoOn() {
        queue.offer(frame(0, true, 4), 10_000);
        queue.offer(frame(33, false, 2, FramePackets.NONE_DEPENDS), 10_000);
        queue.offer(frame(66, false, 2), 10_000);
        assertFalse(queue.waiting());
        assertEquals(List.of(0L, 66L), sendAll());
        queue.offer(frame(99, false, 2, FramePackets.NONE_DEPENDS), 10_000);
        assertEquals(List.of(99L), sendAll(), "room again");
        assertEquals(1, queue.leftOut());
    }

    @Test
    void aLayerOfWhichAPictureIsMissingComesAgainWithTheNextKeyframe() {
        queue.offer(frame(0, true, 4), 10_000);
        queue.offer(frame(33, false, 1, 1), 10_000);
        queue.offer(frame(66, false, 1, 2), 10_000);
        queue.offer(frame(99, false, 1), 10_000);
        assertEquals(List.of(0L, 33L, 99L), sendAll());
        queue.offer(frame(133, false, 1, 2), 10_000);
        queue.offer(frame(166, false, 1, 1), 10_000);
        assertEquals(List.of(166L), sendAll(), "the layer below is whole");
        queue.offer(frame(199, true, 1), 10_000);
        queue.offer(frame(233, false, 1, 2), 10_000);
        assertEquals(List.of(199L, 233L), sendAll());
        assertFalse(queue.waiting());
    }

    @Test
    void aNarrowerPathCostsTheUpperLayersOfWhatWaitsFirst() {
        queue.offer(frame(0, true, 1), 100_000);
        for (int i = 1; i < 6; i++) {
            queue.offer(frame(33 * i, false, 1, i % 2), 100_000);
        }
        queue.trim(4_000);
        assertFalse(queue.waiting());
        assertEquals(List.of(0L, 33L, 66L, 132L), sendAll());
        assertEquals(2, queue.leftOut());
    }

    @Test
    void afterAPictureThatDidNotFitNothingComesBeforeTheNextKeyframe() {
        queue.offer(frame(0, true, 8), 10_000);
        queue.offer(frame(33, false, 2), 10_000);
        queue.offer(frame(66, false, 1), 10_000);
        assertTrue(queue.waiting());
        assertEquals(List.of(0L, 33L), sendAll());
        queue.offer(frame(99, false, 1), 10_000);
        queue.offer(frame(133, true, 1), 10_000);
        queue.offer(frame(166, false, 1), 10_000);
        assertEquals(List.of(133L, 166L), sendAll());
        assertEquals(2, queue.leftOut());
    }

    @Test
    void aKeyframeTakesThePlaceOfWhatWaitsTooLong() {
        queue.offer(frame(0, true, 5), 10_000);
        queue.offer(frame(33, false, 4), 10_000);
        queue.payload();
        queue.advance();
        queue.offer(frame(66, true, 20), 10_000);
        assertEquals(List.of(0L, 66L), sendAll());
    }

    @Test
    void aNarrowerPathLeavesOutTheLatest() {
        queue.offer(frame(0, true, 5), NO_LIMIT);
        queue.offer(frame(33, false, 4), NO_LIMIT);
        queue.offer(frame(66, false, 4), NO_LIMIT);
        queue.payload();
        queue.advance();
        queue.trim(8_000);
        assertTrue(queue.waiting());
        assertEquals(8_000, queue.bytes());
        queue.trim(0);
        assertEquals(List.of(0L), sendAll());
    }

    @Test
    void thePastIsDrawnTogetherInFrontOfTheLastPicture() {
        List<FramePackets> gop = new ArrayList<>();
        for (int i = 0; i <= 40; i++) {
            gop.add(frame(1_000 + 25 * i, i == 0, 1));
        }
        queue.catchUp(gop, 100 * MILLI);
        assertFalse(queue.waiting());
        long last = 0;
        for (FramePackets frame : gop) {
            long shown = queue.presentationNanos(frame);
            assertTrue(shown > last, "in order");
            last = shown;
        }
        assertEquals(1_900 * MILLI, queue.presentationNanos(gop.getFirst()));
        assertEquals(2_000 * MILLI, queue.presentationNanos(gop.getLast()));
        FramePackets next = frame(2_025, false, 1);
        queue.offer(next, NO_LIMIT);
        assertEquals(2_025 * MILLI, queue.presentationNanos(next));
        assertEquals(42, sendAll().size());
    }

    @Test
    void whatTheViewerHasLostSaysNothingAboutRoom() {
        queue.offer(frame(0, false, 1), 10_000);
        assertEquals(0, queue.leftOut(), "before the first keyframe nothing could be shown");
        queue.offer(frame(33, true, 1), 10_000);
        queue.offer(frame(66, false, 1), 10_000);
        queue.waitForKeyframe();
        queue.offer(frame(99, false, 1), 10_000);
        assertEquals(3, queue.leftOut());
        assertEquals(0, queue.noRoom());
        queue.offer(frame(133, true, 9), 10_000);
        queue.offer(frame(166, false, 2), 10_000);
        queue.offer(frame(199, false, 1), 10_000);
        assertEquals(2, queue.noRoom());
        assertEquals(5, queue.leftOut());
        assertEquals(List.of(133L), sendAll());
        assertEquals(1, queue.sent());
    }

    @Test
    void whatIsCaughtUpWithAndLostIsCountedAsItWentOut() {
        queue.catchUp(List.of(frame(0, true, 1), frame(33, false, 1), frame(66, false, 2)), 100 * MILLI);
        queue.advance();
        queue.waitForKeyframe();
        assertEquals(1, queue.sent());
        assertEquals(2, queue.leftOut());
    }
}
