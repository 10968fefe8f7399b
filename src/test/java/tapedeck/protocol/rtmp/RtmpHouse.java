package tapedeck.protocol.rtmp;

import java.io.IOException;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.TrustedProxies;
import tapedeck.peers.RtmpClient;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// A server for RTMP, and nothing else, on a free port, where everybody may do everything.
final class RtmpHouse implements AutoCloseable {
    final Streams streams = new Streams();
    private final EventLoops loops = new EventLoops(2);
    private final RtmpServer server =
            new RtmpServer(0, new Rights(Settings.Rights.NONE, TrustedProxies.NONE), loops, streams, new BoundPorts());

    int port() {
        return server.port();
    }

    String url(String name) {
        return "rtmp://127.0.0.1:%d/live/%s".formatted(port(), name);
    }

    RtmpClient client() throws IOException {
        return RtmpClient.connected(port());
    }

    @Override
    public void close() {
        server.close();
        loops.close();
    }
}
