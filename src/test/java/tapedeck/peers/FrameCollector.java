package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import tapedeck.media.Frame;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Reads all of one stream from its first frame to its end, as a recorder would, but without any bound.
public final class FrameCollector implements Streams.Listener {
    private static final long DEADLINE_SECONDS = 60;

    private final StreamName name;
    private final Semaphore news = new Semaphore(0);
    private final AtomicReference<Reader> reader = new AtomicReference<>();
    private final List<Frame> frames = new ArrayList<>();
    private final List<Item.Message> messages = new ArrayList<>();
    private String endReason = "";

    private FrameCollector(String name) {
        this.name = new StreamName(name);
    }

    /// Waits for a stream of this name to be published.
    public static FrameCollector of(Streams streams, String name) {
        FrameCollector collector = new FrameCollector(name);
        streams.addListener(collector);
        return collector;
    }

    @Override
    public void published(Stream stream) {
        if (stream.name().equals(name) && reader.get() == null) {
            reader.set(stream.subscribe(new ReaderOptions(
                    "collector", false, true, Long.MAX_VALUE / 2, Long.MAX_VALUE / 2, 0, news::release)));
            news.release();
        }
    }

    @Override
    public void ended(Stream stream, String reason) {}

    /// All frames, once the stream has ended.
    public List<Frame> untilEnd() {
        await(_ -> !endReason.isEmpty(), "the end of");
        return frames;
    }

    /// The frames so far, once there are this many.
    public List<Frame> until(int count) {
        await(collected -> collected.size() >= count, count + " frames of");
        return frames;
    }

    /// The messages so far, once there are this many.
    public List<Item.Message> untilMessages(int count) {
        await(_ -> messages.size() >= count, count + " messages of");
        return messages;
    }

    /// The next frames, once there are this many, and forgets them.
    public List<Frame> take(int count) {
        await(collected -> collected.size() >= count, count + " more frames of");
        List<Frame> next = frames.subList(0, count);
        List<Frame> taken = List.copyOf(next);
        next.clear();
        return taken;
    }

    public String endReason() {
        return endReason;
    }

    public Stream stream() {
        until(0);
        return reader.get().stream();
    }

    private void await(Predicate<List<Frame>> enough, String what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (reader.get() == null || !enough.test(frames)) {
            try {
                boolean woken = news.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                assertTrue(woken, () -> "waited for %s \"%s\", have %d frames".formatted(what, name, frames.size()));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            if (reader.get() != null) {
                List<Item> items = new ArrayList<>();
                reader.get().drainTo(items);
                for (Item item : items) {
                    switch (item) {
                        case Item.Media media -> frames.add(media.frame());
                        case Item.Gap gap -> throw new AssertionError("a gap of " + gap.frames() + " frames");
                        case Item.Message message -> messages.add(message);
                        case Item.End end -> endReason = end.reason();
                    }
                }
            }
        }
    }

    /// Compares with the file that was sent: every frame, byte for byte, and the times since the first one, to the
    /// millisecond.
    public static void assertSame(List<FlvFile.Tag> sent, List<Frame> received) {
        assertSame(sent, received, sent.getFirst().timestampMillis());
    }

    /// @param originMillis timestamp of the first frame of the stream
    public static void assertSame(List<FlvFile.Tag> sent, List<Frame> received, int originMillis) {
        for (int i = 0; i < Math.min(sent.size(), received.size()); i++) {
            FlvFile.Tag tag = sent.get(i);
            Frame frame = received.get(i);
            // Modulo 2^31: they may wrap, and FFmpeg never sets the sign bit.
            int dtsMillis = tag.timestampMillis() - originMillis << 1 >> 1;
            String what = "frame %d at %d ms".formatted(i, dtsMillis);
            assertEquals(tag.video(), frame.track().isVideo(), what);
            assertEquals(dtsMillis * 1_000_000L, frame.dtsNanos(), what);
            assertEquals((dtsMillis + tag.compositionMillis()) * 1_000_000L, frame.ptsNanos(), what);
            assertEquals(tag.keyframe(), frame.keyframe(), what);
            assertEquals(tag.data(), frame.data(), what);
        }
        assertEquals(sent.size(), received.size());
    }
}
