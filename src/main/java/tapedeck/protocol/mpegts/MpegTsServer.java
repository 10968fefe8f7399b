package tapedeck.protocol.mpegts;

import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.net.udp.DatagramPort;
import tapedeck.rights.PlainEntrance;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// Listens for transport streams over TCP and over UDP on one number, and to multicast groups.
public final class MpegTsServer implements AutoCloseable {
    /// The protocol's name among the [BoundPorts].
    public static final String PROTOCOL = "MPEG-TS";

    /// A free TCP port whose number is taken for UDP: another one is tried.
    private static final int MAX_TRIES = 16;

    /// What all peers may hold of what is not whole, or has no name yet, is this part of the heap.
    static final int HEAP_DIVISOR = 8;

    private final TcpServer server;
    private final ByteBudget budget;
    private final List<Listening> listening = new ArrayList<>();

    private record Listening(DatagramPort port, UdpPeers peers) {}

    /// @param port 0 takes a free one
    public MpegTsServer(
            int port, Settings.Ingest settings, Rights rights, EventLoops loops, Streams streams, BoundPorts ports)
            throws SocketException {
        this(
                port,
                settings,
                rights,
                loops,
                streams,
                ports,
                new ByteBudget(Runtime.getRuntime().maxMemory() / HEAP_DIVISOR));
    }

    MpegTsServer(
            int port,
            Settings.Ingest settings,
            Rights rights,
            EventLoops loops,
            Streams streams,
            BoundPorts ports,
            ByteBudget budget)
            throws SocketException {
        this.budget = budget;
        PlainEntrance entrance = new PlainEntrance(rights, settings.exempt(), "mpegts");
        server = opened(port, loops, entrance, streams);
        ports.add(PROTOCOL, "tcp", server.port());
        ports.add(PROTOCOL, "udp", server.port());
        try {
            for (Settings.MulticastGroup group : settings.multicast()) {
                InetSocketAddress address = new InetSocketAddress(group.address(), group.port());
                listen(address, loops, entrance, streams).join(group.address(), network(group));
            }
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private TcpServer opened(int port, EventLoops loops, PlainEntrance entrance, Streams streams) {
        for (int tries = 1; ; tries++) {
            TcpServer tcp =
                    new TcpServer(port, loops, connection -> new TcpPeer(connection, entrance, streams, budget));
            try {
                listen(new InetSocketAddress(tcp.port()), loops, entrance, streams);
                return tcp;
            } catch (Exception e) {
                // Also what Netty throws although it is checked.
                tcp.close();
                if (port != 0 || tries == MAX_TRIES) {
                    throw e;
                }
            }
        }
    }

    private DatagramPort listen(InetSocketAddress address, EventLoops loops, PlainEntrance entrance, Streams streams) {
        UdpPeers peers = new UdpPeers(entrance, streams, budget);
        DatagramPort opened = new DatagramPort(loops, address, peers);
        peers.bound(opened);
        opened.start();
        listening.add(new Listening(opened, peers));
        return opened;
    }

    private static @Nullable NetworkInterface network(Settings.MulticastGroup group) throws SocketException {
        if (group.network().isEmpty()) {
            return null;
        }
        NetworkInterface network = NetworkInterface.getByName(group.network());
        if (network == null) {
            throw new SocketException("mpegts_multicast: no network interface " + group.network());
        }
        return network;
    }

    public int port() {
        return server.port();
    }

    /// Ends every stream that came here, so that recordings finish.
    @Override
    public void close() {
        server.close();
        for (Listening each : listening) {
            each.port().loop().submit(each.peers()::close).syncUninterruptibly();
            each.port().close();
        }
    }
}
