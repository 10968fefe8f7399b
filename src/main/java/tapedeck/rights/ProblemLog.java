package tapedeck.rights;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// At most one line in a while, since what makes it may come as often as a peer likes.
final class ProblemLog {
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Consumer<String> log;
    private final LongSupplier nanoClock;
    private final long quietNanos;

    // Guarded by this.
    private boolean said;
    private long saidNanos;
    private long unsaid;

    /// @param log takes a line
    ProblemLog(Consumer<String> log, LongSupplier nanoClock) {
        this(log, nanoClock, QUIET_NANOS);
    }

    ProblemLog(Consumer<String> log, LongSupplier nanoClock, long quietNanos) {
        this.log = log;
        this.nanoClock = nanoClock;
        this.quietNanos = quietNanos;
    }

    synchronized void say(String line) {
        long now = nanoClock.getAsLong();
        if (said && now - saidNanos < quietNanos) {
            unsaid++;
            return;
        }
        log.accept(unsaid == 0 ? line : "%s (and %d more like it)".formatted(line, unsaid));
        said = true;
        saidNanos = now;
        unsaid = 0;
    }
}
