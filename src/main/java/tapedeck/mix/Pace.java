package tapedeck.mix;

/// How time passes for a mix of pictures: the only thing in which a live one differs.
enum Pace {
    /// As fast as it can be: everything is there before it is asked for.
    OFFLINE(Long.MAX_VALUE, Integer.MAX_VALUE, 0, Long.MAX_VALUE),
    /// With the clock: what is not there is not waited for.
    LIVE(5_000_000_000L, 8, 10_000_000L, 1_000_000_000L);

    private final long leavesAfterNanos;
    private final int picturesPerTick;
    private final long catchUpNanos;
    private final long staleNanos;

    Pace(long leavesAfterNanos, int picturesPerTick, long catchUpNanos, long staleNanos) {
        this.leavesAfterNanos = leavesAfterNanos;
        this.picturesPerTick = picturesPerTick;
        this.catchUpNanos = catchUpNanos;
        this.staleNanos = staleNanos;
    }

    /// For so long a picture stays of a source that gives no new one; then its tile goes, until the next one.
    long leavesAfterNanos() {
        return leavesAfterNanos;
    }

    /// So many pictures of one source are decoded for one of the mix: one that joins with a long group of pictures, or
    /// sends many at once, does not hold up the others.
    int picturesPerTick() {
        return picturesPerTick;
    }

    /// More of them only in so much time.
    long catchUpNanos() {
        return catchUpNanos;
    }

    /// What still waits when a keyframe comes, and is older than it by more, is not looked at any more.
    long staleNanos() {
        return staleNanos;
    }
}
