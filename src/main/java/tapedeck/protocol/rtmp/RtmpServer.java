package tapedeck.protocol.rtmp;

import java.security.SecureRandom;
import java.util.Optional;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.net.tls.ServerTls;
import tapedeck.rights.Rights;
import tapedeck.stream.Streams;

/// Listens for RTMP publishers and players.
public final class RtmpServer implements AutoCloseable {
    /// The protocol's name among the [BoundPorts].
    public static final String PROTOCOL = "RTMP";

    /// With TLS.
    public static final String ENCRYPTED_PROTOCOL = "RTMPS";

    private final TcpServer server;

    /// @param port 0 takes a free one
    public RtmpServer(int port, Rights rights, EventLoops loops, Streams streams, BoundPorts ports) {
        this(port, Optional.empty(), rights, loops, streams, ports);
    }

    /// @param tls empty for RTMP in plain
    public RtmpServer(
            int port, Optional<ServerTls> tls, Rights rights, EventLoops loops, Streams streams, BoundPorts ports) {
        SecureRandom random = new SecureRandom();
        server = new TcpServer(port, loops, tls, connection -> new RtmpSession(connection, streams, rights, random));
        ports.add(tls.isPresent() ? ENCRYPTED_PROTOCOL : PROTOCOL, "tcp", server.port());
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
