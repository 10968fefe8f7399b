package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.net.Connection;
import tapedeck.net.TcpClient;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.Feedback;

/// One connection to a server that is pulled from: described, set up and played until it ends.
final class RtspSource implements RtspCaller.Media {
    /// How media is to come.
    enum Way {
        UDP,
        TCP
    }

    /// A camera sends at once: if nothing came by then, something on the way lets no UDP through.
    static final int UDP_SECONDS = 4;

    static final int MEDIA_SECONDS = 10;

    private static final String OVER = "the server said that the stream is over";
    private static final Logger log = LoggerFactory.getLogger(RtspSource.class);

    /// Not by this way; perhaps by the other.
    static final class WayException extends IOException {
        WayException(String reason) {
            super(reason);
        }
    }

    /// The server sends us elsewhere.
    static final class MovedException extends IOException {
        private final String location;

        MovedException(String location) {
            super("redirected");
            this.location = location;
        }

        String location() {
            return location;
        }
    }

    private final RelayTarget target;
    private final Way way;
    private final PortPairs ports;
    private final PullSink sink;
    private final String uri;
    private final CompletableFuture<Boolean> mediaCame = new CompletableFuture<>();

    // For the event loop, once the connection is there.
    private @Nullable MediaIntake intake;
    private @Nullable KeepAlive keepAlive;
    private @Nullable Connection connection;
    private boolean begun;
    private boolean ended;
    /// Whether the server said so of every track before the connection ended.
    private volatile boolean over;

    RtspSource(RelayTarget target, Way way, PortPairs ports, PullSink sink) {
        this.target = target;
        this.way = way;
        this.ports = ports;
        this.sink = sink;
        this.uri = target.uri().toString();
    }

    /// Returns when the server says that the stream is over.
    void run(TcpClient client) throws IOException, InterruptedException {
        RtspCaller caller = RtspCaller.connect(client, target, this);
        String all = uri;
        boolean playing = false;
        try {
            RtspMessage.Answer options = caller.ask("OPTIONS", uri, Map.of(), Bytes.EMPTY);
            RtspMessage.Answer described =
                    caller.ask("DESCRIBE", uri, Map.of("Accept", "application/sdp"), Bytes.EMPTY);
            moved(described);
            RtspCaller.demandOk("DESCRIBE", described);
            SessionDescription description =
                    SessionDescription.parse(described.body().toUtf8());
            String base = ControlAddress.base(described, uri);
            all = ControlAddress.ofAll(base, description.attribute("control"));
            String session = setUp(caller, base, tracks(description));
            playing = true;
            play(caller, all, options, session);
            awaitEnd(caller);
        } finally {
            leave(caller, all, playing);
        }
    }

    private static void moved(RtspMessage.Answer answer) throws MovedException {
        String location = answer.header("location");
        if (answer.status() >= 300 && answer.status() < 400 && location != null) {
            throw new MovedException(location);
        }
    }

    private List<AnnouncedTrack> tracks(SessionDescription description) throws RelayRefusedException {
        try {
            return AnnouncedTrack.taken(description);
        } catch (AnnouncedTrack.UnsupportedException e) {
            throw new RelayRefusedException("nothing of it can be received: " + e.getMessage());
        }
    }

    /// Sets up the tracks that can be received; what else the server has is not asked for.
    ///
    /// @return `Session` of the first answer
    private String setUp(RtspCaller caller, String base, List<AnnouncedTrack> tracks)
            throws IOException, InterruptedException {
        MediaIntake made = caller.onLoop(() -> {
            MediaIntake fresh = new MediaIntake(caller.connection(), tracks);
            connection = caller.connection();
            intake = fresh;
            return fresh;
        });
        String session = "";
        int number = 0;
        for (int i = 0; i < tracks.size(); i++) {
            if (tracks.get(i).id() != 0) {
                String said = setUp(caller, base, made, i, number++);
                session = session.isEmpty() ? said : session;
            }
        }
        return session;
    }

