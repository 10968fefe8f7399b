package tapedeck.net.http;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.MalformedException;
import tapedeck.settings.SettingsException;

/// The reverse proxies whose `X-Forwarded-For` is believed, as `http_trusted_proxies` names them.
public final class TrustedProxies {
    /// No proxy is believed.
    public static final TrustedProxies NONE = new TrustedProxies(List.of());

    private static final List<String> FORWARDING_HEADERS =
            List.of("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via");

    private final List<AddressRange> ranges;

    private TrustedProxies(List<AddressRange> ranges) {
        this.ranges = ranges;
    }

    /// @throws SettingsException if the setting names something that is no address
    public static TrustedProxies of(List<String> addresses) throws SettingsException {
        try {
            return new TrustedProxies(
                    addresses.stream().map(AddressRange::parse).toList());
        } catch (MalformedException e) {
            throw new SettingsException("http_trusted_proxies: " + e.getMessage());
        }
    }

    public boolean contains(InetAddress address) {
        return ranges.stream().anyMatch(range -> range.contains(address));
    }

    /// The address that the request really comes from, as far as it can be believed; empty if that is not known.
    public Optional<InetAddress> client(HttpExchange exchange) {
        InetAddress peer = exchange.peer().getAddress();
        if (!contains(peer)) {
            boolean forwarded = FORWARDING_HEADERS.stream()
                    .anyMatch(name -> exchange.header(name).isPresent());
            return forwarded && peer.isLoopbackAddress() ? Optional.empty() : Optional.of(peer);
        }
        // Each proxy appends whom it got the request from, so the last entry that is no proxy of ours is the client;
        // what stands before it anybody could have written.
        List<String> hops = new ArrayList<>();
        for (String line : exchange.headers("X-Forwarded-For")) {
            hops.addAll(List.of(line.split(",", -1)));
        }
        InetAddress client = peer;
        for (String hop : hops.reversed()) {
            try {
                client = InetAddress.ofLiteral(hop.strip());
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
            if (!contains(client)) {
                return Optional.of(client);
            }
        }
        return Optional.of(client);
    }
}
