package tapedeck.protocol.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Item;

class TimeOrderTest {
    private static final long MILLI = 1_000_000L;
    /// Of AAC in [TestMedia].
    private static final int SOUNDS_A_SECOND = 43;

    private final List<Frame> frames = TestMedia.of("h264b+aac", 5);
    private final Track video = TestMedia.tracks(frames).getFirst();
    private final Track audio = TestMedia.tracks(frames).getLast();
    private final List<Frame> came = new ArrayList<>();

    private TimeOrder order() {
        return new TimeOrder(TestMedia.tracks(frames), media -> came.add(media.frame()));
    }

    private static void add(TimeOrder order, Frame frame) {
        order.add(new Item.Media(frame, frame.keyframe()));
    }

    private static Frame at(Track track, long millis, int bytes) {
        return new Frame(track, millis * MILLI, millis * MILLI, true, Bytes.wrap(new byte[bytes]));
    }

    @Test
    void soundThatComesInPacketsOfASecondIsPutBackToItsPictures() {
        TimeOrder order = order();
        TestMedia.withSoundInPackets(frames, SOUNDS_A_SECOND).forEach(frame -> add(order, frame));
        order.flush();
        assertEquals(frames.size(), came.size());
        assertEquals(
                frames.stream().map(Frame::dtsNanos).sorted().toList(),
                came.stream().map(Frame::dtsNanos).toList());
    }

    @Test
    void tracksThatComeTogetherAreNotHeld() {
        TimeOrder order = order();
        List<Frame> together = TestMedia.interleaved(
                frames.stream().filter(frame -> frame.track().isVideo()).toList(),
                frames.stream().filter(frame -> !frame.track().isVideo()).toList());
        long longest = 0;
        for (Frame frame : together) {
            add(order, frame);
            longest = Math.max(
                    longest,
                    frame.dtsNanos() - (came.isEmpty() ? 0 : came.getLast().dtsNanos()));
        }
        assertTrue(longest < 50 * MILLI, "held %d ms".formatted(longest / MILLI));
    }

    @Test
    void soundThatHasStoppedIsWaitedForNoLongerThanItWasLate() {
        TimeOrder order = order();
        long firstHeld = 0;
        long lastHeld = 0;
        for (long millis = 0; millis < 10_000; millis += 40) {
            add(order, at(video, millis, 100));
            long held = millis - (came.isEmpty() ? -40 : came.getLast().dtsNanos() / MILLI);
            firstHeld = Math.max(firstHeld, held);
            lastHeld = held;
        }
        assertEquals(TimeOrder.MAX_LATE_NANOS / MILLI, firstHeld, 40, "at first it could be anything");
        assertEquals(0, lastHeld, "then nobody waits");
        // It comes again, 300 ms late: the first of it is too late, and lost it is not.
        for (long millis = 10_000; millis < 15_000; millis += 20) {
            if (millis % 40 == 0) {
                add(order, at(video, millis, 100));
            }
            add(order, at(audio, millis - 300, 10));
        }
        order.flush();
        List<Frame> again = came.subList(came.size() - 300, came.size());
        assertEquals(
                again.stream().sorted(Comparator.comparingLong(Frame::dtsNanos)).toList(), again);
        assertEquals(250 + 125 + 250, came.size());
    }

    @Test
    void whatIsFarBehindIsNotWaitedFor() {
        TimeOrder order = order();
        for (long millis = 20_000; millis < 30_000; millis += 40) {
            add(order, at(video, millis, 100));
            add(order, at(audio, millis - 9_000, 100));
        }
        long held = 30_000
                - came.stream()
                                .filter(frame -> frame.track().isVideo())
                                .toList()
                                .getLast()
                                .dtsNanos()
                        / MILLI;
        assertTrue(held <= 40, "held " + held);
        order.flush();
        assertEquals(500, came.size());
    }

    @Test
    void noMoreIsHeldThanTheLimit() {
        TimeOrder order = order();
        int bytes = 1 << 20;
        for (int i = 0; i < 20; i++) {
            add(order, at(video, 0, bytes));
        }
        assertEquals(20 - TimeOrder.MAX_BYTES / (bytes + TimeOrder.FRAME_BYTES), came.size());
        for (int i = 0; i < 100_000; i++) {
            add(order, at(video, 0, 0));
        }
        assertTrue(100_020 - came.size() <= TimeOrder.MAX_BYTES / TimeOrder.FRAME_BYTES, "also if it is nothing");
    }
}
