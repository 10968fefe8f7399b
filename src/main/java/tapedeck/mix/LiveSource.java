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
    /// Of the mix's delay so much is left to those of a source's packets that come the soonest: if they are later, for
    /// as long as this, the whole source is mixed later. Encoders and paths can be slow.
    static final long ROOM_NANOS = 100_000_000L;

    static final long LATE_WINDOW_NANOS = 2_000_000_000L;
    /// With fewer turns in which something came it is not judged.
    static final int LATE_TURNS = 10;

    private static final long LATEST_NANOS = LiveMixer.DELAY_NANOS - ROOM_NANOS;

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
    private long laterNanos;
    private long leastLateNanos = Long.MAX_VALUE;
    private long windowEndNanos = NEVER;
    private long lastTurnNanos = NEVER;
    private int turns;

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
        return offsetNanos + laterNanos;
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
            laterNanos = 0;
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

    /// A packet came.
    ///
    /// @param nanos where it is in the time of the mix
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    void came(boolean picture, long nanos, long nowNanos) {
        packets++;
        judge(nowNanos - nanos, nowNanos);
        if (picture) {
            lastPictureNanos = nowNanos;
        } else {
            lastSoundNanos = nowNanos;
        }
    }

    private void judge(long lateNanos, long nowNanos) {
        if (nowNanos >= windowEndNanos) {
            if (turns >= LATE_TURNS && (leastLateNanos > LATEST_NANOS || leastLateNanos < LATEST_NANOS - ROOM_NANOS)) {
                laterNanos = Math.max(0, laterNanos + leastLateNanos - LATEST_NANOS);
            }
            windowEndNanos = nowNanos + LATE_WINDOW_NANOS;
            leastLateNanos = Long.MAX_VALUE;
            turns = 0;
        }
        if (nowNanos != lastTurnNanos) {
            lastTurnNanos = nowNanos;
            turns++;
        }
        leastLateNanos = Math.min(leastLateNanos, lateNanos);
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
