package tapedeck.net.http;

import java.time.Duration;

/// How fast a body that is read whole has to come: a peer that sends a byte now and then never falls silent, and would
/// keep its connection and a handler for days. Bodies that are streams have limits of their own.
final class PaceOfBody {
    /// What any body may take.
    static final Duration FREE = Duration.ofSeconds(10);

    /// On average, beyond that: Apache's `mod_reqtimeout` demands as much.
    static final int MIN_BYTES_PER_SECOND = 500;

    private final long beganNanos;
    private long bytes;

    PaceOfBody() {
        this(System.nanoTime());
    }

    PaceOfBody(long beganNanos) {
        this.beganNanos = beganNanos;
    }

    /// @throws HttpProblem 408 if it comes too slowly
    void came(int count) throws HttpProblem {
        came(count, System.nanoTime());
    }

    void came(int count, long nowNanos) throws HttpProblem {
        bytes += count;
        long freeNanos = nowNanos - beganNanos - FREE.toNanos();
        if (freeNanos > bytes * 1_000_000_000L / MIN_BYTES_PER_SECOND) {
            throw new HttpProblem(408, "the request came too slowly");
        }
    }
}
