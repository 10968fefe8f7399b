package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Streams;

/// A browser with three layers and its viewers, near and far, with all that lies between them but the sockets, in
/// simulated time: what a slow viewer costs itself, and the others.
class SlowViewersTest {
    private static final long MILLI = SimulatedViewer.MILLI;
    private static final long STEP = 5 * MILLI;
    private static final int TICK_STEPS = 4;
    private static final int PICTURE_STEPS = 8;
    private static final int FRAMES_PER_SECOND = SimulatedSimulcast.FRAMES_PER_SECOND;
    private static final SimulatedViewer.Path WIDE = new SimulatedViewer.Path(20_000_000, 600_000, 20 * MILLI, 0);
    private static final SimulatedViewer.Path NARROW = new SimulatedViewer.Path(400_000, 30_000, 20 * MILLI, 0);
    private static final SimulatedViewer.Path LOSSY = new SimulatedViewer.Path(20_000_000, 600_000, 100 * MILLI, 0.05);
    private static final Frame SOUND =
            new Frame(new Track(Track.AUDIO, new Codec.Opus(2, 0)), 0, 0, true, Bytes.ofU8(0xFC, 0xFF, 0xFE));

    private final SimulatedTurns turns = new SimulatedTurns();
    private final Streams streams = new Streams(Clock.systemUTC(), turns::now);
    private final Publication publication = AudienceTest.publish(
            streams,
            "cam",
            new Publisher(
                    Publisher.Protocol.WEBRTC,
                    "nowhere",
                    "1",
                    "cam",
                    Publisher.RecordWish.AS_CONFIGURED,
                    Publisher.Expects.VIDEO),
            () -> turns.later(this::requestKeyframe));
    private final SimulatedSimulcast simulcast = new SimulatedSimulcast(publication::write, turns.now());
    private final Audience audience = new Audience(
            turns,
            publication.stream(),
            simulcast.track,
            wake -> publication.stream().subscribe(ReaderOptions.viewer("test", wake)),
            () -> {});
    private final List<Seat> seats = new ArrayList<>();
    private int step;

    /// One viewer's session, as [ViewerSession] is one.
    private final class Seat implements Audience.Viewer, OutboundMedia.Needs {
        private final SimulatedViewer viewer;

        private Seat(SimulatedViewer viewer) {
            this.viewer = viewer;
            viewer.session = this;
            viewer.layers = simulcast.track;
        }

        @Override
        public void catchUp(List<FramePackets> gop, long nowNanos) {
            viewer.media.catchUp(gop, nowNanos);
        }

        @Override
        public void frame(FramePackets frame, int layer, long nowNanos) {
            viewer.media.frame(frame, layer, nowNanos);
        }

        @Override
        public boolean pump(long nowNanos) {
            return viewer.media.pump(nowNanos);
        }

        @Override
        public boolean takesVideo() {
            return true;
        }

        @Override
        public int layer() {
            return viewer.media.layer().wanted();
        }

        @Override
        public boolean waitsForKeyframe() {
            return viewer.media.waitsForKeyframe();
        }

        @Override
        public void end(String reason) {
            audience.leave(this);
        }

        @Override
        public @Nullable Layers layers() {
            return simulcast.track;
        }

        @Override
        public void placed() {
            audience.place(
                    this, viewer.media.layer().current(), viewer.media.layer().wanted());
        }

        @Override
        public void change(int to) {
            audience.change(to);
        }

        @Override
        public void restart() {
            audience.restart(this);
        }

        @Override
        public void keyframe() {
            audience.requestKeyframe(layer());
        }

        @Override
        public void cannotFollow(String reason) {
            throw new AssertionError(reason);
        }

        private int count() {
            return viewer.pictures.size();
        }

        private List<Integer> widths(int from) {
            return viewer.pictures.stream()
                    .skip(from)
                    .map(frame -> ((Codec.Vp8) frame.track().codec()).width())
                    .distinct()
                    .toList();
        }

        /// The longest time between two pictures, in ms of the viewer's clock.
        private long still(int from) {
            long longest = 0;
            for (int i = Math.max(1, from); i < count(); i++) {
                longest = Math.max(
                        longest,
                        viewer.shownNanos.get(viewer.pictures.get(i).data())
                                - viewer.shownNanos.get(
                                        viewer.pictures.get(i - 1).data()));
            }
            return longest / MILLI;
        }
    }

    private void requestKeyframe() {
        simulcast.track.requestKeyframe();
    }

    private Seat join(SimulatedViewer.Path path) {
        Frame sample = SimulatedSimulcast.frame(SimulatedSimulcast.BEST, 0, true, new Random(1));
        SimulatedViewer viewer = new SimulatedViewer(
                seats.size(), path, List.of("nack", "nack pli", "ccm fir", "transport-cc"), sample, SOUND);
        viewer.now = turns.now();
        Seat seat = new Seat(viewer);
        seats.add(seat);
        viewer.media.layer().begin();
        audience.join(seat);
        seat.placed();
        return seat;
    }

