package tapedeck.protocol.rtmp;

import java.security.SecureRandom;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.rights.Rights;
import tapedeck.stream.Streams;

/// Listens for RTMP publishers and players.
public final class RtmpServer implements AutoCloseable {
    /// The protocol's name among the [BoundPorts].
    public static final String PROTOCOL = "RTMP";

    private final TcpServer server;

    /// @param port 0 takes a free one
    public RtmpServer(int port, Rights rights, EventLoops loops, Streams streams, BoundPorts ports) {
        SecureRandom random = new SecureRandom();
        server = new TcpServer(port, loops, connection -> new RtmpSession(connection, streams, rights, random));
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
