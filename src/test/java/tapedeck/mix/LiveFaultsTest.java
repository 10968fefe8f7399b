package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.media.Frame;
import tapedeck.mix.MixerRefusedException.Reason;
import tapedeck.peers.Await;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Workers that have no time or hang, and limits. Workers are stopped and let go on by signals.
@Tag("realtime")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class LiveFaultsTest {
    private static final String URI = "mixer://room";
    private static final Map<String, String> SMALL =
            Map.of("width", "160", "height", "90", "fps", "10", "mixerDisplayStreamName", "false");

    @TempDir
    private Path folder;

    private final Streams streams = new Streams();

    private LiveMixers mixers() {
        return new LiveMixers(streams, folder.resolve("mixer.json"), new EncoderCheck());
    }

    private Publication publish(String name) throws Exception {
        return publish(name, Feedback.NONE);
    }

    private Publication publish(String name, Feedback feedback) throws Exception {
        Publisher publisher =
                new Publisher(Publisher.Protocol.RTMP, "a", name, "c", Publisher.RecordWish.NO, Publisher.Expects.BOTH);
        return streams.publish(new StreamName(name), publisher, feedback);
    }

    private static LiveMixers.Which named(String name) {
        return new LiveMixers.Which(Optional.of(name), Optional.empty());
    }

    /// Real frames in real time, over and over, until the thread is interrupted.
    private static Thread send(Publication publication) {
        int seconds = 2;
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(seconds), TestMedia.aac(seconds));
        return Thread.ofVirtual().start(() -> {
            long began = System.nanoTime();
            for (long round = 0; ; round++) {
                for (Frame frame : TestMedia.shifted(frames, round * seconds * 1_000_000_000L)) {
                    long early = frame.dtsNanos() - (System.nanoTime() - began);
                    if (early > 0) {
                        LockSupport.parkNanos(early);
                    }
                    if (Thread.currentThread().isInterrupted()) {
                        publication.close();
                        return;
                    }
                    publication.write(frame);
                }
            }
        });
    }

    /// How far a mix came, as a viewer sees it.
    private static final class Viewer implements AutoCloseable {
        private final Reader reader;
        private final List<Item> items = new ArrayList<>();
        private long pictureNanos = -1;
        private long soundNanos = -1;
        private boolean beginsWithKeyframe;
        private int holes;

        Viewer(Stream stream) {
            reader = stream.subscribe(ReaderOptions.viewer("test", () -> {}));
        }

        private Viewer look() {
            items.clear();
            reader.drainTo(items);
            for (Item item : items) {
                if (item instanceof Item.Media media) {
                    Frame frame = media.frame();
                    if (frame.track().isVideo()) {
                        assertTrue(frame.ptsNanos() > pictureNanos, "pictures go on");
                        beginsWithKeyframe |= pictureNanos < 0 && frame.keyframe();
                        pictureNanos = frame.ptsNanos();
                    } else {
                        assertTrue(frame.ptsNanos() > soundNanos, "sound goes on");
                        holes += soundNanos < 0 || frame.ptsNanos() - soundNanos < 21_335_000 ? 0 : 1;
                        soundNanos = frame.ptsNanos();
                    }
                }
            }
            return this;
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    private interface Run {
        void run(LiveMixers mixers, Viewer viewer) throws Exception;
    }

    /// With a mix of one whom somebody watches.
    private void watched(Run run) throws Exception {
        try (LiveMixers mixers = mixers();
                Publication anna = publish("anna")) {
            Thread sender = send(anna);
            try {
                mixers.start(URI, Optional.of("mix"), SMALL);
                mixers.add(URI, named("anna"), true, true);
                Stream mix = streams.find(new StreamName("mix")).orElseThrow();
                Await.await(
                        "pictures and sound",
                        () -> mix.tracks().size() == 2 && only(mixers).pictures() > 10);
                try (Viewer viewer = new Viewer(mix)) {
                    Await.await("both", () -> viewer.look().pictureNanos > 0 && viewer.soundNanos > 0);
                    assertTrue(viewer.beginsWithKeyframe);
                    run.run(mixers, viewer);
                }
            } finally {
                sender.interrupt();
                sender.join();
            }
        }
    }

    @Test
    void aSlowWorkerCostsPicturesButNoSound() throws Exception {
        watched((mixers, viewer) -> {
            long pid = mixers.pids(URI).getFirst();
            MixWorkers.signal(pid, "STOP");
            long stoppedAt = viewer.look().pictureNanos;
            Await.await("sound without pictures", () -> viewer.look().soundNanos > stoppedAt + 3_000_000_000L);
            assertTrue(viewer.pictureNanos < stoppedAt + 1_000_000_000L, "no pictures");
            MixWorkers.signal(pid, "CONT");
            Await.await("pictures again", () -> viewer.look().pictureNanos > stoppedAt + 4_000_000_000L);
            LiveMix now = only(mixers);
            assertTrue(now.droppedPictures() > 10, now.toString());
            assertTrue(now.sources().getFirst().droppedFrames() > 0, now.toString());
            assertEquals(0, now.restartedWorkers());
            assertEquals(0, viewer.holes, "holes in the sound");
        });
    }

    /// One that says nothing for ten seconds.
    @Test
    void aWorkerThatHangsIsReplaced() throws Exception {
        watched((mixers, viewer) -> {
            MixWorkers.signal(mixers.pids(URI).get(1), "STOP");
            // The viewer looks all the time, so that nothing is missing but what was not mixed.
            Await.await("another worker", () -> {
                viewer.look();
                return only(mixers).restartedWorkers() == 1;
            });
            long restartedAt = viewer.look().soundNanos;
            Await.await("sound again", () -> viewer.look().soundNanos > restartedAt + LiveFeed.STUCK_NANOS);
            assertEquals(1, viewer.holes, "what hung is not made up for");
        });
    }

    private static LiveMix only(LiveMixers mixers) {
        return mixers.all().getFirst();
    }

    /// As browsers are, which make a keyframe only when they are asked.
    @Test
    void whoJoinsWithALongPastIsAskedForAKeyframe() throws Exception {
        AtomicInteger wishes = new AtomicInteger();
        Feedback feedback = new Feedback() {
            @Override
            public void requestKeyframe() {
                wishes.incrementAndGet();
            }

            @Override
            public void watched(boolean live) {}

            @Override
            public void terminate(String reason) {}
        };
        try (LiveMixers mixers = mixers();
                Publication anna = publish("anna", feedback)) {
            mixers.start(URI, Optional.empty(), SMALL);
            Frame keyframe = TestMedia.h264(1).getFirst();
            assertTrue(keyframe.keyframe());
            long zero = anna.stream().nowNanos();
            anna.zero(() -> zero);
            anna.write(keyframe);
            long began = System.nanoTime();
            Await.await("its past is long", () -> System.nanoTime() - began > 2 * Pace.LIVE.staleNanos());
            assertEquals(0, wishes.get(), "nobody watches");
            mixers.add(URI, named("anna"), true, true);
            Await.await("the wish", () -> wishes.get() == 1);
        }
    }

    @Test
    void limitsAreKept() throws Exception {
        List<Publication> publications = new ArrayList<>();
        try (LiveMixers mixers = new LiveMixers(streams, folder.resolve("mixer.json"), new EncoderCheck(), 1)) {
            mixers.start(URI, Optional.empty(), Map.of("hasVideo", "false"));
            refused(Reason.TAKEN, () -> mixers.start("mixer://second", Optional.empty(), SMALL));
            for (int i = 0; i <= LiveMixer.MAX_SOURCES; i++) {
                publications.add(publish("p" + i));
            }
            for (int i = 0; i < LiveMixer.MAX_SOURCES; i++) {
                mixers.add(URI, named("p" + i), true, true);
            }
            String last = "p" + LiveMixer.MAX_SOURCES;
            refused(Reason.TAKEN, () -> mixers.add(URI, named(last), true, true));
            mixers.remove(URI, named("p7"));
            mixers.add(URI, named(last), true, true);
            assertEquals(LiveMixer.MAX_SOURCES, only(mixers).sources().size());
            mixers.terminate(URI);
            mixers.start("mixer://second", Optional.empty(), Map.of("hasVideo", "false"));
        }
        publications.forEach(Publication::close);
    }

    private interface Call {
        void run() throws Exception;
    }

    private static void refused(Reason reason, Call call) {
        assertEquals(
                reason, assertThrows(MixerRefusedException.class, call::run).reason());
    }
}