    private String setUp(RtspCaller caller, String base, MediaIntake made, int index, int number)
            throws IOException, InterruptedException {
        MediaPath asked = caller.onLoop(() -> way == Way.TCP
                ? new InterleavedPath(caller.interleaved(), 2 * number, 2 * number + 1)
                : new UdpPath(caller.connection(), ports, made.inbox(index), () -> {}));
        boolean done = false;
        try {
            RtspMessage.Answer answer = setUp(
                    caller,
                    ControlAddress.candidates(base, made.tracks().get(index).control()),
                    asked.offer());
            caller.onLoop(() -> {
                agreed(caller, made, index, asked, answer.header("transport"));
                return true;
            });
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

    private RtspMessage.Answer setUp(RtspCaller caller, List<String> addresses, String offer)
            throws IOException, InterruptedException {
        RtspMessage.Answer answer = caller.ask("SETUP", addresses.getFirst(), Map.of("Transport", offer), Bytes.EMPTY);
        boolean unknown = answer.status() == 404 || answer.status() == 400 || answer.status() == 454;
        if (unknown && addresses.size() > 1) {
            answer = caller.ask("SETUP", addresses.get(1), Map.of("Transport", offer), Bytes.EMPTY);
        }
        moved(answer);
        // RFC 2326 11.3.9: unsupported transport.
        if (answer.status() == 461 && way == Way.UDP) {
            throw new WayException("the server sends nothing by UDP");
        }
        RtspCaller.demandOk("SETUP", answer);
        return answer;
    }

    /// What was agreed on: other channels than those asked for are the server's right. One that says nothing means
    /// what it was asked for.
    private void agreed(RtspCaller caller, MediaIntake made, int index, MediaPath asked, @Nullable String header)
            throws IOException {
        Optional<TransportHeader> said = header == null ? Optional.empty() : TransportHeader.answered(header);
        switch (asked) {
            case UdpPath udp -> {
                if (said.isPresent() && said.get().tcp()) {
                    throw new WayException("the server sends nothing by UDP");
                }
                int port = said.isPresent() ? said.get().first().orElse(0) : 0;
                if (port > 0) {
                    udp.peer(port, said.get().second().orElse(port + 1));
                    udp.open();
                }
                made.setUp(index, udp);
            }
            case InterleavedPath own -> {
                if (said.isPresent() && !said.get().tcp()) {
                    throw new IOException("SETUP: the server answers with UDP where TCP was asked for");
                }
                int first = said.isPresent() ? said.get().first().orElse(own.channel()) : own.channel();
                int second = said.isPresent() ? said.get().second().orElse(first + 1) : own.controlChannel();
                if (first == second || made.hasChannel(first) || made.hasChannel(second)) {
                    throw new IOException("SETUP: the server gives one channel to two");
                }
                made.setUp(index, new InterleavedPath(caller.interleaved(), first, second));
            }
        }
    }

    private void play(RtspCaller caller, String all, RtspMessage.Answer options, String session)
            throws IOException, InterruptedException {
        caller.onLoop(() -> {
            MediaIntake made = intake;
            if (made != null) {
                made.start("rtsp from " + target, frame -> write(frame, made), sink::missed);
                keepAlive = new KeepAlive(caller, all, options.header("public"), session);
            }
            return true;
        });
        RtspCaller.demandOk("PLAY", caller.ask("PLAY", all, Map.of("Range", "npt=0.000-"), Bytes.EMPTY));
        sink.feedback(feedback(caller.connection()));
    }

    /// A server that promises and sends nothing makes no stream.
    private void write(Frame frame, MediaIntake from) {
        if (!begun) {
            begun = true;
            sink.expect(from.expects());
        }
        sink.write(frame);
    }

    private Feedback feedback(Connection on) {
        return new Feedback() {
            @Override
            public void requestKeyframe() {
                on.execute(() -> {
                    MediaIntake made = intake;
                    if (made != null && made.canRequestKeyframe()) {
                        made.requestKeyframe();
                    }
                });
            }

            @Override
            public void watched(boolean live) {
                on.execute(() -> on.paced(way == Way.TCP && !live && !ended));
            }

            @Override
            public void terminate(String reason) {
                // An interrupt ends a pull.
            }
        };
    }

    private void awaitEnd(RtspCaller caller) throws IOException, InterruptedException {
        int seconds = way == Way.UDP ? UDP_SECONDS : MEDIA_SECONDS;
        try {
            caller.await(mediaCame, seconds);
        } catch (TimeoutException _) {
            String reason = "no media within %d s".formatted(seconds);
            throw way == Way.UDP ? new WayException(reason + " by UDP") : new IOException(reason);
        }
        log.info("rtsp from {}: playing over {}", target, way);
        String reason = caller.awaitOver();
        if (!over) {
            throw new IOException(reason);
        }
    }

    /// Politely, but without waiting for the answer.
    private static void leave(RtspCaller caller, String all, boolean playing) {
        Connection connection = caller.connection();
        connection.execute(() -> {
            if (playing) {
                var _ = caller.tell("TEARDOWN", all);
            }
            connection.end("the pull ended");
        });
    }

    @Override
    public void packet(RtspMessage.Interleaved packet, long arrivalNanos) {
        MediaIntake made = intake;
        if (made != null) {
            made.interleaved(packet, arrivalNanos);
        }
    }

    @Override
    public void receivedAll() {
        MediaIntake made = intake;
        if (made != null) {
            made.receivedAll(System.nanoTime());
            endIfOver(made);
        }
    }

    private void endIfOver(MediaIntake made) {
        Connection on = connection;
        if (made.isOver() && on != null) {
            on.end(OVER);
        }
    }

    @Override
    public void writable() {}

    @Override
    public void swept(long nowNanos) {
        MediaIntake made = intake;
        Connection on = connection;
        KeepAlive alive = keepAlive;
        if (made == null || on == null || alive == null) {
            return;
        }
        // Until the first packet it is awaitEnd that waits.
        if (made.packets() > 0) {
            mediaCame.complete(true);
            if (nowNanos - made.lastMediaNanos() > MEDIA_SECONDS * 1_000_000_000L) {
                on.end("the server sent nothing for %d s".formatted(MEDIA_SECONDS));
                return;
            }
        }
        made.swept(nowNanos);
        alive.swept(nowNanos);
        endIfOver(made);
    }

    @Override
    public void ended(String reason) {
        ended = true;
        MediaIntake made = intake;
        if (made != null) {
            over = made.isOver();
            made.end();
            log.info("rtsp from {} ended: {} ({})", target, reason, made.summary());
        }
    }
}
