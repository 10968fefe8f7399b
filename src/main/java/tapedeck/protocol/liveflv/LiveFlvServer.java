package tapedeck.protocol.liveflv;

import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpServer;
import tapedeck.rights.PlainEntrance;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// Listens for FLV over plain TCP.
public final class LiveFlvServer implements AutoCloseable {
    /// The protocol's name among the [BoundPorts].
    public static final String PROTOCOL = "LiveFLV";

    /// What all peers may hold of tags that are not whole, or came before they might, is this part of the heap.
    static final int HEAP_DIVISOR = 8;

    private final TcpServer server;

    /// @param port 0 takes a free one
    public LiveFlvServer(int port, PlainEntrance entrance, EventLoops loops, Streams streams, BoundPorts ports) {
        this(
                port,
                entrance,
                loops,
                streams,
                ports,
                new ByteBudget(Runtime.getRuntime().maxMemory() / HEAP_DIVISOR));
    }

    LiveFlvServer(
            int port, PlainEntrance entrance, EventLoops loops, Streams streams, BoundPorts ports, ByteBudget budget) {
        server = new TcpServer(port, loops, connection -> new LiveFlvSession(connection, entrance, streams, budget));
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
