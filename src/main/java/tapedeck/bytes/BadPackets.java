package tapedeck.bytes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts a source's bad packets, and says so at most once a second.
public final class BadPackets {
    private static final long LOG_NANOS = 1_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(BadPackets.class);

    private final String source;
    private long count;
    private long unreported;
    private long reportedNanos;
    private String last = "";

    /// @param source how its line in the log begins
    public BadPackets(String source) {
        this.source = source;
    }

    public void count(MalformedException reason) {
        count++;
        unreported++;
        last = String.valueOf(reason.getMessage());
        if (count == 1 || System.nanoTime() - reportedNanos >= LOG_NANOS) {
            report();
        }
    }

    /// Says what was not said yet.
    public void report() {
        if (unreported > 0) {
            log.info("{}: {} bad packets, the last: {}", source, unreported, last);
            unreported = 0;
            reportedNanos = System.nanoTime();
        }
    }
}
