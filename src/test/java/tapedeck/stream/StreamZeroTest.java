package tapedeck.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tapedeck.stream.Frames.MILLIS;
import static tapedeck.stream.Frames.video;

import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Where time 0 of a stream is on the server's clock, which is what places the streams of many publishers beside each
/// other.
@Timeout(120)
class StreamZeroTest {
    /// Near its end, where differences have to be taken before they are compared.
    private static final long START = Long.MAX_VALUE - 100 * MILLIS;

    /// Pictures are 40 ms apart.
    private static final long STEP = 40 * MILLIS;

    private final AtomicLong nanos = new AtomicLong(START);
    private final Streams streams = new Streams(Clock.systemUTC(), nanos::get);
    private final Publication publication;
    private final Stream stream;

    StreamZeroTest() throws NameTakenException {
        publication = streams.publish(new StreamName("test"), Frames.PUBLISHER, new Frames.Back());
        stream = publication.stream();
    }

    /// The picture with this number, so long after it was made.
    private void write(long number, long delayMillis) {
        nanos.set(START + number * STEP + delayMillis * MILLIS);
        publication.write(video(number, 10));
    }

    private long zeroMillis() {
        return (stream.zeroNanos() - START) / MILLIS;
    }

    @Test
    void beforeTheFirstFrameItIsWhenTheStreamBeganAndNotKnown() {
        nanos.addAndGet(10_000 * MILLIS);
        assertEquals(0, zeroMillis());
        assertFalse(stream.knowsItsZero());
    }

    @Test
    void withoutReportsTheFrameThatCameWithTheLeastDelayTellsIt() {
        write(0, 90);
        assertEquals(90, zeroMillis());
        write(1, 30);
        assertEquals(30, zeroMillis());
        write(2, 70);
        assertEquals(30, zeroMillis());
        assertFalse(stream.knowsItsZero(), "a faster one may still come");
        write(10, 50);
        assertEquals(30, zeroMillis());
        assertTrue(stream.knowsItsZero());
    }

    @Test
    void withoutReportsOnlyTheLastSecondsCount() {
        write(0, 0);
        // Its clock runs slow: each second comes later than the one before.
        long seconds = 0;
        while (seconds < 60) {
            seconds++;
            write(seconds * 25, seconds);
        }
        long behind = seconds - zeroMillis();
        long window = ArrivalClock.WINDOW_NANOS / 1_000_000_000L;
        assertTrue(behind >= window && behind <= 2 * window + 2, "the newest is %d ms later".formatted(behind));
    }

    @Test
    void whatThePublishersReportsSayCountsMoreThanArrivals() {
        AtomicLong reported = new AtomicLong(START - 500 * MILLIS);
        AtomicLong asked = new AtomicLong();
        publication.zero(() -> {
            asked.incrementAndGet();
            return reported.get();
        });
        assertEquals(0, zeroMillis());
        assertFalse(stream.knowsItsZero());
        assertEquals(0, asked.get(), "before the first frame the publisher's clock is nobody's");
        write(0, 90);
        assertEquals(-500, zeroMillis());
        assertTrue(stream.knowsItsZero(), "reports need not be waited for");
        // The next report knows better.
        reported.addAndGet(20 * MILLIS);
        assertEquals(-480, zeroMillis());
    }
}
