package tapedeck.rtp;

/// Turns a counter that wraps (16 bits for sequence numbers, 32 for timestamps) into one that does not: each value is
/// taken to be the one nearest to the last.
final class Unwrapper {
    private final int bits;
    private boolean started;
    private long last;

    Unwrapper(int bits) {
        this.bits = bits;
    }

    /// The first value is itself plus one cycle, so that earlier ones stay positive.
    long unwrap(long value) {
        if (!started) {
            started = true;
            last = value + (1L << bits);
            return last;
        }
        long result = nearest(value);
        last = result;
        return result;
    }

    /// As [#unwrap(long)], but only a later value becomes the new reference: a very late packet does not pull it back.
    long unwrapForward(long value) {
        if (!started) {
            return unwrap(value);
        }
        long result = nearest(value);
        last = Math.max(last, result);
        return result;
    }

    /// What the value would become, without making it the reference; only after a first one.
    long peek(long value) {
        return nearest(value);
    }

    void reset() {
        started = false;
    }

    private long nearest(long value) {
        long cycle = 1L << bits;
        long delta = value - last & cycle - 1;
        return last + (delta >= cycle >> 1 ? delta - cycle : delta);
    }
}
