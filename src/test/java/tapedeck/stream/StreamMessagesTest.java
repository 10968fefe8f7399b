package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.stream.Frames.drain;
import static tapedeck.stream.Frames.large;
import static tapedeck.stream.Frames.video;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;

/// What is said on data channels, on its way through a stream.
class StreamMessagesTest {
    private static final StreamName NAME = new StreamName("test");

    private final AtomicLong nanos = new AtomicLong(1_000);
    private final Streams streams = new Streams(Clock.systemUTC(), nanos::get);
    private final List<Item.Message> toPublisher = new ArrayList<>();
    private final Feedback feedback = new Feedback() {
        @Override
        public void requestKeyframe() {}

        @Override
        public void watched(boolean live) {}

        @Override
        public void terminate(String reason) {}

        @Override
        public void message(Item.Message message) {
            toPublisher.add(message);
        }
    };

    private Publication publish() throws NameTakenException {
        return streams.publish(NAME, Frames.PUBLISHER, feedback);
    }

    private static Item.Message message(String text) {
        return new Item.Message("chat", "", "me", true, -1, Bytes.ofUtf8(text));
    }

    private static Item.Message message(int bytes) {
        return new Item.Message("data", "p", "me", false, -1, Bytes.wrap(new byte[bytes]));
    }

    private static List<String> texts(List<Item> items) {
        return items.stream()
                .map(item -> switch (item) {
                    case Item.Media media -> "frame " + media.frame().data().u32(0);
                    case Item.Message message -> message.data().toUtf8() + " at " + message.nanos();
                    case Item.Gap gap -> "gap " + gap.frames();
                    case Item.End _ -> "end";
                })
                .toList();
    }

    @Test
    void everyReaderHasThemInOrderWithTheFramesAndWithTheTimeOfTheStream() throws Exception {
        Publication publication = publish();
        Reader one = publication.stream().subscribe(ReaderOptions.viewer("one", () -> {}));
        Reader two = publication.stream().subscribe(ReaderOptions.viewer("two", () -> {}));
        nanos.addAndGet(5);
        assertTrue(publication.message(message("before any frame")));
        publication.write(video(0, true));
        nanos.addAndGet(5);
        assertTrue(publication.message(message("hello")));
        publication.write(video(1, false));
        nanos.addAndGet(5);
        assertTrue(publication.stream().message(message("and back")));
        publication.close();
        List<String> all =
                List.of("before any frame at 5", "frame 0", "hello at 10", "frame 1", "and back at 15", "end");
        assertEquals(all, texts(drain(one)));
        assertEquals(all, texts(drain(two)));
        assertEquals(
                List.of("and back"),
                toPublisher.stream().map(m -> m.data().toUtf8()).toList());
        assertFalse(publication.message(message("too late")));
        assertEquals(new Stream.Messages(3, 1), publication.stream().messages());
    }

    @Test
    void theyAreNotKeptForWhoComesLater() throws Exception {
        Publication publication = publish();
        publication.write(video(0, true));
        publication.message(message("past"));
        publication.write(video(1, false));
        Reader late = publication.stream().subscribe(ReaderOptions.viewer("late", () -> {}));
        assertEquals(List.of("frame 0", "frame 1"), texts(drain(late)));
    }

    @Test
    void aRecorderIsNotWokenForEach() throws Exception {
        Publication publication = publish();
        AtomicInteger wakes = new AtomicInteger();
        Reader recorder = publication.stream()
                .subscribe(new ReaderOptions(
                        "recorder", false, true, 60_000_000_000L, 64 << 20, 1_000_000_000L, wakes::incrementAndGet));
        publication.write(video(0, true));
        for (int i = 0; i < 100; i++) {
            publication.message(message("m" + i));
        }
        assertEquals(0, wakes.get());
        for (int i = 1; i <= 25; i++) {
            publication.write(video(i, false));
        }
        assertEquals(1, wakes.get(), "with the fragment");
        assertEquals(126, drain(recorder).size());
        // But before they are dropped.
        for (int i = 0; i < 9; i++) {
            publication.message(message(64 * 1024));
        }
        assertEquals(2, wakes.get());
    }

    @Test
    void aViewerIsWokenAtOnce() throws Exception {
        Publication publication = publish();
        AtomicInteger wakes = new AtomicInteger();
        publication.stream().subscribe(ReaderOptions.viewer("viewer", wakes::incrementAndGet));
        publication.message(message("hello"));
        assertEquals(1, wakes.get());
    }

    @Test
    void aSlowReaderLosesMessagesBeyondItsBoundButNoFrameForThem() throws Exception {
        Publication publication = publish();
        ByteBudget budget = new ByteBudget(100 << 20);
        Reader slow = publication.stream()
                .subscribe(new ReaderOptions("slow", true, true, 60_000_000_000L, 64 << 20, budget, 0, () -> {}));
        publication.write(video(0, true));
        for (int i = 0; i < 20; i++) {
            publication.message(message(64 * 1024));
        }
        publication.write(video(1, false));
        assertEquals(4, slow.droppedMessages(), "16 are a megabyte");
        assertEquals(0, slow.droppedFrames());
        assertEquals(18, drain(slow).size());
        assertEquals(0, budget.takenBytes());
        for (int i = 0; i < Reader.MAX_MESSAGES + 5; i++) {
            nanos.addAndGet(1_000_000_000L);
            publication.message(message("short"));
        }
        assertEquals(4 + 5, slow.droppedMessages());
        slow.close();
        assertEquals(0, budget.takenBytes());
    }

    @Test
    void messagesOutliveTheBacklogOfFrames() throws Exception {
        Publication publication = publish();
        Reader slow = publication.stream()
                .subscribe(new ReaderOptions("slow", true, true, 60_000_000_000L, 10_000, 0, () -> {}));
        publication.write(large(0, true, 4_000));
        publication.message(message("first"));
        publication.write(large(1, false, 4_000));
        publication.message(message("second"));
        publication.write(large(2, false, 4_000));
        publication.message(message("third"));
        publication.write(large(3, true, 4_000));
        List<String> left = texts(drain(slow));
        assertEquals(List.of("first at 0", "second at 0", "third at 0", "gap 3", "frame 0"), left);
        assertEquals(0, slow.droppedMessages());
    }

    @Test
    void tooMuchAndTooLongIsRefused() throws Exception {
        Publication publication = publish();
        assertTrue(publication.message(message(Stream.MAX_MESSAGE_BYTES)));
        assertFalse(publication.message(message(Stream.MAX_MESSAGE_BYTES + 1)));
        int taken = 1;
        while (publication.stream().message(message("flood"))) {
            taken++;
        }
        assertEquals(MessageRate.AT_ONCE, taken);
        nanos.addAndGet(1_000_000_000L);
        for (int i = 0; i < MessageRate.PER_SECOND; i++) {
            assertTrue(publication.message(message("again")), "message " + i);
        }
        assertFalse(publication.message(message("too many")));
        assertEquals(3, publication.stream().messages().dropped());
    }
}
