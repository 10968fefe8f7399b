package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// Where a source's frames belong, by a clock that the test moves.
class LiveSourceTest {
    private static final long MILLI = 1_000_000L;
    private static final StreamName NAME = new StreamName("anna");
    private static final Track SOUND = new Track(Track.AUDIO, new Codec.Pcmu(8000, 1));
    /// The mix began at 0 of the clock.
    private static final long ZERO = 0;

    private final AtomicLong clock = new AtomicLong(1000 * MILLI);
    private final Streams streams = new Streams(Clock.systemUTC(), clock::get);

    private Publication publish() throws Exception {
        Publisher publisher =
                new Publisher(Publisher.Protocol.RTMP, "a", "b", "c", Publisher.RecordWish.NO, Publisher.Expects.AUDIO);
        return streams.publish(NAME, publisher, Feedback.NONE);
    }

    private static LiveSource source(Stream stream, boolean byName) {
        return new LiveSource(3, stream, byName, true, true, 0);
    }

    private void refresh(LiveSource source) {
        source.refresh(clock.get(), ZERO, name -> streams.find(name).orElse(null));
    }

    /// Packets of 20 ms, so much later than they were captured, and what the mix makes of them.
    private void send(Publication publication, LiveSource source, int count, long[] nextMillis, long lateMillis) {
        for (int i = 0; i < count; i++) {
            long nanos = nextMillis[0] * MILLI;
            nextMillis[0] += 20;
            clock.set(1000 * MILLI + nanos + lateMillis * MILLI);
            publication.write(new Frame(SOUND, nanos, nanos, true, Bytes.EMPTY));
            refresh(source);
            if (source.isPlaced()) {
                source.came(false, source.offsetNanos() + nanos, clock.get());
            }
        }
    }

    @Test
    void aStreamIsWhereItsClockSaysAndFollowsItOnlyWhenThatIsOff() throws Exception {
        try (Publication publication = publish()) {
            AtomicLong zero = new AtomicLong(1000 * MILLI);
            publication.zero(zero::get);
            LiveSource source = source(publication.stream(), true);
            refresh(source);
            assertFalse(source.isPlaced(), "before its first frame");
            send(publication, source, 10, new long[1], 50);
            assertTrue(source.isPlaced());
            assertEquals(1000 * MILLI, source.offsetNanos());
            zero.addAndGet(9 * MILLI);
            refresh(source);
            assertEquals(1000 * MILLI, source.offsetNanos());
            zero.addAndGet(2 * MILLI);
            refresh(source);
            assertEquals(1011 * MILLI, source.offsetNanos());
        }
    }

    @Test
    void whoIsAlwaysTooLateIsMixedLaterUntilHeIsNotAnyMore() throws Exception {
        try (Publication publication = publish()) {
            publication.zero(() -> 1000 * MILLI);
            LiveSource source = source(publication.stream(), true);
            long[] next = new long[1];
            send(publication, source, 200, next, 200);
            assertEquals(1000 * MILLI, source.offsetNanos(), "200 ms are within the delay");
            send(publication, source, 250, next, 500);
            assertEquals(1250 * MILLI, source.offsetNanos(), "500 ms late becomes 250 ms late");
            send(publication, source, 250, next, 500);
            assertEquals(1250 * MILLI, source.offsetNanos(), "and stays so");
            send(publication, source, 300, next, 40);
            assertEquals(1000 * MILLI, source.offsetNanos(), "in time again");
        }
    }

    @Test
    void aNameStaysForWhoeverComesBackAndAMediaSessionDoesNot() throws Exception {
        Publication first = publish();
        LiveSource byName = source(first.stream(), true);
        LiveSource bySession = source(first.stream(), false);
        first.close();
        refresh(byName);
        refresh(bySession);
        assertNull(byName.stream());
        assertEquals(LiveMix.State.GONE, byName.snapshot(clock.get()).state());
        try (Publication second = publish()) {
            clock.addAndGet(LiveSource.LOOK_NANOS);
            refresh(byName);
            refresh(bySession);
            assertSame(second.stream(), byName.stream());
            assertNull(bySession.stream());
            assertEquals(LiveMix.State.WAITING, byName.snapshot(clock.get()).state());
            // In its old place.
            assertEquals(3, byName.nextLine() / LiveSource.LINES);
            assertEquals(3, byName.nextLine() / LiveSource.LINES);
        }
    }

    @Test
    void whoSendsNothingStandsStillAndIsAway() throws Exception {
        try (Publication publication = publish()) {
            LiveSource source = source(publication.stream(), true);
            source.came(true, 0, 0);
            assertEquals(LiveMix.State.LIVE, source.snapshot(900 * MILLI).state());
            assertEquals(LiveMix.State.FROZEN, source.snapshot(1100 * MILLI).state());
            assertEquals(LiveMix.State.FROZEN, source.snapshot(5200 * MILLI).state());
            assertEquals(LiveMix.State.AWAY, source.snapshot(5400 * MILLI).state());
        }
    }
}
