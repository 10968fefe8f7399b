package tapedeck.settings;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `webrtc_announce` says: addresses, and STUN servers to be asked for more.
public record Announced(List<InetAddress> addresses, List<StunServer> stunServers) {
    /// A name is looked up whenever it is asked.
    public record StunServer(String host, int port) {
        @Override
        public String toString() {
            return "stun:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /// RFC 7064 3.2.
    private static final int STUN_PORT = 3478;

    private static final Pattern STUN =
            Pattern.compile("(?i:stun):(?:\\[([0-9a-fA-F:.]+)]|([^\\[\\]:/?]+))(?::([0-9]{1,5}))?");

    public Announced {
        addresses = List.copyOf(addresses);
        stunServers = List.copyOf(stunServers);
    }

    /// @throws IllegalArgumentException for what is neither, in words
    public static Announced parse(List<String> items) {
        List<InetAddress> addresses = new ArrayList<>();
        List<StunServer> servers = new ArrayList<>();
        for (String item : items) {
            if (item.toLowerCase(Locale.ROOT).startsWith("stun:")) {
                servers.add(server(item));
            } else {
                addresses.add(address(item));
            }
        }
        return new Announced(addresses, servers);
    }

    private static StunServer server(String item) {
        Matcher matcher = STUN.matcher(item);
        int port = STUN_PORT;
        boolean right = matcher.matches();
        if (right && matcher.group(3) != null) {
            port = Integer.parseInt(matcher.group(3));
            right = port > 0 && port < 65_536;
        }
        if (!right) {
            throw new IllegalArgumentException("\"%s\" is not stun:HOST:PORT".formatted(item));
        }
        return new StunServer(matcher.group(1) != null ? matcher.group(1) : matcher.group(2), port);
    }

    /// Never asks a name server.
    private static InetAddress address(String item) {
        try {
            return InetAddress.ofLiteral(item);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"%s\" is neither an IP address nor stun:HOST:PORT".formatted(item), e);
        }
    }
}
