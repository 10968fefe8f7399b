package tapedeck.protocol.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// What comes in order, and at what time.
class IngestTimesTest {
    private static final long MILLI = 1_000_000L;
    private static final long STEP = 40 * MILLI;

    private final List<String> heard = new ArrayList<>();
    private final ChunkOrder order = new ChunkOrder(new ChunkOrder.Sink() {
        @Override
        public void chunk(Bytes data) {
            heard.add(data.toUtf8());
        }

        @Override
        public void missing(long chunks) {
            heard.add(chunks + " missing");
        }
    });

    private void add(long number, long nowNanos) {
        order.add(number, Bytes.ofUtf8("c" + number), nowNanos);
    }

    @Test
    void whatIsMissingIsWaitedForALittle() {
        add(0, 0);
        add(2, 0);
        add(3, 0);
        order.tick(ChunkOrder.MAX_WAIT_NANOS - 1);
        assertEquals(List.of("c0"), heard);
        order.tick(ChunkOrder.MAX_WAIT_NANOS);
        assertEquals(List.of("c0", "1 missing", "c2", "c3"), heard);
        add(1, 0);
        assertEquals(4, heard.size(), "too late");
        assertEquals(4, order.next());
    }

    @Test
    void atTheEndNothingIsWaitedFor() {
        add(1, 0);
        add(5, 0);
        order.end();
        assertEquals(List.of("1 missing", "c1", "3 missing", "c5"), heard);
    }

    @Test
    void noMoreThanTheBoundsWait() {
        for (int i = 1; i <= ChunkOrder.MAX_WAITING; i++) {
            add(2 * i, 0);
        }
        assertTrue(heard.isEmpty());
        add(2L * ChunkOrder.MAX_WAITING + 2, 0);
        assertEquals(List.of("2 missing", "c2"), heard);
        heard.clear();
        ChunkOrder large = new ChunkOrder(new ChunkOrder.Sink() {
            @Override
            public void chunk(Bytes data) {
                heard.add("chunk");
            }

            @Override
            public void missing(long chunks) {}
        });
        large.add(1, Bytes.wrap(new byte[(int) ChunkOrder.MAX_WAITING_BYTES]), 0);
        assertTrue(heard.isEmpty());
        large.add(3, Bytes.ofUtf8("x"), 0);
        assertEquals(List.of("chunk"), heard);
    }

    @Test
    void whatIsNotWholeOrTooEarlyIsBoundedOverAllPublishers() throws Exception {
        ByteBudget budget = new ByteBudget(1_000);
        try (Ingests ingests = new Ingests(new Streams(), budget)) {
            Publisher publisher = new Publisher(
                    Publisher.Protocol.HTTP,
                    "test",
                    "test",
                    "test",
                    Publisher.RecordWish.NO,
                    Publisher.Expects.UNKNOWN);
            Ingest first = ingests.open(new StreamName("a"), "a", publisher);
            Ingest second = ingests.open(new StreamName("b"), "b", publisher);
            first.chunk(1, Bytes.wrap(new byte[600]), System.nanoTime());
            assertThrows(
                    IngestRefusedException.class, () -> second.chunk(1, Bytes.wrap(new byte[600]), System.nanoTime()));
            first.end("enough");
            second.end("enough");
            assertEquals(0, budget.takenBytes(), "all was given back");
        }
    }

    private final IngestClock clock = new IngestClock();
    private final IngestClock.Line video = new IngestClock.Line();
    private final IngestClock.Line audio = new IngestClock.Line();

    private long at(IngestClock.Line line, long fileMillis) {
        return clock.take(line, clock.map(line, fileMillis * MILLI)) / MILLI;
    }

    @Test
    void aStreamBeginsAtNoughtWhateverTheFileSays() {
        assertEquals(0, at(video, 5_000));
        assertEquals(7, at(audio, 5_007));
        assertEquals(40, at(video, 5_040));
        assertEquals(0, new IngestClock().map(new IngestClock.Line(), -7 * MILLI));
    }

    @Test
    void aSmallStepBackMovesAFrameBehindTheOneBeforeAndAJumpGoesOn() {
        at(video, 0);
        at(video, 40);
        assertEquals(41, at(video, 40));
        assertEquals(80, at(video, 80));
        assertEquals(81, at(video, 20));
        long jumped = at(video, 500_000);
        assertTrue(jumped > 81 && jumped < 130, "forward: " + jumped);
        assertEquals(jumped + 40, at(video, 500_040));
        long back = at(video, 10);
        assertTrue(back > jumped + 40 && back < jumped + 90, "back: " + back);
    }

    @Test
    void anotherFileGoesOnWhereTheStreamIs() {
        for (int i = 0; i < 5; i++) {
            at(video, i * 40L);
            at(audio, i * 40L);
        }
        clock.begin();
        assertEquals(200, at(video, 0));
        assertEquals(200, at(audio, 0));
        assertEquals(240, at(video, 40));
    }

    @Test
    void framesThatAreMissingAreCountedByTheirTime() {
        for (int i = 0; i < 5; i++) {
            at(video, i * 40L);
        }
        assertEquals(0, video.framesUntil(5 * STEP));
        assertEquals(3, video.framesUntil(8 * STEP));
        assertEquals(0, audio.framesUntil(8 * STEP), "there was none");
    }
}
