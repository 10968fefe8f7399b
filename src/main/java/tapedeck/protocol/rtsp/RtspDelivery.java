package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.net.TcpClient;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.PushSource;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Stream;

/// One connection to a server that a stream is sent to: announced, set up and recorded there until it ends. What a
/// player here gets, and how, is what that server gets.
final class RtspDelivery implements RtspCaller.Media {
    private static final String OVER = "the stream ended";

    private final RelayTarget target;
    private final PushSource source;
    private final PortPairs ports;
    private final boolean overUdp;

    // For the event loop, once the connection is there.
    private @Nullable RtspPlaying playing;
    private @Nullable KeepAlive keepAlive;

    RtspDelivery(RelayTarget target, PushSource source, PortPairs ports, boolean overUdp) {
        this.target = target;
        this.source = source;
        this.ports = ports;
        this.overUdp = overUdp;
    }

    /// Returns when the stream is over.
    void run(TcpClient client) throws IOException, InterruptedException {
        List<OfferedTrack> tracks = tracks(source.stream());
        List<Codec> carried = tracks.stream().map(OfferedTrack::codec).toList();
        source.sends(source.stream().tracks().stream().map(Track::codec).toList(), "RTSP", carried::contains);
        String uri = target.uri().toString();
        RtspCaller caller = RtspCaller.connect(client, target, this);
        Connection connection = caller.connection();
        try {
            RtspMessage.Answer options = caller.ask("OPTIONS", uri, Map.of(), Bytes.EMPTY);
            Runnable over = () -> {
                var _ = caller.tell("TEARDOWN", uri);
                connection.end(OVER);
            };
            RtspPlaying made = new RtspPlaying(connection, source.stream(), tracks, source::subscribe, over, 0);
            String host = connection.localAddress().getHostAddress();
            Bytes description = Bytes.ofUtf8(made.description(host));
            RtspCaller.demandOk(
                    "ANNOUNCE", caller.ask("ANNOUNCE", uri, Map.of("Content-Type", "application/sdp"), description));
            String session = "";
            for (int i = 0; i < tracks.size(); i++) {
                String said = setUp(caller, uri, tracks.get(i), i);
                session = session.isEmpty() ? said : session;
            }
            RtspCaller.demandOk("RECORD", caller.ask("RECORD", uri, Map.of("Range", "npt=0.000-"), Bytes.EMPTY));
            source.accepted();
            KeepAlive alive = new KeepAlive(caller, uri, options.header("public"), session);
            caller.onLoop(() -> {
                playing = made;
                keepAlive = alive;
                made.play(uri);
                made.drain();
                return true;
            });
            String reason = caller.awaitOver();
            if (!reason.equals(OVER)) {
                throw new IOException(reason);
            }
        } finally {
            connection.execute(() -> {
                var _ = caller.tell("TEARDOWN", uri);
                connection.end("the push ended");
            });
            connection.loop().execute(() -> tracks.forEach(OfferedTrack::close));
        }
    }

    /// They are described once and for all: a stream that has just begun is waited for.
    private static List<OfferedTrack> tracks(Stream stream) throws IOException, InterruptedException {
        var _ = stream.awaitTracks();
        List<OfferedTrack> tracks = OfferedTrack.of(stream);
        if (!tracks.isEmpty()) {
            return tracks;
        }
        String reason = RtspRefusal.nothingFits(stream).reason();
        throw stream.tracks().isEmpty() ? new IOException(reason) : new RelayRefusedException(reason);
    }

    private String setUp(RtspCaller caller, String uri, OfferedTrack track, int number)
            throws IOException, InterruptedException {
        MediaPath asked = caller.onLoop(() -> overUdp
                ? new UdpPath(caller.connection(), ports, UdpPath.Inbox.signs(() -> {}), () -> {})
                : new InterleavedPath(caller.interleaved(), 2 * number, 2 * number + 1));
        boolean done = false;
        try {
            String address = RtspAddress.base(uri) + "/" + track.control();
            Map<String, String> transport = Map.of("Transport", asked.offer() + ";mode=record");
            RtspMessage.Answer answer = caller.ask("SETUP", address, transport, Bytes.EMPTY);
            RtspCaller.demandOk("SETUP", answer);
            String header = answer.header("transport");
            Optional<TransportHeader> said = header == null ? Optional.empty() : TransportHeader.answered(header);
            MediaPath agreed = agreed(caller, asked, said);
            caller.onLoop(() -> track.setUp(agreed));
            done = true;
            String session = Optional.ofNullable(answer.header("session")).orElse("");
            caller.session(session.split(";", 2)[0].strip());
            return session;
        } finally {
            if (!done) {
                caller.connection().loop().execute(asked::close);
            }
        }
    }

    private static MediaPath agreed(RtspCaller caller, MediaPath asked, Optional<TransportHeader> said)
            throws IOException {
        switch (asked) {
            case UdpPath udp -> {
                if (said.isEmpty() || said.get().tcp() || said.get().first().isEmpty()) {
                    throw new IOException("SETUP: the server names no ports for UDP");
                }
                int port = said.get().first().getAsInt();
                udp.peer(port, said.get().second().orElse(port + 1));
                return udp;
            }
            case InterleavedPath own -> {
                if (said.isPresent() && !said.get().tcp()) {
                    throw new IOException("SETUP: the server answers with UDP where TCP was asked for");
                }
                int first = said.isPresent() ? said.get().first().orElse(own.channel()) : own.channel();
                int second = said.isPresent() ? said.get().second().orElse(first + 1) : own.controlChannel();
                return new InterleavedPath(caller.interleaved(), first, second);
            }
        }
    }

    @Override
    public void packet(RtspMessage.Interleaved packet, long arrivalNanos) {
        // Reports of the server: nothing is lost on a connection.
    }

    @Override
    public void receivedAll() {}

    @Override
    public void writable() {
        RtspPlaying made = playing;
        if (made != null) {
            made.drain();
        }
    }

    @Override
    public void swept(long nowNanos) {
        RtspPlaying made = playing;
        KeepAlive alive = keepAlive;
        if (made != null && alive != null) {
            made.swept(nowNanos);
            alive.swept(nowNanos);
        }
    }

    @Override
    public void ended(String reason) {
        RtspPlaying made = playing;
        if (made != null) {
            made.end(reason);
        }
    }
}
