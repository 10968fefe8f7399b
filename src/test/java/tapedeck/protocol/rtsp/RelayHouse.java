package tapedeck.protocol.rtsp;

import static tapedeck.peers.Await.await;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tapedeck.media.Frame;
import tapedeck.net.BoundPorts;
import tapedeck.net.EventLoops;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.rights.Rights;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// An RTSP server with its streams, and pulls and pushes of others beside it.
final class RelayHouse implements AutoCloseable {
    static final long DEADLINE_SECONDS = 60;

    final Streams streams = new Streams();
    final EventLoops loops = new EventLoops(2);
    final PortPairs ports = new PortPairs(31_001, 32_000, loops);
    final Relays relays;
    private final Rights rights;
    private final int port;
    private RtspServer server;

    RelayHouse() throws SettingsException {
        this(new Rights(Settings.Rights.NONE));
    }

    RelayHouse(Rights rights) throws SettingsException {
        this.rights = rights;
        server = server(0);
        port = server.port();
        relays = new Relays(new Settings.Relays(List.of(), List.of(), List.of("127.0.0.0/8"), 60, ""), streams)
                .pullWith(new RtspPull(loops, ports))
                .pushWith(new RtspPush(loops, ports));
    }

    private RtspServer server(int port) {
        Settings.Rtsp settings = new Settings.Rtsp(new Settings.Port("rtsp_port", OptionalInt.of(0)), 31_001, 32_000);
        return new RtspServer(port, settings, rights, loops, streams, new BoundPorts());
    }

    int port() {
        return port;
    }

    /// Nobody answers any more; the streams are still there.
    void away() {
        server.close();
    }

    /// At the same address.
    void back() {
        server = server(port);
    }

    String url(String name) {
        return "rtsp://127.0.0.1:%d/live/%s".formatted(port(), name);
    }

    RelayReport pull(String address, String name, String transport) throws IOException {
        return relays.pull(address, new StreamName(name), Map.of("transport", transport));
    }

    RelayReport report(String id) {
        return relays.all().stream()
                .filter(report -> report.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /// What its first failure said.
    String failure(String id) {
        await("a failure", () -> !report(id).lastError().isEmpty());
        return report(id).lastError();
    }

    /// Whether they are keyframes, and what is in them.
    static List<String> datas(List<Frame> frames, int trackId) {
        return frames.stream()
                .filter(frame -> frame.track().id() == trackId)
                .map(frame -> (frame.keyframe() ? "K " : "  ") + frame.data().hashCode() + " "
                        + frame.data().length())
                .toList();
    }

    @Override
    public void close() {
        relays.close();
        server.close();
        loops.close();
    }
}
