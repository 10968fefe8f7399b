package tapedeck.relay;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.AddressRange;
import tapedeck.settings.SettingsException;

/// Where streams may be fetched from and sent to: everywhere in public, and beyond that what `pull_allow` names.
///
/// Whoever may start a pull could else use this server to look into the network behind it, or talk to its own services.
final class AllowedAddresses {
    /// Not public: RFC 6890 and its registries.
    private static final List<Special> SPECIAL = List.of(
            new Special("0.0.0.0/8", "of no host"),
            new Special("10.0.0.0/8", "private"),
            new Special("100.64.0.0/10", "behind a provider's NAT"),
            new Special("127.0.0.0/8", "this machine itself"),
            new Special("169.254.0.0/16", "link-local"),
            new Special("172.16.0.0/12", "private"),
            new Special("192.0.0.0/24", "reserved"),
            new Special("192.168.0.0/16", "private"),
            new Special("198.18.0.0/15", "reserved"),
            new Special("224.0.0.0/4", "multicast"),
            new Special("240.0.0.0/4", "reserved"),
            new Special("::/128", "of no host"),
            new Special("::1/128", "this machine itself"),
            new Special("64:ff9b:1::/48", "reserved"),
            new Special("100::/64", "reserved"),
            new Special("2001::/32", "a Teredo tunnel"),
            new Special("fc00::/7", "private"),
            new Special("fe80::/10", "link-local"),
            new Special("fec0::/10", "private"),
            new Special("ff00::/8", "multicast"));

    /// Networks of IPv6 whose addresses are those of an IPv4 host, and where in them its four bytes stand:
    /// IPv4-compatible (RFC 4291 2.5.5.1), translated (RFC 2765 2.1), NAT64 (RFC 6052 2.1), 6to4 (RFC 3056 2).
    private static final List<Embedding> EMBEDDINGS = List.of(
            new Embedding("::/96", 12),
            new Embedding("::ffff:0:0:0/96", 12),
            new Embedding("64:ff9b::/96", 12),
            new Embedding("2002::/16", 2));

    private record Special(AddressRange range, String what) {
        Special(String range, String what) {
            this(AddressRange.parse(range), what);
        }
    }

    private record Embedding(AddressRange range, int offset) {
        Embedding(String range, int offset) {
            this(AddressRange.parse(range), offset);
        }
    }

    private final List<AddressRange> allowed;

    private AllowedAddresses(List<AddressRange> allowed) {
        this.allowed = allowed;
    }

    /// @param items addresses, networks, `private`, `loopback`, `link-local`, `multicast` or `all`
    static AllowedAddresses of(List<String> items) throws SettingsException {
        List<AddressRange> ranges = new ArrayList<>();
        for (String item : items) {
            try {
                for (String network : networks(item)) {
                    ranges.add(AddressRange.parse(network));
                }
            } catch (MalformedException e) {
                throw new SettingsException(
                        "pull_allow=%s: addresses, networks like 10.0.0.0/8, loopback, private, ".formatted(item)
                                + "link-local, multicast or all are allowed");
            }
        }
        return new AllowedAddresses(List.copyOf(ranges));
    }

    private static List<String> networks(String item) {
        return switch (item) {
            case "all" -> List.of("0.0.0.0/0", "::/0");
            case "loopback" -> List.of("127.0.0.0/8", "::1");
            case "private" ->
                List.of("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10");
            case "link-local" -> List.of("169.254.0.0/16", "fe80::/10");
            case "multicast" -> List.of("224.0.0.0/4", "ff00::/8");
            default -> List.of(item);
        };
    }

    /// @throws RelayRefusedException if nothing may be sent there
    void check(InetAddress address) throws RelayRefusedException {
        if (allowed.stream().anyMatch(range -> range.contains(address))) {
            return;
        }
        for (Special special : SPECIAL) {
            if (special.range().contains(address)) {
                throw new RelayRefusedException(
                        RelayRefusedException.Reason.ADDRESS,
                        "%s is %s, and pull_allow does not name it"
                                .formatted(address.getHostAddress(), special.what()));
            }
        }
        if (address instanceof Inet6Address) {
            for (Embedding embedding : EMBEDDINGS) {
                if (embedding.range().contains(address)) {
                    check(embedded(address, embedding.offset()));
                }
            }
        }
    }

    private static InetAddress embedded(InetAddress address, int offset) {
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(address.getAddress(), offset, offset + 4));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }
}
