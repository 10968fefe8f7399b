package tapedeck.protocol.webrtc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Who gets what, and when, of those who watch one stream; time passes when the test says so.
class AudienceTest {
    private static final long MILLI = 1_000_000L;
    private static final long FRAME = 40 * MILLI;
    private static final int SMALL = 0;
    private static final int MIDDLE = 1;
    private static final int LARGE = 2;

    private final SimulatedTurns turns = new SimulatedTurns();
    private final Streams streams = new Streams(Clock.systemUTC(), turns::now);
    private final Random random = new Random(3);
    private final Offered offered = new Offered();
    private int keyframeWishes;
    private int deserted;
    private long nanos;
    private Publication publication = publish(Publisher.Protocol.WEBRTC);
    private Audience audience = audience();

    /// What the publisher has beside the stream.
    private static final class Offered implements Layers {
        private final List<Integer> asked = new ArrayList<>();
        private @Nullable Sink sink;

        @Override
        public List<Layer> all() {
            return List.of(
                    new Layer("q", 320, 180, 150_000, true),
                    new Layer("h", 640, 360, 500_000, true),
                    new Layer("f", 1280, 720, 2_000_000, true));
        }

        @Override
        public int chosen() {
            return LARGE;
        }

        @Override
        public int chosenAt(long dtsNanos) {
            return LARGE;
        }

        @Override
        public void requestKeyframe(int layer) {
            asked.add(layer);
        }

        @Override
        public void to(@Nullable Sink other) {
            sink = other;
        }
    }

    /// Writes down what it gets.
    private class Watcher implements Audience.Viewer {
        private int layer = Layers.STREAM;
        private int pictures;
        private int sounds;
        private int last = -1;
        private int caughtUp;
        private int pumped;
        private int messages;
        final List<String> ends = new ArrayList<>();

        @Override
        public void catchUp(List<FramePackets> gop, long nowNanos) {
            assertTrue(gop.getFirst().entryPoint());
            caughtUp += gop.size();
        }

        @Override
        public void frame(FramePackets frame, int from, long nowNanos) {
            if (!frame.frame().track().isVideo()) {
                sounds++;
            } else if (from == layer) {
                pictures++;
                last = ((Codec.Vp8) frame.frame().track().codec()).width();
            }
        }

        @Override
        public void message(Item.Message message) {
            messages++;
        }

        @Override
        public boolean pump(long nowNanos) {
            pumped++;
            return false;
        }

        @Override
        public boolean takesVideo() {
            return true;
        }

        @Override
        public int layer() {
            return layer;
        }

        @Override
        public boolean waitsForKeyframe() {
            return pictures + caughtUp == 0;
        }

        @Override
        public void end(String reason) {
            ends.add(reason);
            audience.leave(this);
        }
    }

    /// Has a bug wherever one can be.
    private final class Broken extends Watcher {
        @Override
        public void catchUp(List<FramePackets> gop, long nowNanos) {
            throw new IllegalStateException("catching up");
        }

        @Override
        public void frame(FramePackets frame, int from, long nowNanos) {
            throw new IllegalStateException("a frame");
        }

        @Override
        public void message(Item.Message message) {
            throw new IllegalStateException("a message");
        }

        @Override
        public boolean pump(long nowNanos) {
            throw new IllegalStateException("pumping");
        }
    }

    private Publication publish(Publisher.Protocol protocol) {
        Publisher who = new Publisher(
                protocol, "nowhere", "1", "cam", Publisher.RecordWish.AS_CONFIGURED, Publisher.Expects.UNKNOWN);
        return publish(streams, "cam-" + protocol, who, () -> keyframeWishes++);
    }

    static Publication publish(Streams streams, String name, Publisher who, Runnable requestKeyframe) {
        try {
            return streams.publish(new StreamName(name), who, new Feedback() {
                @Override
                public void requestKeyframe() {
                    requestKeyframe.run();
                }

                @Override
                public void watched(boolean live) {}

                @Override
                public void terminate(String reason) {}
            });
        } catch (NameTakenException e) {
            throw new AssertionError(e);
        }
    }

    private Audience audience() {
        return new Audience(
                turns,
                publication.stream(),
                offered,
                wake -> publication.stream().subscribe(ReaderOptions.viewer("test", wake)),
                () -> deserted++);
    }

