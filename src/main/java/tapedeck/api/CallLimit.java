package tapedeck.api;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.net.Attempts;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.HttpHandler;
import tapedeck.net.http.HttpProblem;

/// How many of the calls that cost something are served: so many a second of each address, so many at once of all. The
/// others get 429 (RFC 6585 4) before anything is done for them, their body unread.
///
/// Each start of a recording opens a file, and each stop finishes one. Whoever calls faster than that can be done gets
/// slow answers for everybody; whoever is told so early can come again.
final class CallLimit {
    /// Of all addresses together. Each takes a millisecond: who is beyond this waits for the disk anyway.
    static final int MAX_AT_ONCE = 64;
    /// An address that was quiet may make the calls of so many seconds at once: a program that starts the recordings of
    /// all its streams is no storm.
    static final int BURST_SECONDS = 2;
    /// Addresses remembered at once. The one that was quiet for longest is forgotten first, and may begin anew.
    static final int MAX_ADDRESSES = 4096;

    private static final Logger log = LoggerFactory.getLogger(CallLimit.class);
    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long LOG_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Access access;
    private final int callsPerSecond;
    private final LongSupplier nanoClock;
    private final Semaphore places = new Semaphore(MAX_AT_ONCE);
    private final AtomicLong refused = new AtomicLong();

    // Guarded by this. When the calls of each address so far would all have been made, had they come one by one at the
    // rate allowed: how far that is ahead of now is what was taken from the bucket.
    private final Map<Bytes, Long> evenNanos = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Long> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };
    private boolean logged;
    private long loggedNanos;

    /// @param callsPerSecond of one address; 0 for any number
    CallLimit(Access access, int callsPerSecond, LongSupplier nanoClock) {
        this.access = access;
        this.callsPerSecond = callsPerSecond;
        this.nanoClock = nanoClock;
    }

    /// Calls that were refused so far.
    long refused() {
        return refused.get();
    }

    /// For a call that changes something.
    HttpHandler command(HttpHandler inner) {
        HttpHandler counted = query(inner);
        return exchange -> {
            InetAddress address = access.client(exchange).orElse(exchange.peer().getAddress());
            long waitNanos = waitNanos(address);
            if (waitNanos > 0) {
                throw refusal(exchange, address, Math.ceilDiv(waitNanos, NANOS_PER_SECOND));
            }
            counted.handle(exchange);
        };
    }

    /// For a call that only looks, but into a folder or a database.
    HttpHandler query(HttpHandler inner) {
        return exchange -> {
            if (!places.tryAcquire()) {
                InetAddress address =
                        access.client(exchange).orElse(exchange.peer().getAddress());
                throw refusal(exchange, address, 1);
            }
            try {
                inner.handle(exchange);
            } finally {
                places.release();
            }
        };
    }

    /// How long this address has to wait for its next call; 0 if it is made now.
    synchronized long waitNanos(InetAddress address) {
        if (callsPerSecond == 0) {
            return 0;
        }
        Bytes key = Attempts.network(address);
        long now = nanoClock.getAsLong();
        Long known = evenNanos.get(key);
        long even = (known == null || known - now < 0 ? now : known) + NANOS_PER_SECOND / callsPerSecond;
        long early = even - now - BURST_SECONDS * NANOS_PER_SECOND;
        if (early > 0) {
            return early;
        }
        evenNanos.put(key, even);
        return 0;
    }

    private HttpProblem refusal(HttpExchange exchange, InetAddress address, long seconds) {
        refused.incrementAndGet();
        if (logsNow()) {
            log.warn(
                    "REST: {} calls more often than is served; {} calls refused so far",
                    address.getHostAddress(),
                    refused.get());
        }
        exchange.set("Retry-After", Long.toString(seconds));
        return new HttpProblem(429, "too many calls; try again in %d s".formatted(seconds));
    }

    private synchronized boolean logsNow() {
        long now = nanoClock.getAsLong();
        if (logged && now - loggedNanos < LOG_EVERY_NANOS) {
            return false;
        }
        logged = true;
        loggedNanos = now;
        return true;
    }
}
