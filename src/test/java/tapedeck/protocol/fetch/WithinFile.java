package tapedeck.protocol.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tapedeck.media.Frame;
import tapedeck.peers.FrameCollector;
import tapedeck.peers.ShownPictures;
import tapedeck.relay.PullControls;
import tapedeck.relay.Relays;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Plays a clip of 100 pictures in a loop, stops it, goes on, and moves to its fourth second; all clips at once. What
/// comes is judged by its decoded pictures: none is missing and none comes twice, but where somebody moved.
final class WithinFile implements AutoCloseable {
    private static final int PICTURES = 100;
    private static final int PER_SECOND = 25;
    private static final long STEP_NANOS = 200_000_000L;
    /// In which 15 pictures and 26 sounds would come.
    private static final long HOLD_MILLIS = 600;

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Streams streams;
    private final Relays relays;
    private final Map<String, String> options;
    private final ExecutorService players = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<?>> judged = new ArrayList<>();

    WithinFile(Streams streams, Relays relays, Map<String, String> options) {
        this.streams = streams;
        this.relays = relays;
        this.options = new HashMap<>(options);
        this.options.put("loop", "true");
    }

    /// @param source where its pictures are
    void judge(String address, Path source) {
        String name = "within-" + COUNT.incrementAndGet();
        FrameCollector collector = FrameCollector.of(streams, name);
        judged.add(players.submit(() -> {
            String id = relays.pull(address, new StreamName(name), options).id();
            collector.until(40);
            PullControls controls = relays.controls(id).orElseThrow(() -> new AssertionError(address));
            stopAndGoOn(address, collector, controls);
            controls.seek(3_000_000_000L);
            int moved = collector.until(0).size();
            // The last second, and more than half of the first one.
            List<Frame> received = List.copyOf(collector.until(moved + 110));
            relays.terminate(id, "enough");
            assertPictures(address, ShownPictures.of(received, source));
            assertTimes(address, received);
            return null;
        }));
    }

    /// One frame may be on its way when somebody stops it, and no other comes.
    private static void stopAndGoOn(String address, FrameCollector collector, PullControls controls) throws Exception {
        controls.pause();
        long atPause = collector.stream().statistics().frames();
        TimeUnit.MILLISECONDS.sleep(HOLD_MILLIS);
        long held = collector.stream().statistics().frames();
        assertTrue(held <= atPause + 1, "%s: %d came while it stood still".formatted(address, held - atPause));
        controls.play();
        collector.until((int) held + 20);
    }

    private static void assertPictures(String address, List<Integer> shown) {
        int moved = shown.indexOf(3 * PER_SECOND);
        assertTrue(moved > 0 && moved < 3 * PER_SECOND, address + ": moved to the keyframe at 3 s: " + shown);
        for (int i = 0; i < shown.size(); i++) {
            int expected = i < moved ? i : (3 * PER_SECOND + i - moved) % PICTURES;
            // Of the last group in front of a cut the picture that is shown last may be there, and others not.
            int cut = i < moved && i >= moved - 2 || i >= shown.size() - 2 ? 2 : 0;
            assertEquals(expected, shown.get(i), cut, address + ": " + shown);
        }
        assertTrue(shown.size() > moved + PER_SECOND, address + ": begins again: " + shown);
    }

    private static void assertTimes(String address, List<Frame> received) {
        long last = -1;
        for (Frame frame : received) {
            if (frame.track().isVideo()) {
                long step = last < 0 ? 1 : frame.dtsNanos() - last;
                assertTrue(
                        step > 0 && step < STEP_NANOS,
                        "%s: %d ms at %d ms".formatted(address, step / 1_000_000, last / 1_000_000));
                last = frame.dtsNanos();
            }
        }
    }

    @Override
    public void close() throws Exception {
        for (Future<?> one : judged) {
            one.get();
        }
        players.close();
    }
}
