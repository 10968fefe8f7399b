package tapedeck.net;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;

/// How often each address gave a wrong secret lately. An IPv6 network of 64 bits counts as one address, since whoever
/// has one address of it has them all.
public final class Attempts {
    /// So many wrong secrets within [#WINDOW_NANOS], then none is looked at any more until the window has passed.
    public static final int MAX_FAILURES = 10;

    public static final long WINDOW_NANOS = 60_000_000_000L;
    /// Addresses remembered at once; the one that began to fail first is forgotten first.
    public static final int MAX_ADDRESSES = 4096;

    private static final Logger log = LoggerFactory.getLogger(Attempts.class);

    private static final class Window {
        private final long startNanos;
        private int failures;

        Window(long startNanos) {
            this.startNanos = startNanos;
        }
    }

    private final String secrets;
    private final LongSupplier nanoClock;

    // Guarded by this.
    private final Map<Bytes, Window> windows = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Window> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    /// @param secrets what is tried, for the log: "admin tokens"
    public Attempts(String secrets, LongSupplier nanoClock) {
        this.secrets = secrets;
        this.nanoClock = nanoClock;
    }

    /// Counts one; the last that is allowed leaves a line in the log.
    public synchronized void failed(InetAddress address) {
        Bytes key = network(address);
        Window window = current(key);
        if (window == null) {
            window = new Window(nanoClock.getAsLong());
            windows.put(key, window);
        }
        if (++window.failures == MAX_FAILURES) {
            log.warn("{} gave {} wrong {} and has to wait", address.getHostAddress(), MAX_FAILURES, secrets);
        }
    }

    /// Seconds until `address` may try again; 0 for at once.
    public synchronized long waitSeconds(InetAddress address) {
        Window window = current(network(address));
        if (window == null || window.failures < MAX_FAILURES) {
            return 0;
        }
        long leftNanos = WINDOW_NANOS - (nanoClock.getAsLong() - window.startNanos);
        return Math.max(1, Math.ceilDiv(leftNanos, 1_000_000_000L));
    }

    private @Nullable Window current(Bytes key) {
        Window window = windows.get(key);
        if (window != null && nanoClock.getAsLong() - window.startNanos >= WINDOW_NANOS) {
            windows.remove(key);
            return null;
        }
        return window;
    }

    /// What counts as one address.
    public static Bytes network(InetAddress address) {
        byte[] raw = address.getAddress();
        return Bytes.wrap(address instanceof Inet6Address ? Arrays.copyOf(raw, 8) : raw);
    }
}
