package tapedeck.protocol.rtsp;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;

/// RTSP through HTTP, as QuickTime began it and ffmpeg and GStreamer speak it: a `GET` whose answer never ends carries
/// what the server says, a `POST` whose body never ends what the client says, in base64. Both name the same cookie.
final class HttpTunnels {
    static final int MAX_TUNNELS = 1024;
    static final int MAX_COOKIE_CHARACTERS = 128;

    private final Map<String, HttpTunnel> tunnels = new ConcurrentHashMap<>();

    void add(HttpTunnel tunnel) {
        if (tunnels.size() >= MAX_TUNNELS) {
            throw new MalformedException("RTSP over HTTP: %d tunnels are open".formatted(MAX_TUNNELS));
        }
        if (tunnels.putIfAbsent(tunnel.cookie(), tunnel) != null) {
            throw new MalformedException("RTSP over HTTP: this tunnel is open already");
        }
    }

    void remove(HttpTunnel tunnel) {
        tunnels.remove(tunnel.cookie(), tunnel);
    }

    /// The tunnel that a `POST` of this peer belongs to; null if there is none.
    @Nullable
    HttpTunnel find(String cookie, Connection peer) {
        HttpTunnel tunnel = tunnels.get(cookie);
        return tunnel != null && tunnel.back().address().equals(peer.address()) ? tunnel : null;
    }
}