    private void play(int seconds) {
        for (int end = step + seconds * FRAMES_PER_SECOND * PICTURE_STEPS; step < end; step++) {
            if (step % PICTURE_STEPS == 0) {
                simulcast.picture(turns.now());
            }
            if (step % TICK_STEPS == 0) {
                simulcast.tick(turns.now());
            }
            turns.pass(STEP);
            for (Seat seat : seats) {
                seat.viewer.now = turns.now();
                seat.viewer.settle();
            }
        }
    }

    @Test
    void aNarrowPathIsItsOwnViewersAffair() {
        Seat near = join(WIDE);
        Seat slow = join(WIDE);
        play(5);
        assertEquals(List.of(1280), slow.widths(0));
        int nearFrom = near.count();
        int slowFrom = slow.count();
        int keyframes = simulcast.keyframes;
        slow.viewer.path = NARROW;
        play(30);
        assertEquals(List.of(1280), near.widths(nearFrom), "near, all of them");
        assertEquals(30 * FRAMES_PER_SECOND, near.count() - nearFrom, 2);
        assertTrue(near.still(nearFrom) < 200, "near, still for %d ms".formatted(near.still(nearFrom)));
        assertTrue(slow.widths(slowFrom).getLast() < 1280, slow.widths(slowFrom).toString());
        assertTrue(simulcast.keyframes - keyframes <= 30 / 4, "keyframes: " + (simulcast.keyframes - keyframes));

        slow.viewer.path = WIDE;
        play(25);
        int last = slow.count();
        keyframes = simulcast.keyframes;
        play(20);
        assertEquals(List.of(1280), slow.widths(last));
        assertEquals(20 * FRAMES_PER_SECOND, slow.count() - last, 2);
        assertEquals(keyframes, simulcast.keyframes, "who has what he wants asks for nothing");
        assertEquals(List.of(1280), near.widths(nearFrom));
        assertEquals(75 * FRAMES_PER_SECOND, near.count() - nearFrom, 2);
    }

    @Test
    void manySlowViewersAskTogether() {
        Seat near = join(WIDE);
        List<Seat> slow = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            slow.add(join(WIDE));
        }
        play(4);
        int from = near.count();
        int keyframes = simulcast.keyframes;
        for (Seat seat : slow) {
            seat.viewer.path = NARROW;
        }
        play(20);
        assertTrue(simulcast.keyframes - keyframes <= 20 / 2, "keyframes: " + (simulcast.keyframes - keyframes));
        assertEquals(List.of(1280), near.widths(from));
        assertEquals(20 * FRAMES_PER_SECOND, near.count() - from, 2);
        for (Seat seat : slow) {
            assertTrue(seat.widths(0).getLast() < 1280);
        }
    }

    @Test
    void aLossyPathStaysOnTheBestLayer() {
        join(WIDE);
        Seat lossy = join(LOSSY);
        play(20);
        assertEquals(List.of(1280), lossy.widths(0));
    }

    @Test
    void aBestLayerThatIsGivenUpIsReplacedForAllAndComesBackForAll() {
        Seat near = join(WIDE);
        Seat slow = join(NARROW);
        play(15);
        assertTrue(slow.widths(0).getLast() < 1280);
        int from = near.count();
        simulcast.silent[SimulatedSimulcast.BEST] = true;
        play(8);
        assertEquals(List.of(640), near.widths(from), "the next best is the stream now");
        assertTrue(near.still(from) < 1_500, "still for %d ms".formatted(near.still(from)));
        int slowFrom = slow.count();
        play(5);
        assertTrue(slow.count() - slowFrom > 4 * FRAMES_PER_SECOND, "the slow one goes on");
        simulcast.silent[SimulatedSimulcast.BEST] = false;
        play(8);
        int back = near.count();
        play(5);
        assertEquals(List.of(1280), near.widths(back));
        assertEquals(5 * FRAMES_PER_SECOND, near.count() - back, 2);
    }

    @Test
    void whoLeavesAndComesAgainBeginsAnew() {
        Seat near = join(WIDE);
        Seat first = join(NARROW);
        play(10);
        first.end("gone");
        seats.remove(first);
        int count = first.count();
        play(2);
        assertEquals(count, first.count());
        Seat again = join(WIDE);
        play(3);
        assertEquals(List.of(1280), again.widths(0));
        assertTrue(again.count() > 2 * FRAMES_PER_SECOND);
        assertEquals(List.of(1280), near.widths(0));
        publication.close("over");
        play(1);
        int last = near.count();
        play(1);
        assertEquals(last, near.count());
    }
}
