package tapedeck.protocol.webrtc;

import java.net.URI;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpRoutes;
import tapedeck.net.http.HttpServer;
import tapedeck.net.http.TrustedProxies;
import tapedeck.rights.Rights;
import tapedeck.settings.IceServer;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// A server with WebRTC and HTTP on free ports, and nothing else.
final class WebRtcHouse implements AutoCloseable {
    static final IceServer ICE_SERVER = new IceServer("turn:turn.example.net:3478", "user", "password", "");

    final Streams streams = new Streams();
    final BoundPorts ports = new BoundPorts();
    final HttpRoutes routes = new HttpRoutes();
    /// How far the server's clock is ahead of the system's.
    final AtomicLong skippedNanos = new AtomicLong();
    private final EventLoops loops = new EventLoops(1);
    private final Rights rights;
    private final WebRtcServer webrtc;
    private final HttpServer http;

    WebRtcHouse() throws Exception {
        this(Settings.Rights.NONE);
    }

    WebRtcHouse(Settings.Rights who) throws Exception {
        this(who, TrustedProxies.NONE);
    }

    WebRtcHouse(Settings.Rights who, TrustedProxies proxies) throws Exception {
        rights = new Rights(who, proxies);
        Settings.WebRtc settings = new Settings.WebRtc(
                new Settings.Port("webrtc_port", OptionalInt.of(0)), List.of(), false, List.of(ICE_SERVER));
        webrtc = new WebRtcServer(
                settings, rights, loops, streams, routes, ports, () -> System.nanoTime() + skippedNanos.get());
        http = new HttpServer(0, routes);
    }

    URI whip(String name) {
        return URI.create("http://127.0.0.1:" + http.port() + "/whip/" + name);
    }

    int httpPort() {
        return http.port();
    }

    int udpPort() {
        return ports.port("WebRTC");
    }

    @Override
    public void close() {
        http.close();
        webrtc.close();
        loops.close();
        rights.close();
    }
}
