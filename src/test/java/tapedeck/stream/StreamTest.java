package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.stream.Frames.audio;
import static tapedeck.stream.Frames.drain;
import static tapedeck.stream.Frames.large;
import static tapedeck.stream.Frames.numbers;
import static tapedeck.stream.Frames.video;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class StreamTest {
    private static final StreamName NAME = new StreamName("test");

    private final AtomicLong nanos = new AtomicLong(5);
    private final Streams streams = new Streams(Clock.systemUTC(), nanos::get);
    private final Frames.Back back = new Frames.Back();

    @Test
    void aLateReaderBeginsAtTheLastEntryPoint() throws Exception {
        Publication publication = publish();
        for (int i = 0; i < 25; i++) {
            publication.write(video(i, 10));
        }
        Reader late = publication.stream().subscribe(ReaderOptions.viewer("late", () -> {}));
        publication.write(video(25, 10));
        assertEquals(LongStream.rangeClosed(20, 25).boxed().toList(), numbers(drain(late)));
        assertEquals(0, back.keyframeRequests.get(), "it has its entry point");
        assertEquals(0, late.droppedFrames());
    }

    @Test
    void whatIsOnlyDescribedIsBelievedForAsLongAsTracksAreWaitedFor() throws Exception {
        Publication publication = publish();
        Stream stream = publication.stream();
        publication.expect(Publisher.Expects.BOTH);
        publication.describe(audio(0).track());
        assertEquals(List.of(), stream.tracks());
        assertEquals(List.of(audio(0).track()), stream.describedTracks());
        publication.write(video(0, true));
        assertEquals(List.of(video(0, true).track()), stream.tracks());
        assertEquals(List.of(video(0, true).track(), audio(0).track()), stream.describedTracks());
        assertFalse(stream.knowsItsTracks());
        assertTrue(stream.isDescribed());
        nanos.addAndGet(Stream.MAX_TRACK_WAIT_NANOS);
        assertEquals(List.of(video(0, true).track()), stream.describedTracks());
        assertFalse(stream.isDescribed());
        publication.write(audio(1));
        assertEquals(2, stream.describedTracks().size());
        assertTrue(stream.isDescribed());
    }

    @Test
    void aReaderThatWantsNoCacheBeginsAtTheNextEntryPointAndAsksForIt() throws Exception {
        Publication publication = publish();
        for (int i = 0; i < 25; i++) {
            publication.write(video(i, 10));
        }
        Reader reader = publication.stream().subscribe(recorder(false, 5_000, 1 << 20, 0));
        assertEquals(1, back.keyframeRequests.get());
        for (int i = 25; i < 32; i++) {
            publication.write(video(i, 10));
        }
        List<Item> items = drain(reader);
        assertEquals(List.of(30L, 31L), numbers(items));
        assertEquals(2, items.size(), "what came before the beginning is no gap");
    }

    @Test
    void soundIsAnEntryPointUntilThereIsAPicture() throws Exception {
        Publication publication = publish();
        Reader reader = publication.stream().subscribe(ReaderOptions.viewer("reader", () -> {}));
        publication.write(audio(0));
        publication.write(audio(1));
        publication.write(video(1, false));
        publication.write(audio(2));
        publication.write(video(2, true));
        List<Item> items = drain(reader);
        List<Boolean> entryPoints =
                items.stream().map(item -> ((Item.Media) item).entryPoint()).toList();
        assertEquals(List.of(true, true, false, false, true), entryPoints);
    }

    @Test
    void aSlowReaderRestartsAtAKeyframe() throws Exception {
        Publication publication = publish();
        Reader slow = publication.stream().subscribe(recorder(true, 1_000, 1 << 20, 0));
        Reader fast = publication.stream().subscribe(ReaderOptions.viewer("fast", () -> {}));
        List<Long> seen = new ArrayList<>();
        // 26 frames are 1,000 ms; the 27th is too many, and the next keyframe after it is number 30.
        for (int i = 0; i < 45; i++) {
            publication.write(video(i, 10));
            seen.addAll(numbers(drain(fast)));
        }
        List<Item> items = drain(slow);
        assertEquals(new Item.Gap(30), items.getFirst());
        assertEquals(LongStream.range(30, 45).boxed().toList(), numbers(items));
        assertEquals(30, slow.droppedFrames());
        assertEquals(1, back.keyframeRequests.get());
        assertEquals(LongStream.range(0, 45).boxed().toList(), seen, "the others noticed nothing");
        assertEquals(0, fast.droppedFrames());
    }

    @Test
    void aKeyframeThatComesWhenTheQueueIsFullIsKept() throws Exception {
        Publication publication = publish();
        Reader slow = publication.stream().subscribe(recorder(true, 1_000, 1 << 20, 0));
        for (int i = 0; i < 30; i++) {
            publication.write(video(i, 26));
        }
        List<Item> items = drain(slow);
        assertEquals(new Item.Gap(26), items.getFirst());
        assertEquals(List.of(26L, 27L, 28L, 29L), numbers(items));
        assertEquals(0, back.keyframeRequests.get());
    }

    @Test
    void theBacklogIsBoundedInBytesToo() throws Exception {
        Publication publication = publish();
        Reader slow = publication.stream().subscribe(recorder(true, 3_600_000, 1000, 0));
        for (int i = 0; i < 22; i++) {
            publication.write(large(i, i % 5 == 0, 300));
        }
        List<Item> items = drain(slow);
        long media = items.stream().filter(Item.Media.class::isInstance).count();
        assertTrue(media * 300 <= 1000, media + " frames");
        assertEquals(22, media + slow.droppedFrames());
        assertEquals(slow.droppedFrames(), ((Item.Gap) items.getFirst()).frames());
    }

    @Test
    void manySlowReadersTogetherStayWithinTheirBudget() throws Exception {
        Publication publication = publish();
        ByteBudget budget = new ByteBudget(1000);
        List<Reader> slow = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            slow.add(publication.stream()
                    .subscribe(new ReaderOptions("r", false, true, 1L << 50, 900, budget, 0, () -> {})));
        }
        for (int i = 0; i < 200; i++) {
            publication.write(large(i, i % 5 == 0, 100));
            assertTrue(budget.takenBytes() <= 1000, budget.takenBytes() + " bytes");
        }
        for (Reader reader : slow) {
            List<Item> items = drain(reader);
            long there = items.stream().filter(Item.Media.class::isInstance).count();
            long told = items.stream()
                    .mapToLong(item -> item instanceof Item.Gap gap ? gap.frames() : 0)
                    .sum();
            assertTrue(told <= reader.droppedFrames());
            assertEquals(200, there + reader.droppedFrames());
        }
        assertEquals(0, budget.takenBytes());
        Reader alone = slow.getFirst();
        for (int i = 200; i < 208; i++) {
            publication.write(large(i, i % 5 == 0, 100));
            slow.subList(1, 4).forEach(Frames::drain);
        }
        assertEquals(
                8, drain(alone).stream().filter(Item.Media.class::isInstance).count());
        slow.forEach(Reader::close);
        assertEquals(0, budget.takenBytes());
    }

    @Test
    void aFrameLargerThanTheQueueIsAGap() throws Exception {
        Publication publication = publish();
        Reader slow = publication.stream().subscribe(recorder(true, 5_000, 1000, 0));
        publication.write(large(0, true, 10));
        publication.write(large(1, true, 1001));
        publication.write(large(2, false, 10));
        publication.write(large(3, true, 10));
        List<Item> items = drain(slow);
        assertEquals(new Item.Gap(3), items.getFirst());
        assertEquals(2, items.size());
    }

    @Test
    void tracksThatRunApartAreNoBacklog() throws Exception {
        Publication publication = publish();
        Reader reader = publication.stream().subscribe(recorder(true, 1_000, 1 << 20, 0));
        for (int i = 0; i < 500; i++) {
            publication.write(video(i, 10));
            publication.write(audio(2 * i + 500)); // 10 s ahead for ever
            if (i % 20 == 0) {
                drain(reader);
            }
        }
        assertEquals(0, reader.droppedFrames());
    }

    @Test
    void aJumpOfTheClockIsNoBacklog() throws Exception {
        Publication publication = publish();
        Reader reader = publication.stream().subscribe(recorder(true, 3_000, 1 << 20, 0));
        publication.write(video(0, true));
        publication.write(video(1_000_000, false));
        publication.write(video(1_000_001, false));
        assertEquals(List.of(0L, 1_000_000L, 1_000_001L), numbers(drain(reader)));
    }

    @Test
    void aReaderIsWokenOncePerFragmentAndNotAgainBeforeItDrained() throws Exception {
        Publication publication = publish();
        AtomicInteger woken = new AtomicInteger();
        Reader reader = publication.stream()
                .subscribe(new ReaderOptions(
                        "recorder",
                        false,
                        true,
                        60_000 * Frames.MILLIS,
                        1 << 20,
                        800 * Frames.MILLIS,
                        woken::incrementAndGet));
        for (int i = 0; i < 20; i++) {
            publication.write(video(i, 10));
        }
        assertEquals(0, woken.get(), "760 ms are there");
        for (int i = 20; i < 100; i++) {
            publication.write(video(i, 10));
        }
        assertEquals(1, woken.get());
        assertEquals(100, drain(reader).size());
        for (int i = 100; i < 121; i++) {
            publication.write(video(i, 10));
        }
        assertEquals(2, woken.get());
    }

    @Test
    void aPublisherThatVanishesEndsItsReaders() throws Exception {
        Publication publication = publish();
        AtomicInteger woken = new AtomicInteger();
        Reader reader = publication.stream()
                .subscribe(new ReaderOptions("r", false, true, 1L << 40, 1 << 20, 1L << 39, woken::incrementAndGet));
        publication.write(video(0, true));
        publication.close("connection lost");
        assertEquals(1, woken.get(), "the end is told at once");
        List<Item> items = drain(reader);
        assertEquals(new Item.End("connection lost"), items.getLast());
        assertEquals(List.of(0L), numbers(items), "what came before is not lost");
        publication.write(video(1, true));
        publication.close();
        assertEquals(List.of(), drain(reader));
        assertTrue(streams.find(NAME).isEmpty());
        assertTrue(publication.stream().statistics().ended());
    }

    @Test
    void whoComesAfterTheEndIsToldSo() throws Exception {
        Publication publication = publish();
        Stream stream = publication.stream();
        publication.write(video(0, true));
        publication.close("gone");
        Reader reader = stream.subscribe(ReaderOptions.viewer("late", () -> {}));
        assertInstanceOf(Item.End.class, drain(reader).getFirst());
    }

    @Test
    void aNameIsTakenUntilItsStreamEnds() throws Exception {
        Publication first = publish();
        assertThrows(NameTakenException.class, this::publish);
        first.close();
        Publication second = publish();
        assertNotEquals(first.stream().mediaSessionId(), second.stream().mediaSessionId());
        first.close();
        assertEquals(second.stream(), streams.find(NAME).orElseThrow(), "an old end does not end the new one");
        assertEquals(
                second.stream(),
                streams.findBySession(second.stream().mediaSessionId()).orElseThrow());
        assertTrue(streams.findBySession(first.stream().mediaSessionId()).isEmpty());
    }

    @Test
    void aStreamThatReturnsKnowsNothingOfTheOldOne() throws Exception {
        Publication first = publish();
        first.write(video(0, true));
        first.write(video(1, false));
        first.close();
        Publication second = publish();
        Reader reader = second.stream().subscribe(ReaderOptions.viewer("r", () -> {}));
        assertEquals(List.of(), drain(reader));
        assertEquals(List.of(), second.stream().tracks());
        assertEquals(0, second.stream().statistics().frames());
    }

    @Test
    void ofManyPublishersOfOneNameOneWins() throws Exception {
        for (int round = 0; round < 50; round++) {
            CountDownLatch start = new CountDownLatch(1);
            List<Publication> won = Collections.synchronizedList(new ArrayList<>());
            AtomicInteger refused = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                threads.add(Thread.ofVirtual().start(() -> {
                    try {
                        start.await();
                        won.add(publish());
                    } catch (NameTakenException | InterruptedException _) {
                        refused.incrementAndGet();
                    }
                }));
            }
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(1, won.size());
            assertEquals(7, refused.get());
            won.getFirst().close();
        }
    }

    @Test
    void keyframesAreAskedForAtMostTwiceASecond() throws Exception {
        Stream stream = publish().stream();
        for (int i = 0; i < 1000; i++) {
            stream.requestKeyframe();
            nanos.addAndGet(10 * Frames.MILLIS);
        }
        assertEquals(20, back.keyframeRequests.get(), "in ten seconds");
    }

    @Test
    void thePublisherKnowsWhetherAnybodyWatches() throws Exception {
        Stream stream = publish().stream();
        Reader recorder = stream.subscribe(recorder(true, 5_000, 1 << 20, 0));
        assertEquals(List.of(), back.watched);
        Reader one = stream.subscribe(ReaderOptions.viewer("one", () -> {}));
        Reader two = stream.subscribe(ReaderOptions.viewer("two", () -> {}));
        assertEquals(2, stream.statistics().liveReaders());
        one.close();
        one.close();
        assertEquals(List.of(true), back.watched);
        two.close();
        assertEquals(List.of(true, false), back.watched);
        recorder.close();
        assertEquals(0, stream.statistics().readers());
    }

    @Test
    void terminatingGoesToThePublisher() throws Exception {
        publish().stream().terminate("by an operator");
        assertEquals(List.of("by an operator"), back.terminated);
    }

    @Test
    void aReaderThatLeftGetsNothingMore() throws Exception {
        Publication publication = publish();
        Reader reader = publication.stream().subscribe(ReaderOptions.viewer("r", () -> {}));
        publication.write(video(0, true));
        reader.close();
        publication.write(video(1, true));
        publication.close();
        assertEquals(List.of(), drain(reader));
    }

    @Test
    void listenersAreToldOfEveryStreamOnce() throws Exception {
        List<String> told = new ArrayList<>();
        streams.addListener(new Streams.Listener() {
            @Override
            public void published(Stream stream) {
                told.add("published " + stream.name());
            }

            @Override
            public void ended(Stream stream, String reason) {
                told.add("ended " + stream.name() + " " + reason);
            }
        });
        Publication publication = publish();
        publication.close("a");
        publication.close("b");
        assertEquals(List.of("published test", "ended test a"), told);
    }

    /// Readers that come and go while a thread publishes: each sees an entry point first and then every frame, once.
    @Test
    void noHoleAndNoDoubleForReadersThatComeInTheMiddle() throws Exception {
        int count = 20_000;
        Publication publication = publish();
        publication.write(video(0, 10));
        AtomicInteger read = new AtomicInteger();
        Thread publisher = Thread.ofPlatform().start(() -> {
            // At least until the readers are there.
            for (int i = 1; i < count || read.get() == 0; i++) {
                publication.write(video(i, 10));
            }
            publication.close();
        });
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            readers.add(Thread.ofPlatform().start(() -> {
                while (!publication.stream().statistics().ended()) {
                    read.addAndGet(readSome(publication.stream(), wrong));
                }
            }));
        }
        publisher.join();
        for (Thread reader : readers) {
            reader.join();
        }
        assertEquals(List.of(), wrong);
        assertTrue(read.get() > 0, "somebody read something");
    }

    private static int readSome(Stream stream, List<String> wrong) {
        CountDownLatch woken = new CountDownLatch(1);
        try (Reader reader =
                stream.subscribe(new ReaderOptions("r", true, true, 1L << 50, 1 << 30, 0, woken::countDown))) {
            List<Item> items = new ArrayList<>();
            for (int turns = 0; turns < 20; turns++) {
                if (!woken.await(1, TimeUnit.SECONDS)) {
                    wrong.add("not woken");
                }
                reader.drainTo(items);
            }
            List<Long> numbers = numbers(items);
            for (int i = 0; i < numbers.size(); i++) {
                long expected = numbers.getFirst() + i;
                if (numbers.get(i) != expected || (i == 0 && expected % 10 != 0)) {
                    wrong.add("%d instead of %d".formatted(numbers.get(i), expected));
                    break;
                }
            }
            return numbers.size();
        } catch (InterruptedException e) {
            wrong.add(e.toString());
            return 0;
        }
    }

    @Test
    void tracksAreKnownBeforeAndAfterTheirFirstFrame() throws Exception {
        Publication publication = publish();
        publication.announce(Frames.AUDIO);
        assertEquals(List.of(Frames.AUDIO), publication.stream().tracks());
        publication.write(video(0, true));
        assertEquals(List.of(Frames.VIDEO, Frames.AUDIO), publication.stream().tracks());
        Stream.Statistics statistics = publication.stream().statistics();
        assertEquals(1, statistics.frames());
        assertEquals(1, statistics.keyframes());
        assertFalse(statistics.ended());
    }

    @Test
    void aSessionIsKnownUntilItIsClosed() {
        Session session = new Session() {
            @Override
            public SessionReport report() {
                throw new IllegalStateException("nobody asked how it does");
            }

            @Override
            public void terminate(String reason) {
                throw new IllegalStateException("nobody ended it");
            }
        };
        streams.opened(session);
        assertEquals(List.of(session), List.copyOf(streams.sessions()));
        streams.closed(session);
        assertEquals(List.of(), List.copyOf(streams.sessions()));
    }

    private Publication publish() throws NameTakenException {
        return streams.publish(NAME, Frames.PUBLISHER, back);
    }

    private static ReaderOptions recorder(boolean fromCache, long maxMillis, long maxBytes, long wakeMillis) {
        return new ReaderOptions(
                "recorder",
                false,
                fromCache,
                maxMillis * Frames.MILLIS,
                maxBytes,
                wakeMillis * Frames.MILLIS,
                () -> {});
    }
}
