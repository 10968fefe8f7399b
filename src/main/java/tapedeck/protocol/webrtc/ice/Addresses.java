package tapedeck.protocol.webrtc.ice;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.rtp.sdp.Candidate;
import tapedeck.settings.Announced;

/// Where peers can reach the port: what the settings announce, what a STUN server says, or else the addresses of the
/// machine's interfaces.
public final class Addresses {
    private static final Logger log = LoggerFactory.getLogger(Addresses.class);

    private final Announced announced;
    private final Supplier<List<InetSocketAddress>> mapped;

    /// @param mapped under which addresses and ports STUN servers see the UDP port, as far as they have answered
    public Addresses(Announced announced, Supplier<List<InetSocketAddress>> mapped) {
        this.announced = announced;
        this.mapped = mapped;
    }

    /// Our candidates for the peer that sent its offer from `peer`: UDP first, and TCP for those whom UDP does not
    /// reach. As the lite side we have host candidates only (RFC 8445 2.5), so an address that a NAT maps to us is
    /// one too. The loopback address helps nobody but peers on this machine, so only they are told of it.
    public List<Candidate> candidates(InetAddress peer, int port) {
        Set<InetSocketAddress> known = new LinkedHashSet<>();
        announced.addresses().forEach(address -> known.add(new InetSocketAddress(address, port)));
        if (!announced.stunServers().isEmpty()) {
            known.addAll(mapped.get());
        }
        if (announced.addresses().isEmpty()) {
            ofInterfaces().forEach(address -> known.add(new InetSocketAddress(address, port)));
            if (peer.isLoopbackAddress() || known.isEmpty()) {
                known.add(new InetSocketAddress(
                        peer.isLoopbackAddress() ? peer : InetAddress.getLoopbackAddress(), port));
            }
        }
        List<Candidate> candidates = new ArrayList<>();
        int rank = 0;
        for (InetSocketAddress address : known) {
            candidates.add(candidate(candidates.size(), "udp", Priority.udpHost(rank++), address, ""));
        }
        rank = 0;
        for (InetSocketAddress address : known) {
            // What a NAT maps another UDP port to says nothing about TCP.
            if (address.getPort() == port) {
                candidates.add(candidate(candidates.size(), "tcp", Priority.tcpHost(rank++), address, "passive"));
            }
        }
        return candidates;
    }

    private static Candidate candidate(
            int number, String transport, long priority, InetSocketAddress address, String tcpType) {
        String foundation = String.valueOf(number + 1);
        return new Candidate(
                foundation, 1, transport, priority, text(address.getAddress()), address.getPort(), "host", tcpType);
    }

    /// IPv4 first: a socket for both families answers on either, but more paths to browsers work with IPv4.
    private static List<InetAddress> ofInterfaces() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(Addresses::up)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> !address.isLoopbackAddress()
                            && !address.isLinkLocalAddress()
                            && !address.isMulticastAddress())
                    .sorted(Comparator.comparing(Inet6Address.class::isInstance))
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
