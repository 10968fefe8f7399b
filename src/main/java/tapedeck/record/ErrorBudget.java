package tapedeck.record;

import java.util.ArrayDeque;
import java.util.Deque;

/// Counts what may happen now and then but not often: so many times within an interval are too many.
final class ErrorBudget {
    private final int max;
    private final long intervalNanos;
    private final Deque<Long> happenedNanos = new ArrayDeque<>();

    ErrorBudget(int max, long intervalNanos) {
        this.max = max;
        this.intervalNanos = intervalNanos;
    }

    /// Counts one more, and says whether there were `max` within the interval.
    boolean spent(long nowNanos) {
        happenedNanos.addLast(nowNanos);
        while (nowNanos - happenedNanos.getFirst() > intervalNanos) {
            happenedNanos.removeFirst();
        }
        return happenedNanos.size() >= max;
    }
}
