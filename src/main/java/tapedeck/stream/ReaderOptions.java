package tapedeck.stream;

import org.jspecify.annotations.Nullable;

/// How a reader wants its items.
///
/// @param name for logs and statistics: `recorder`, `rtmp 192.0.2.7:50123` …
/// @param live whether somebody is watching: true makes the publisher's connection read at once
/// @param fromCache true begins with the frames since the last entry point, false at the next one
/// @param maxNanos the longest backlog, in media time
/// @param maxBytes the largest backlog
/// @param wakeNanos media time that must be in the queue before `wake` is called; 0 for every batch
/// @param budget shared with other readers, so that many slow ones together stay within memory; without one of its own
///     a reader has [ByteBudget#UNLIMITED]
/// @param wake called once when there is something to take, then not again before the queue was drained; from any
///     thread, so it only schedules the work
/// @param viewer shown as a session as long as the reader is open; null for readers that are nobody's, or have a
///     session of their own
/// @param soundWaits in a stream with pictures, sound alone does not call `wake`: it goes along with the next picture,
///     or after `wakeNanos`
public record ReaderOptions(
        String name,
        boolean live,
        boolean fromCache,
        long maxNanos,
        long maxBytes,
        ByteBudget budget,
        long wakeNanos,
        Runnable wake,
        @Nullable Viewer viewer,
        boolean soundWaits) {
    /// How long sound waits for a picture at most, where it does.
    public static final long SOUND_WAITS_NANOS = 40_000_000L;
    /// The longest backlog of a live viewer.
    public static final long LIVE_MAX_NANOS = 5_000_000_000L;
    /// The largest backlog of a live viewer.
    public static final long LIVE_MAX_BYTES = 4 << 20;

    /// Shown to nobody.
    public ReaderOptions(
            String name,
            boolean live,
            boolean fromCache,
            long maxNanos,
            long maxBytes,
            ByteBudget budget,
            long wakeNanos,
            Runnable wake) {
        this(name, live, fromCache, maxNanos, maxBytes, budget, wakeNanos, wake, null, false);
    }

    /// With bounds of its own only.
    public ReaderOptions(
            String name, boolean live, boolean fromCache, long maxNanos, long maxBytes, long wakeNanos, Runnable wake) {
        this(name, live, fromCache, maxNanos, maxBytes, ByteBudget.UNLIMITED, wakeNanos, wake);
    }

    /// A viewer: from the last entry point on, woken for every batch.
    public static ReaderOptions viewer(String name, Runnable wake) {
        return new ReaderOptions(name, true, true, LIVE_MAX_NANOS, LIVE_MAX_BYTES, 0, wake);
    }

    /// The same for somebody whom [Streams#sessions()] shows.
    public ReaderOptions of(Viewer shown) {
        return new ReaderOptions(name, live, fromCache, maxNanos, maxBytes, budget, wakeNanos, wake, shown, soundWaits);
    }

    /// The same for connections on which every call is a system call: one a picture instead of one a frame. Players
    /// show sound and picture together anyway.
    public ReaderOptions soundWaiting() {
        return new ReaderOptions(
                name, live, fromCache, maxNanos, maxBytes, budget, SOUND_WAITS_NANOS, wake, viewer, true);
    }
}
