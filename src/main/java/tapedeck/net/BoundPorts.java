package tapedeck.net;

import java.util.ArrayList;
import java.util.List;

/// The ports that were really bound, in the order in which their servers were opened.
public final class BoundPorts {
    /// @param protocol what speaks there: `RTMP`, `HTTP` …
    /// @param transport `tcp` or `udp`
    public record Bound(String protocol, String transport, int port) {}

    private final List<Bound> bound = new ArrayList<>();

    public synchronized void add(String protocol, String transport, int port) {
        bound.add(new Bound(protocol, transport, port));
    }

    public synchronized List<Bound> all() {
        return List.copyOf(bound);
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
