package tapedeck.api;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import tapedeck.net.BoundPorts;
import tapedeck.net.http.HttpExchange;

/// `/health`: whether the server answers, for everybody; what it is and where it listens, for those who may know.
final class Health {
    record ForStrangers(String status) {}

    record ForAdmins(String status, String version, long uptimeSeconds, List<Port> ports) {}

    record Port(String protocol, String transport, int port) {}

    private final String version;
    private final BoundPorts ports;
    private final Access access;
    private final InstantSource clock;
    private final Instant startedAt;

    Health(String version, BoundPorts ports, Access access, InstantSource clock) {
        this.version = version;
        this.ports = ports;
        this.access = access;
        this.clock = clock;
        startedAt = clock.instant();
    }

    void handle(HttpExchange exchange) throws Exception {
        if (!access.granted(exchange)) {
            Json.respond(exchange, new ForStrangers("ok"));
            return;
        }
        List<Port> bound = ports.all().stream()
                .map(b -> new Port(b.protocol(), b.transport(), b.port()))
                .toList();
        long uptimeSeconds = Duration.between(startedAt, clock.instant()).toSeconds();
        Json.respond(exchange, new ForAdmins("ok", version, uptimeSeconds, bound));
    }
}
