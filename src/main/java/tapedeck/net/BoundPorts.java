package tapedeck.net;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/// The ports that were really bound, in the order in which their servers were opened, and what they count.
public final class BoundPorts {
    /// @param protocol what speaks there: `RTMP`, `HTTP` …
    /// @param transport `tcp` or `udp`
    public record Bound(String protocol, String transport, int port) {}

    /// For the metrics.
    ///
    /// @param name with dots
    /// @param number what was counted so far; asked for by any thread
    public record Counter(String name, String description, LongSupplier number) {}

    private final List<Bound> bound = new ArrayList<>();
    private final List<Counter> counters = new ArrayList<>();

    public synchronized void add(String protocol, String transport, int port) {
        bound.add(new Bound(protocol, transport, port));
    }

    public synchronized List<Bound> all() {
        return List.copyOf(bound);
    }

    public synchronized void count(String name, String description, LongSupplier number) {
        counters.add(new Counter(name, description, number));
    }

    public synchronized List<Counter> counters() {
        return List.copyOf(counters);
    }

    /// The port of `protocol`, for tests and messages.
    public synchronized int port(String protocol) {
        return bound.stream()
                .filter(b -> b.protocol().equals(protocol))
                .mapToInt(Bound::port)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(protocol + " is not served"));
    }
}
