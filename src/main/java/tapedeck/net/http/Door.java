package tapedeck.net.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Set;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.net.WrongProtocol;

/// One TCP connection, before anybody reads it: who speaks another protocol is told from its first bytes, and goes with
/// one line in the log. What is text goes on to the parser, which answers it.
final class Door extends SocketChannelEndPoint {
    private static final Set<String> TEXT = Set.of("HTTP", "RTSP");
    private static final Logger log = LoggerFactory.getLogger(Door.class);

    private final boolean secure;
    private boolean looked;

    /// @param secure whether TLS is spoken here
    Door(SocketChannel socket, ManagedSelector selector, SelectionKey key, Scheduler scheduler, boolean secure) {
        super(socket, selector, key, scheduler);
        this.secure = secure;
    }

    @Override
    public int fill(ByteBuffer buffer) throws IOException {
        int filled = super.fill(buffer);
        if (!looked && filled > 0) {
            looked = true;
            String wrong = wrong(Bytes.copyOf(buffer.slice(buffer.limit() - filled, filled)));
            if (wrong != null) {
                log.info(
                        "{} {}: ended: this is {}, not {}",
                        secure ? "https" : "http",
                        HttpServer.name(this),
                        wrong,
                        secure ? "TLS" : "HTTP");
                buffer.limit(buffer.limit() - filled);
                close();
                return -1;
            }
        }
        return filled;
    }

    private @Nullable String wrong(Bytes first) {
        String name = WrongProtocol.name(first);
        boolean right = secure ? "TLS".equals(name) : name == null || TEXT.contains(name);
        return right ? null : name;
    }
}