    private Watcher join(Watcher viewer) {
        audience.join(viewer);
        audience.place(viewer, viewer.layer, viewer.layer);
        return viewer;
    }

    private Frame frame(int layer, boolean keyframe) {
        return SimulatedSimulcast.frame(layer, nanos, keyframe, random);
    }

    /// The next picture of all layers, and what follows from it.
    private void picture(boolean keyframe) {
        for (int layer = 0; layer < LARGE; layer++) {
            Layers.Sink sink = offered.sink;
            if (sink != null && sink.wants(layer)) {
                sink.frame(layer, frame(layer, keyframe));
            }
        }
        publication.write(frame(LARGE, keyframe));
        nanos += FRAME;
        turns.pass(FRAME);
    }

    private void sound() {
        Track track = new Track(Track.AUDIO, new Codec.Opus(2, 0));
        publication.write(new Frame(track, nanos, nanos, true, Bytes.ofU8(0xFC, 0xFF, 0xFE)));
    }

    @Test
    void aViewerWithABugEndsAloneOnceAndNotWhileOthersAreServed() {
        Watcher before = join(new Watcher());
        Broken broken = new Broken();
        join(broken);
        Watcher behind = join(new Watcher());
        publication.write(frame(LARGE, true));
        publication.write(frame(LARGE, false));
        assertEquals(List.of(), broken.ends);
        turns.pass(FRAME);
        assertEquals(List.of("internal error"), broken.ends);
        for (Watcher other : List.of(before, behind)) {
            assertEquals(2, other.pictures);
            assertTrue(other.pumped > 0);
            assertEquals(List.of(), other.ends);
        }
        picture(false);
        assertEquals(3, before.pictures);
        assertEquals(3, behind.pictures);
        // Who comes again is a new one.
        join(broken);
        publication.message(new Item.Message("chat", "", "cam", true, 0, Bytes.ofUtf8("hello")));
        turns.pass(FRAME);
        assertEquals(2, broken.ends.size());
        assertEquals(1, before.messages);
        assertEquals(1, behind.messages);
    }

    @Test
    void aViewerWithABugOnALowerLayerLeavesTheOthersOfItAlone() {
        List<Watcher> all = List.of(new Watcher(), new Broken(), new Watcher());
        for (Watcher viewer : all) {
            viewer.layer = MIDDLE;
            join(viewer);
        }
        picture(true);
        picture(false);
        assertEquals(2, all.getFirst().pictures);
        assertEquals(2, all.getLast().pictures);
        assertEquals(640, all.getLast().last);
        assertEquals(List.of("internal error"), all.get(1).ends);
    }

    @Test
    void aLayerIsTakenOnlyWhileSomebodyHasItOrWaitsForIt() {
        Watcher viewer = join(new Watcher());
        Layers.Sink sink = offered.sink;
        assertTrue(sink != null);
        assertFalse(sink.wants(SMALL) || sink.wants(MIDDLE));
        audience.place(viewer, Layers.STREAM, MIDDLE);
        assertTrue(sink.wants(MIDDLE));
        assertFalse(sink.wants(SMALL));
        viewer.layer = MIDDLE;
        picture(true);
        assertEquals(1, viewer.pictures);
        assertEquals(640, viewer.last);
        audience.place(viewer, MIDDLE, SMALL);
        assertTrue(sink.wants(MIDDLE) && sink.wants(SMALL));
        audience.place(viewer, SMALL, SMALL);
        viewer.layer = SMALL;
        assertFalse(sink.wants(MIDDLE));
        picture(false);
        assertEquals(320, viewer.last);
        Watcher other = join(new Watcher());
        audience.leave(viewer);
        assertFalse(sink.wants(SMALL));
        audience.place(viewer, MIDDLE, MIDDLE);
        assertFalse(sink.wants(MIDDLE), "who has left gets no place");
        picture(false);
        assertEquals(2, viewer.pictures);
        assertEquals(2, other.caughtUp);
        assertEquals(1, other.pictures);
    }

    @Test
    void keyframesOfALayerAreAskedForOnceASecondByAllWhoBeginThere() {
        for (int i = 0; i < 30; i++) {
            Watcher viewer = new Watcher();
            viewer.layer = i % 2;
            join(viewer);
            turns.pass(100 * MILLI);
        }
        assertEquals(2 * 3, offered.asked.size(), offered.asked.toString());
        assertEquals(0, keyframeWishes, "of the stream nobody wants one");
    }

