package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpClient;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Fetches streams of cameras and other RTSP servers. Option `transport`: `udp`, `tcp`, or `auto`, which is UDP first
/// and then TCP where nothing arrives, or the server wants no UDP.
public final class RtspPull implements PullClient {
    /// Servers remembered as such whose UDP does not arrive.
    static final int MAX_REMEMBERED = 1024;

    private static final Logger log = LoggerFactory.getLogger(RtspPull.class);

    private final TcpClient client;
    private final PortPairs ports;

    private final Set<String> overTcp = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MAX_REMEMBERED;
        }
    }));

    public RtspPull(EventLoops loops, PortPairs ports) {
        this.client = new TcpClient(loops);
        this.ports = ports;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("rtsp", "rtsps");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.RTSP;
    }

    @Override
    public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
        RelayTarget at = target;
        while (true) {
            try {
                pullFrom(at, sink);
                return;
            } catch (RtspSource.MovedException moved) {
                at = at.redirected(moved.location());
                log.info("rtsp from {}: redirected to {}", target, at);
            }
        }
    }

    private void pullFrom(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
        String transport = target.option("transport", "auto").toLowerCase(Locale.ROOT);
        // What a TLS connection is for does not go beside it.
        boolean secure = target.scheme().equals("rtsps");
        switch (transport) {
            case "tcp" -> run(target, RtspSource.Way.TCP, sink);
            case "udp" -> {
                if (secure) {
                    throw new RelayRefusedException("transport=udp: rtsps is over TCP only");
                }
                run(target, RtspSource.Way.UDP, sink);
            }
            case "auto" -> {
                String server = target.hostAndPort();
                if (!secure && !overTcp.contains(server)) {
                    try {
                        run(target, RtspSource.Way.UDP, sink);
                        return;
                    } catch (RtspSource.WayException e) {
                        log.info("rtsp from {}: {}, so over TCP", target, e.getMessage());
                        overTcp.add(server);
                    }
                }
                run(target, RtspSource.Way.TCP, sink);
            }
            default -> throw new RelayRefusedException("transport: udp, tcp or auto");
        }
    }

    private void run(RelayTarget target, RtspSource.Way way, PullSink sink) throws IOException, InterruptedException {
        new RtspSource(target, way, ports, sink).run(client);
    }
}
