package tapedeck.protocol.webrtc;

import java.util.Comparator;
import java.util.PriorityQueue;
import tapedeck.protocol.webrtc.transport.Turns;

/// A loop whose time passes only when a test says so. What is due at the same time runs in the order in which it came.
final class SimulatedTurns implements Turns {
    private record Task(long nanos, long order, Runnable action) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::nanos).thenComparingLong(Task::order));
    private long now = 1_000_000_000L;
    private long order;

    @Override
    public long now() {
        return now;
    }

    @Override
    public void later(Runnable task) {
        after(0, task);
    }

    @Override
    public void after(long nanos, Runnable task) {
        tasks.add(new Task(now + nanos, order++, task));
    }

    @Override
    public void flush() {}

    /// Runs what is due until then.
    void pass(long nanos) {
        long until = now + nanos;
        while (!tasks.isEmpty() && tasks.peek().nanos() <= until) {
            Task next = tasks.poll();
            now = Math.max(now, next.nanos());
            next.action().run();
        }
        now = until;
    }
}
