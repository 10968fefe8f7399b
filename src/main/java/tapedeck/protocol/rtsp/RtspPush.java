package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.util.Locale;
import java.util.Set;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpClient;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.PushClient;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Sends streams to other RTSP servers, by `ANNOUNCE` and `RECORD`. Option `transport`: `tcp` (the default) or `udp`.
public final class RtspPush implements PushClient {
    private final TcpClient client;
    private final PortPairs ports;

    public RtspPush(EventLoops loops, PortPairs ports) {
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
    public void push(RelayTarget target, PushSource source) throws IOException, InterruptedException {
        String transport = target.option("transport", "tcp").toLowerCase(Locale.ROOT);
        boolean overUdp = transport.equals("udp");
        // What a TLS connection is for does not go beside it.
        if (!overUdp && !transport.equals("tcp") || overUdp && target.scheme().equals("rtsps")) {
            throw new RelayRefusedException("transport: tcp, or without TLS udp");
        }
        new RtspDelivery(target, source, ports, overUdp).run(client);
    }
}
