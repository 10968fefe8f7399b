package tapedeck.protocol.webrtc;

import java.time.InstantSource;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpRoutes;
import tapedeck.protocol.webrtc.dtls.DtlsIdentity;
import tapedeck.protocol.webrtc.dtls.WarmUp;
import tapedeck.protocol.webrtc.ice.Addresses;
import tapedeck.protocol.webrtc.ice.IceLinks;
import tapedeck.protocol.webrtc.transport.PeerPort;
import tapedeck.rights.Rights;
import tapedeck.settings.Announced;
import tapedeck.settings.Settings;
import tapedeck.stream.Streams;

/// WebRTC on one port for UDP and TCP, with WHIP and WHEP among the HTTP routes.
public final class WebRtcServer implements AutoCloseable {

    private final PeerPort port;

    /// @throws IllegalArgumentException if the settings turn WebRTC off
    public WebRtcServer(
            Settings.WebRtc settings,
            Rights rights,
            EventLoops loops,
            Streams streams,
            HttpRoutes routes,
            BoundPorts ports) {
        this(settings, rights, loops, streams, routes, ports, System::nanoTime);
    }

    WebRtcServer(
            Settings.WebRtc settings,
            Rights rights,
            EventLoops loops,
            Streams streams,
            HttpRoutes routes,
            BoundPorts ports,
            LongSupplier nanoClock) {
        OptionalInt number = settings.port().number();
        DtlsIdentity identity = DtlsIdentity.create();
        port = new PeerPort(
                loops,
                number.orElseThrow(() -> new IllegalArgumentException("webrtc_port is empty: WebRTC is off")),
                nanoClock);
        ports.add("WebRTC", "udp", port.port());
        ports.add("WebRTC", "tcp", port.port());
        port.countersTo(ports);
        Announced announced = Announced.parse(settings.announce());
        Addresses addresses = new Addresses(announced, port.ask(announced.stunServers()));
        SessionRoutes.House house = new SessionRoutes.House(
                port,
                identity,
                addresses,
                new OfferLimits(nanoClock),
                new IceLinks(settings.iceServers(), InstantSource.system()),
                rights,
                nanoClock);
        Audiences audiences = new Audiences(port);
        new WhipRoutes(house, streams, audiences).addTo(routes);
        new WhepRoutes(house, streams, audiences).addTo(routes);
        if (settings.preInit()) {
            Thread.ofPlatform().name("webrtc-warm-up").daemon().start(() -> WarmUp.run(identity));
        }
    }

    /// Ends all sessions and frees the port.
    @Override
    public void close() {
        port.close();
    }
}
