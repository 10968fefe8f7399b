package tapedeck.peers;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Waits for what nobody tells.
public final class Await {
    /// For what never comes; a busy machine takes a while.
    public static final int DEADLINE_SECONDS = 60;
    /// The same, for sockets.
    public static final int DEADLINE_MILLIS = DEADLINE_SECONDS * 1000;

    /// Between two looks: tests share two cores with the programs that they wait for.
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private Await() {}

    /// @param what is awaited, for the error
    public static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within a minute: " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
