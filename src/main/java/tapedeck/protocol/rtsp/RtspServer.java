package tapedeck.protocol.rtsp;

import java.security.SecureRandom;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.net.udp.PortPairs;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// Listens for RTSP publishers and players.
public final class RtspServer implements AutoCloseable {
    /// The protocol's name among the [BoundPorts].
    public static final String PROTOCOL = "RTSP";

    private final TcpServer server;

    /// @param port 0 takes a free one
    public RtspServer(
            int port, Settings.Rtsp settings, Rights rights, EventLoops loops, Streams streams, BoundPorts ports) {
        this(
                port,
                new PortPairs(settings.firstRtpPort(), settings.lastRtpPort(), loops),
                rights,
                loops,
                streams,
                ports);
    }

    /// @param port 0 takes a free one
    /// @param pairs shared with whoever else sends and receives RTP
    public RtspServer(int port, PortPairs pairs, Rights rights, EventLoops loops, Streams streams, BoundPorts ports) {
        SecureRandom random = new SecureRandom();
        PortShares shares = new PortShares();
        server = new TcpServer(
                port, loops, connection -> new RtspSession(connection, streams, rights, pairs, shares, random));
        ports.add(PROTOCOL, "tcp", server.port());
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
