package tapedeck.bytes;

import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts a source's bad packets, and says so at most once a second. It is here because those who read packets have no
/// other room in common: protocols, and `rtp`, which has no clock of its own.
public final class BadPackets {
    private static final long LOG_NANOS = 1_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(BadPackets.class);

    private final String source;
    private final LongSupplier nanoClock;
    private long count;
    private long unreported;
    private long reportedNanos;
    private String last = "";

    /// @param source how its line in the log begins
    public BadPackets(String source) {
        this(source, System::nanoTime);
    }

    BadPackets(String source, LongSupplier nanoClock) {
        this.source = source;
        this.nanoClock = nanoClock;
    }

    public void count(MalformedException reason) {
        count++;
        unreported++;
        last = String.valueOf(reason.getMessage());
        if (count == 1 || nanoClock.getAsLong() - reportedNanos >= LOG_NANOS) {
            report();
        }
    }

    /// Says what was not said yet.
    public void report() {
        if (unreported > 0) {
            log.info("{}: {} bad packets, the last: {}", source, unreported, last);
            unreported = 0;
            reportedNanos = nanoClock.getAsLong();
        }
    }
}
