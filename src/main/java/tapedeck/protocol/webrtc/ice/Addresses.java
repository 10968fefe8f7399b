package tapedeck.protocol.webrtc.ice;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.rtp.sdp.Candidate;

/// Where peers can reach the port: what the settings announce, or else the addresses of the machine's interfaces.
public final class Addresses {
    /// RFC 8445 5.1.2.2: the type preference of host candidates.
    private static final long HOST_PREFERENCE = 126;

    private static final int MAX_LOCAL_PREFERENCE = 65_535;
    private static final Logger log = LoggerFactory.getLogger(Addresses.class);

    private final List<String> announced;

    public Addresses(List<String> announced) {
        this.announced = List.copyOf(announced);
    }

    /// Our candidates for the peer that sent its offer from `peer`. The loopback address helps nobody but peers on this
    /// machine, so only they are told of it.
    public List<Candidate> candidates(InetAddress peer, int port) {
        List<String> addresses = new ArrayList<>(announced.isEmpty() ? ofInterfaces() : announced);
        if (announced.isEmpty() && (peer.isLoopbackAddress() || addresses.isEmpty())) {
            addresses.add("127.0.0.1");
        }
        List<Candidate> candidates = new ArrayList<>();
        for (String address : addresses) {
            int number = candidates.size();
            // RFC 8445 5.1.2.1, component 1 of 1.
            long priority = HOST_PREFERENCE << 24 | (long) (MAX_LOCAL_PREFERENCE - number) << 8 | 255;
            candidates.add(new Candidate(String.valueOf(number + 1), 1, "udp", priority, address, port, "host", ""));
        }
        return candidates;
    }

    /// IPv4 first: a socket for both families answers on either, but more paths to browsers work with IPv4.
    private static List<String> ofInterfaces() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(Addresses::up)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> !address.isLoopbackAddress()
                            && !address.isLinkLocalAddress()
                            && !address.isMulticastAddress())
                    .sorted(Comparator.comparing(Inet6Address.class::isInstance))
                    .map(Addresses::text)
                    .distinct()
                    .toList();
        } catch (SocketException e) {
            log.warn("no addresses of the network interfaces: {}", e.toString());
            return List.of();
        }
    }

    private static boolean up(NetworkInterface network) {
        try {
            return network.isUp();
        } catch (SocketException e) {
            return false;
        }
    }

    /// An address and port for people.
    public static String text(InetSocketAddress address) {
        String host = text(address.getAddress());
        return (host.contains(":") ? "[" + host + "]:" : host + ":") + address.getPort();
    }

    /// Without the scope that Java adds to IPv6.
    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int scope = text.indexOf('%');
        return address instanceof Inet4Address || scope < 0 ? text : text.substring(0, scope);
    }
}
