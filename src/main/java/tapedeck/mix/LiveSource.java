package tapedeck.mix;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Somebody in a live mix: a name, whoever publishes under it, or one media session. Changed on the mixer's thread
/// alone.
final class LiveSource {
    /// A source without new pictures counts as standing still.
    static final long FROZEN_NANOS = 1_000_000_000L;
    /// A stream's clock that differs by less from what it was is followed later.
    static final long DRIFT_NANOS = 10_000_000L;
    /// How often it is looked for a name that is gone.
    static final long LOOK_NANOS = 200_000_000L;
    /// Lines of a source are numbered from its own number times this on: one that comes back keeps its place.
    static final int LINES = 1 << 12;

    private static final long NEVER = Long.MIN_VALUE;

    private final int number;
    private final StreamName name;
    private final boolean byName;
    private final boolean wantsVideo;
    private final boolean wantsAudio;
    private final long joinedNanos;
    private int lines;
    private boolean placed;
    private long offsetNanos;
    private long lookNanos;

    private volatile @Nullable Stream stream;
    private volatile long lastPictureNanos = NEVER;
    private volatile long lastSoundNanos = NEVER;
    private volatile long packets;
    private volatile long dropped;

    /// @param byName whether it stays when the stream ends, for the next one of that name
    /// @param joinedNanos when it was added, in the time of the mix: it is not seen or heard before
    LiveSource(int number, Stream stream, boolean byName, boolean wantsVideo, boolean wantsAudio, long joinedNanos) {
        this.number = number;
        this.stream = stream;
        name = stream.name();
        this.byName = byName;
        this.wantsVideo = wantsVideo;
        this.wantsAudio = wantsAudio;
        this.joinedNanos = joinedNanos;
    }

    int number() {
        return number;
    }

    StreamName name() {
        return name;
    }

    boolean isByName() {
        return byName;
    }

    boolean wantsVideo() {
        return wantsVideo;
    }

    boolean wantsAudio() {
        return wantsAudio;
    }

    long joinedNanos() {
        return joinedNanos;
    }

    /// Null while there is none.
    @Nullable
    Stream stream() {
        return stream;
    }

    /// A number for the next line that is made of it.
    int nextLine() {
        return number * LINES + lines++ % LINES;
    }

    /// Whether it is clear where its frames belong.
    boolean isPlaced() {
        return placed;
    }

    /// When time 0 of the stream is in the time of the mix.
    long offsetNanos() {
        return offsetNanos;
    }

    /// Looks at the stream again.
    ///
    /// @param zeroNanos time 0 of the mix on the server's clock
    /// @param find who publishes under its name and may be a source; null for nobody
    void refresh(long nowNanos, long zeroNanos, Finder find) {
        Stream now = stream;
        if (now != null && now.statistics().ended()) {
            now = null;
            stream = null;
            placed = false;
        }
        if (now == null) {
            if (byName && nowNanos >= lookNanos) {
                lookNanos = nowNanos + LOOK_NANOS;
                stream = find.find(name);
            }
            return;
        }
        if (placed || now.knowsItsZero()) {
            long offset = now.zeroNanos() - zeroNanos;
            if (!placed || Math.abs(offset - offsetNanos) > DRIFT_NANOS) {
                offsetNanos = offset;
            }
            placed = true;
        }
    }

    /// Finds a stream.
    interface Finder {
        @Nullable
        Stream find(StreamName name);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    void came(boolean picture, long nowNanos) {
        packets++;
        if (picture) {
            lastPictureNanos = nowNanos;
        } else {
            lastSoundNanos = nowNanos;
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    void dropped() {
        dropped++;
    }

    boolean is(Predicate<Stream> which) {
        Stream now = stream;
        return now != null && which.test(now);
    }

    LiveMix.Source snapshot(long nowNanos) {
        Stream now = stream;
        return new LiveMix.Source(
                name.value(),
                now == null ? "" : now.mediaSessionId(),
                wantsVideo,
                wantsAudio,
                now == null ? LiveMix.State.GONE : state(nowNanos),
                packets,
                dropped);
    }

    private LiveMix.State state(long nowNanos) {
        long last = lastPictureNanos == NEVER ? lastSoundNanos : lastPictureNanos;
        if (last == NEVER) {
            return LiveMix.State.WAITING;
        }
        long ago = nowNanos - last;
        return ago > Pace.LIVE.leavesAfterNanos() + LiveMixer.DELAY_NANOS
                ? LiveMix.State.AWAY
                : ago > FROZEN_NANOS ? LiveMix.State.FROZEN : LiveMix.State.LIVE;
    }
}