    @Test
    void whoeverChangesWaitsForAKeyframeTogetherWithAllOthers() {
        join(new Watcher());
        int first = keyframeWishes;
        List<Integer> wishes = List.of(MIDDLE, SMALL, Layers.STREAM);
        for (int i = 0; i < 60; i++) {
            audience.change(wishes.get(i % 3));
            turns.pass(100 * MILLI);
        }
        assertEquals(3, offered.asked.size() + keyframeWishes - first, "one in two seconds");
    }

    @Test
    void manyAreServedTogetherAndFewAtOnce() {
        Watcher first = new Watcher();
        join(first);
        for (int i = 1; i < Audience.CROWD_VIEWERS; i++) {
            join(new Watcher());
        }
        Watcher lower = new Watcher();
        lower.layer = MIDDLE;
        join(lower);
        publication.write(frame(LARGE, true));
        Layers.Sink sink = offered.sink;
        assertTrue(sink != null);
        sink.frame(MIDDLE, frame(MIDDLE, true));
        turns.pass(Audience.CROWD_NANOS - MILLI);
        sound();
        assertEquals(0, first.pictures + lower.pictures);
        turns.pass(MILLI);
        assertEquals(1, first.pictures);
        assertEquals(1, lower.pictures);
        assertEquals(1, first.sounds);
        audience.leave(lower);
        audience.leave(first);
        Watcher late = join(new Watcher());
        audience.leave(late);
        nanos += FRAME;
        publication.write(frame(LARGE, false));
        turns.pass(0);
        assertEquals(1, first.pictures, "who has left gets nothing");
        Watcher rest = join(new Watcher());
        assertEquals(2, rest.caughtUp);
    }

    @Test
    void theLastToLeaveClosesAllAndTheNextToComeBeginsWhereTheStreamIs() {
        Watcher viewer = join(new Watcher());
        picture(true);
        picture(false);
        audience.leave(viewer);
        audience.leave(viewer);
        assertEquals(1, deserted);
        assertEquals(null, offered.sink);
        picture(false);
        assertEquals(2, viewer.pictures);

        audience = audience();
        Watcher again = join(new Watcher());
        assertEquals(3, again.caughtUp);
        picture(false);
        assertEquals(1, again.pictures);
        assertTrue(offered.sink != null);
        assertEquals(1, deserted);
    }

    @Test
    void anOldGroupIsOnlySentWhenThePublisherMakesNoNewOne() {
        join(new Watcher());
        picture(true);
        while (nanos <= Audience.FRESH_NANOS + FRAME) {
            picture(false);
        }
        int wishes = keyframeWishes;
        Watcher patient = join(new Watcher());
        assertEquals(wishes + 1, keyframeWishes);
        turns.pass(Audience.PATIENCE_NANOS - MILLI);
        assertEquals(0, patient.caughtUp);
        turns.pass(MILLI);
        assertTrue(patient.caughtUp > 10);

        Watcher lucky = join(new Watcher());
        picture(true);
        assertEquals(1, lucky.pictures);
        turns.pass(Audience.PATIENCE_NANOS);
        assertEquals(0, lucky.caughtUp, "the new one came in time");
    }

    @Test
    void aPublisherThatMakesNoKeyframeOnRequestIsNotWaitedFor() {
        publication = publish(Publisher.Protocol.RTMP);
        audience = audience();
        join(new Watcher());
        picture(true);
        while (nanos <= 3 * Audience.FRESH_NANOS) {
            picture(false);
        }
        assertEquals(nanos / FRAME, join(new Watcher()).caughtUp);
    }

    @Test
    void theEndOfTheStreamEndsAllOnEveryLayer() {
        Watcher best = join(new Watcher());
        Watcher lower = new Watcher();
        lower.layer = SMALL;
        join(lower);
        picture(true);
        publication.close("the publisher left");
        turns.pass(FRAME);
        assertEquals(List.of("the publisher left"), best.ends);
        assertEquals(List.of("the publisher left"), lower.ends);
        assertEquals(1, deserted);
        assertEquals(null, offered.sink);
    }
}
