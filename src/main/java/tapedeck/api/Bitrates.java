package tapedeck.api;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// How many bits a second each stream carries just now. Nothing is measured while nobody asks: an answer looks back to
/// the last question that is at least [#WINDOW_NANOS] old, or to the stream's start.
final class Bitrates implements Streams.Listener {
    static final long WINDOW_NANOS = 2_000_000_000L;

    /// What was counted when somebody asked.
    private record Count(long atNanos, long bytes) {}

    /// @param older at least [#WINDOW_NANOS] before `newer`, once there were so many questions
    private record Counts(Count older, Count newer) {}

    private final Map<String, Counts> counts = new ConcurrentHashMap<>();
    private final LongSupplier nanoClock;

    Bitrates(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    long bitsPerSecond(Stream stream) {
        Count now = new Count(nanoClock.getAsLong(), stream.statistics().bytes());
        // A stream that ended meanwhile is no longer here, and is not put back.
        Counts known = counts.computeIfPresent(stream.mediaSessionId(), (_, c) -> {
            boolean due = now.atNanos() - c.newer().atNanos() >= WINDOW_NANOS;
            return due ? new Counts(c.newer(), now) : c;
        });
        if (known == null) {
            return 0;
        }
        long nanos = now.atNanos() - known.older().atNanos();
        return nanos <= 0 ? 0 : Math.round((now.bytes() - known.older().bytes()) * 8e9 / nanos);
    }

    @Override
    public void published(Stream stream) {
        Count start = new Count(nanoClock.getAsLong(), 0);
        counts.put(stream.mediaSessionId(), new Counts(start, start));
    }

    @Override
    public void ended(Stream stream, String reason) {
        counts.remove(stream.mediaSessionId());
    }
}
