package tapedeck.protocol.rtsp;

import java.security.SecureRandom;
import java.util.Optional;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.net.tls.ServerTls;
import tapedeck.net.udp.PortPairs;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// Listens for RTSP publishers and players.
public final class RtspServer implements AutoCloseable {
    /// The protocol's name among the [BoundPorts].
    public static final String PROTOCOL = "RTSP";

    /// The same over TLS.
    public static final String SECURE_PROTOCOL = "RTSPS";

    private final TcpServer server;

    /// @param port 0 takes a free one
    public RtspServer(
            int port, Settings.Rtsp settings, Rights rights, EventLoops loops, Streams streams, BoundPorts ports) {
        this(
                port,
                Optional.empty(),
                new PortPairs(settings.firstRtpPort(), settings.lastRtpPort(), loops),
                rights,
                loops,
                streams,
                ports);
    }

    /// @param port 0 takes a free one
    /// @param tls empty for none
    /// @param pairs shared with whoever else sends and receives RTP
    public RtspServer(
            int port,
            Optional<ServerTls> tls,
            PortPairs pairs,
            Rights rights,
            EventLoops loops,
            Streams streams,
            BoundPorts ports) {
        SecureRandom random = new SecureRandom();
        PortShares shares = new PortShares();
        HttpTunnels tunnels = new HttpTunnels();
        server = new TcpServer(
                port,
                loops,
                tls,
                connection -> new RtspFront(
                        connection,
                        tunnels,
                        () -> new RtspSession(connection, streams, rights, pairs, shares, random)));
        ports.add(tls.isPresent() ? SECURE_PROTOCOL : PROTOCOL, "tcp", server.port());
    }

    public int port() {
        return server.port();
    }

    /// Ends every connection: what they published ends, so that recordings finish.
    @Override
    public void close() {
        server.close();
    }
}
