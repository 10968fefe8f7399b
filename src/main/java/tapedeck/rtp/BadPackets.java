package tapedeck.rtp;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;

/// Packets of one source that could not be read: counted, and said at most once a second.
public final class BadPackets {
    private static final long LOG_NANOS = 1_000_000_000L;
    private static final Logger log = LoggerFactory.getLogger(BadPackets.class);

    private final String source;
    private long unreported;
    private long reportedNanos;
    private boolean any;
    private String last = "";

    /// @param source for the log
    public BadPackets(String source) {
        this.source = source;
    }

    public void add(MalformedException reason) {
        unreported++;
        last = String.valueOf(reason.getMessage());
        if (!any || System.nanoTime() - reportedNanos >= LOG_NANOS) {
            any = true;
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
