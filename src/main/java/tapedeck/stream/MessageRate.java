package tapedeck.stream;

/// How many messages a stream takes, whoever says them: each goes to every reader.
final class MessageRate {
    static final int PER_SECOND = 1_000;
    static final int AT_ONCE = 4_000;

    private static final long SECOND_NANOS = 1_000_000_000L;
    /// Of a message, in nanoseconds.
    private static final long PRICE_NANOS = SECOND_NANOS / PER_SECOND;

    private long savedNanos = AT_ONCE * PRICE_NANOS;
    private long lastNanos;

    MessageRate(long nowNanos) {
        lastNanos = nowNanos;
    }

    boolean take(long nowNanos) {
        savedNanos = Math.min(savedNanos + Math.max(0, nowNanos - lastNanos), AT_ONCE * PRICE_NANOS);
        lastNanos = nowNanos;
        if (savedNanos < PRICE_NANOS) {
            return false;
        }
        savedNanos -= PRICE_NANOS;
        return true;
    }
}
