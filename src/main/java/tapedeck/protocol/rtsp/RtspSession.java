package tapedeck.protocol.rtsp;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.net.udp.PortPairs;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One peer's conversation, RFC 2326: requests, and then one stream that it publishes or plays. The RTSP session lives
/// as long as the connection that it was made on.
final class RtspSession implements Conversation {
    private static final String METHODS =
            "OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, PAUSE, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN";
    private static final String NEVER_BEGAN = "neither RECORD nor PLAY within 30 s";
    private static final Logger log = LoggerFactory.getLogger(RtspSession.class);

    private final Connection connection;
    private final Streams streams;
    private final RtspEntrance entrance;
    private final MediaPaths paths;
    private final SecureRandom random;
    private final RtspDecoder decoder = new RtspDecoder(this::message);
    private final InterleavedBatch interleaved;
    private final Deque<RtspMessage.Request> pipelined = new ArrayDeque<>();
    private final SetupDeadline setup;
    private final String sessionId;
    private State state = new State.Idle();
    private boolean spoken;
    private boolean setUp;
    private boolean ended;
    private boolean mediaCame;
    private int requestsInSweep;
    private long receivedNanos = System.nanoTime();
    private long lastSignNanos = receivedNanos;

    RtspSession(
            Connection connection,
            Streams streams,
            Rights rights,
            PortPairs ports,
            PortShares shares,
            SecureRandom random) {
        this.connection = connection;
        this.streams = streams;
        this.entrance = new RtspEntrance(connection, rights, random);
        this.random = random;
        this.interleaved = new InterleavedBatch(connection);
        this.paths = new MediaPaths(connection, interleaved, ports, shares);
        this.setup = new SetupDeadline(connection.openedNanos());
        // RFC 2326 3.4: at least eight octets that nobody guesses.
        byte[] id = new byte[8];
        random.nextBytes(id);
        this.sessionId = HexFormat.of().formatHex(id);
    }

    @Override
    public void received(ByteBuf bytes) {
        receivedNanos = System.nanoTime();
        decoder.decode(bytes);
    }

    @Override
    public void receivedAll() {
        if (mediaCame && state instanceof State.Publishing(RtspPublishing publishing, boolean _)) {
            mediaCame = false;
            publishing.intake().receivedAll(System.nanoTime());
        }
    }

    @Override
    public void writable() {
        if (state instanceof State.Playing(RtspPlaying playing)) {
            playing.drain();
        }
    }

    @Override
    public void swept(long nowNanos) {
        requestsInSweep = 0;
        switch (state) {
            case State.Idle() -> {
                if (!spoken && nowNanos - connection.openedNanos() > RtspLimits.FIRST_REQUEST_NANOS) {
                    connection.end("no request within 10 s");
                } else {
                    endIf(setup.isOver(nowNanos), NEVER_BEGAN);
                }
            }
            case State.Waiting(long sinceNanos) -> {
                endIf(
                        nowNanos - sinceNanos > RtspLimits.WAITING_NANOS,
                        "whether the peer may was not known within 90 s");
                // Nor does a peer stay that asks again and again.
                endIf(setup.isOver(nowNanos - RtspLimits.WAITING_NANOS), NEVER_BEGAN);
            }
            case State.Publishing(RtspPublishing publishing, boolean recording) -> {
                if (!recording) {
                    endIf(setup.isOver(nowNanos), "no RECORD within 30 s");
                } else if (nowNanos - publishing.intake().lastMediaNanos() > RtspLimits.IDLE_NANOS) {
                    connection.end("the publisher sent nothing for 10 s");
                } else {
                    publishing.intake().swept(nowNanos);
                }
            }
            case State.Playing(RtspPlaying playing) -> {
                if (playing.isPlaying()) {
                    boolean gone = playing.isByDatagrams() && nowNanos - lastSignNanos > RtspLimits.TIMEOUT_NANOS;
                    endIf(gone, "no sign of life within %d s".formatted(RtspLimits.TIMEOUT_SECONDS));
                    playing.swept(nowNanos);
                } else if (setup.isMet()) {
                    // It pauses.
                    boolean gone = nowNanos - lastSignNanos > RtspLimits.TIMEOUT_NANOS;
                    endIf(gone, "no PLAY within %d s".formatted(RtspLimits.TIMEOUT_SECONDS));
                } else {
                    endIf(setup.isOver(nowNanos), "no PLAY within 30 s");
                }
            }
        }
    }

    private void endIf(boolean due, String reason) {
        if (due) {
            connection.end(reason);
        }
    }

    @Override
    public void ended(String reason) {
        ended = true;
        pipelined.clear();
        String what = stop(reason);
        log.info("rtsp {}:{} ended: {}", connection.peer(), what, reason);
    }

    /// Ends the stream of this connection, if it has one, and returns what it was.
    private String stop(String reason) {
        State old = state;
        state = new State.Idle();
        return switch (old) {
            case State.Publishing(RtspPublishing publishing, boolean _) -> {
                publishing.end(reason);
                yield publishing.summary();
            }
            case State.Playing(RtspPlaying playing) -> {
                playing.end(reason);
                yield playing.summary();
            }
            case State.Idle _, State.Waiting _ -> "";
        };
    }

    private void message(RtspMessage message) {
        if (ended) {
            // What was behind the message that ended it.
            return;
        }
        switch (message) {
            case RtspMessage.Interleaved packet -> packet(packet);
            case RtspMessage.Request request -> {
                if (++requestsInSweep > RtspLimits.MAX_REQUESTS_PER_SECOND) {
                    throw new MalformedException(
                            "RTSP: more than %d requests a second".formatted(RtspLimits.MAX_REQUESTS_PER_SECOND));
                }
                spoken = true;
                lastSignNanos = receivedNanos;
                if (state instanceof State.Waiting) {
                    wait(request);
                } else {
                    request(request);
                }
            }
            case RtspMessage.Answer _ -> {}
        }
    }

    private void packet(RtspMessage.Interleaved packet) {
        if (!setUp) {
            throw new MalformedException("RTSP: a packet before SETUP");
        }
        if (state instanceof State.Publishing(RtspPublishing publishing, boolean recording) && recording) {
            mediaCame = true;
            publishing.intake().interleaved(packet, receivedNanos);
        }
    }

    private void wait(RtspMessage.Request request) {
        if (pipelined.size() == RtspLimits.MAX_PIPELINED) {
            throw new MalformedException(
                    "RTSP: more than %d requests without an answer".formatted(RtspLimits.MAX_PIPELINED));
        }
        pipelined.add(request);
    }

    /// What waited is over: goes on with what came meanwhile.
    private void goOn() {
        while (!ended && !(state instanceof State.Waiting) && !pipelined.isEmpty()) {
            request(pipelined.remove());
        }
    }

    private void request(RtspMessage.Request request) {
        if (request.header("cseq") == null) {
            throw new MalformedException("RTSP: %s without CSeq".formatted(request.method()));
        }
        if (!request.version().equals("1.0")) {
            reply(request, new RtspReply(505, "RTSP Version Not Supported"));
            return;
        }
        String said = request.header("session");
        boolean ours = said != null && setUp && said.split(";", 2)[0].strip().equals(sessionId);
        if (said != null && !ours) {
            reply(request, new RtspReply(454, "Session Not Found"));
            return;
        }
        try {
            switch (request.method()) {
                case "OPTIONS" -> reply(request, RtspReply.ok().with("Public", METHODS));
                case "GET_PARAMETER", "SET_PARAMETER" -> reply(request, RtspReply.ok());
                case "DESCRIBE", "ANNOUNCE" -> open(request);
                case "SETUP" -> setUp(request);
                case "RECORD", "PLAY", "PAUSE", "TEARDOWN" -> {
                    if (ours) {
                        control(request);
                    } else {
                        reply(request, new RtspReply(454, "Session Not Found"));
                    }
                }
                default -> reply(request, new RtspReply(501, "Not Implemented").with("Public", METHODS));
            }
        } catch (MalformedException e) {
            // One request's fault: the peer hears what is wrong with it.
            reply(request, new RtspReply(400, String.valueOf(e.getMessage())));
        }
    }

    private void control(RtspMessage.Request request) {
        switch (request.method()) {
            case "RECORD" -> record(request);
            case "PLAY" -> play(request);
            case "PAUSE" -> pause(request);
            default -> {
                reply(request, RtspReply.ok());
                String what = stop("TEARDOWN");
                log.info("rtsp {}:{} stopped", connection.peer(), what);
                setup.again(System.nanoTime());
                setUp = false;
            }
        }
    }

    private void reply(RtspMessage.Request request, RtspReply reply) {
        if (setUp) {
            reply.with("Session", "%s;timeout=%d".formatted(sessionId, RtspLimits.TIMEOUT_SECONDS));
        }
        if (reply.status() >= 400) {
            log.debug("rtsp {}: {} {} {}", connection.peer(), request.method(), reply.status(), reply.reason());
        }
        interleaved.flush();
        String sequence = request.header("cseq");
        Bytes bytes = reply.toBytes(sequence == null ? "0" : sequence);
        connection.send(connection.buffer(bytes.length()).writeBytes(bytes.asByteBuffer()));
    }

    private void notNow(RtspMessage.Request request) {
        reply(request, new RtspReply(455, "Method Not Valid in This State"));
    }

    /// `DESCRIBE` and `ANNOUNCE` say which stream it is about, and so both ask for rights.
    private void open(RtspMessage.Request request) {
        if (!(state instanceof State.Idle)
                && !(state instanceof State.Playing(RtspPlaying playing)
                        && !playing.isSetUp()
                        && request.method().equals("DESCRIBE"))) {
            notNow(request);
            return;
        }
        stop("described again");
        boolean publish = request.method().equals("ANNOUNCE");
        RtspAddress address = RtspAddress.parse(request.uri());
        SessionDescription announced =
                publish ? SessionDescription.parse(request.body().toUtf8()) : null;
        StreamName name = announced == null
                ? address.played(wanted -> streams.find(wanted).isPresent())
                : address.published(announced.name());
        Request.Action action = publish ? Request.Action.PUBLISH : Request.Action.PLAY;
        if (entrance.isFree(action)) {
            opened(request, name, announced, "");
            return;
        }
        state = new State.Waiting(System.nanoTime());
        try {
            entrance.ask(
                    action,
                    name,
                    request,
                    login -> {
                        state = new State.Idle();
                        opened(request, name, announced, login);
                        goOn();
                    },
                    refusal -> {
                        state = new State.Idle();
                        reply(request, refusal);
                        goOn();
                    });
        } catch (MalformedException e) {
            state = new State.Idle();
            throw e;
        }
    }

    private void opened(
            RtspMessage.Request request, StreamName name, @Nullable SessionDescription announced, String login) {
        setup.allowed(System.nanoTime());
        if (announced != null) {
            announce(request, name, announced, login);
        } else {
            describe(request, name, 0);
        }
    }

    private void announce(RtspMessage.Request request, StreamName name, SessionDescription description, String login) {
        if (streams.find(name).isPresent()) {
            reply(request, RtspRefusal.taken(name));
            return;
        }
        try {
            List<AnnouncedTrack> tracks = AnnouncedTrack.of(description);
            RtspPublishing publishing = new RtspPublishing(connection, name, login, tracks, random);
            state = new State.Publishing(publishing, false);
            reply(request, RtspReply.ok());
        } catch (AnnouncedTrack.UnsupportedException e) {
            log.info("rtsp {}: \"{}\" is refused: {}", connection.peer(), name, e.getMessage());
            reply(request, new RtspReply(415, "Unsupported Media Type: " + e.getMessage()));
        }
    }

    /// A stream that has just begun tells its tracks with its first frames: they are waited for a little, but for those
    /// that its publisher has described.
    private void describe(RtspMessage.Request request, StreamName name, int looks) {
        Optional<Stream> found = streams.find(name);
        if (found.isEmpty()) {
            reply(request, new RtspReply(404, "Not Found: nobody publishes \"%s\"".formatted(name)));
            return;
        }
        Stream stream = found.get();
        if (looks < RtspLimits.MAX_LOOKS && !stream.isDescribed()) {
            state = new State.Waiting(System.nanoTime());
            connection.executeAfter(RtspLimits.LOOK_NANOS, () -> {
                state = new State.Idle();
                describe(request, name, looks + 1);
                goOn();
            });
            return;
        }
        List<OfferedTrack> tracks = OfferedTrack.of(stream);
        if (tracks.isEmpty()) {
            reply(request, RtspRefusal.nothingFits(stream));
            return;
        }
        RtspPlaying playing = RtspPlaying.viewer(connection, stream, tracks);
        state = new State.Playing(playing);
        RtspReply described = playing.described(RtspAddress.base(request.uri()));
        String leftOut = OfferedTrack.leftOut(stream, tracks);
        reply(request, leftOut.isEmpty() ? described : described.with("Left-Out", leftOut));
    }

    private void setUp(RtspMessage.Request request) {
        String header = request.header("transport");
        if (header == null) {
            throw new MalformedException("SETUP without Transport");
        }
        Optional<TransportHeader> offer = TransportHeader.best(header);
        // What a TLS connection is for does not go beside it.
        if (offer.isEmpty() || connection.isSecure() && !offer.get().tcp()) {
            reply(request, new RtspReply(461, "Unsupported Transport"));
            return;
        }
        switch (state) {
            case State.Publishing(RtspPublishing publishing, boolean recording)
            when !recording -> {
                MediaIntake intake = publishing.intake();
                List<String> controls =
                        intake.tracks().stream().map(AnnouncedTrack::control).toList();
                int index = RtspTarget.index(request.uri(), controls, intake::isSetUp);
                if (index < 0 || intake.isSetUp(index)) {
                    reply(request, new RtspReply(index < 0 ? 404 : 455, "No such track to set up"));
                    return;
                }
                MediaPath path = path(request, offer.get(), intake.inbox(index));
                if (path != null) {
                    intake.setUp(index, path);
                    setUpDone(request, path.header() + ";mode=record");
                }
            }
            case State.Playing(RtspPlaying playing)
            when !playing.isPlaying() -> {
                if (offer.get().record()) {
                    notNow(request);
                    return;
                }
                List<OfferedTrack> tracks = playing.tracks();
                List<String> controls =
                        tracks.stream().map(OfferedTrack::control).toList();
                int index = RtspTarget.index(
                        request.uri(), controls, i -> tracks.get(i).isSetUp());
                if (index < 0) {
                    reply(request, new RtspReply(404, "No such track"));
                    return;
                }
                MediaPath path = path(request, offer.get(), UdpPath.Inbox.signs(this::sign));
                if (path != null) {
                    setUpDone(request, tracks.get(index).setUp(path));
                }
            }
            case State.Idle _, State.Waiting _, State.Publishing _, State.Playing _ -> notNow(request);
        }
    }

    private void setUpDone(RtspMessage.Request request, String transport) {
        setUp = true;
        reply(request, RtspReply.ok().with("Transport", transport));
    }

    /// A player's reports say that it is there.
    private void sign() {
        lastSignNanos = System.nanoTime();
    }

    /// Null if it was refused.
    private @Nullable MediaPath path(RtspMessage.Request request, TransportHeader offer, UdpPath.Inbox inbox) {
        try {
            return paths.open(offer, inbox);
        } catch (IOException e) {
            log.warn("rtsp {}: {}", connection.peer(), e.getMessage());
            reply(request, new RtspReply(453, "Not Enough Bandwidth: " + e.getMessage()));
            return null;
        }
    }

    private void record(RtspMessage.Request request) {
        if (!(state instanceof State.Publishing announced)
                || !announced.publishing().intake().isSetUp()) {
            notNow(request);
            return;
        }
        RtspPublishing publishing = announced.publishing();
        try {
            publishing.record(streams);
        } catch (NameTakenException e) {
            reply(request, RtspRefusal.taken(publishing.name()));
            return;
        }
        state = new State.Publishing(publishing, true);
        setup.met();
        log.info("rtsp {}: publishing \"{}\"", connection.peer(), publishing.name());
        reply(request, RtspReply.ok());
    }

    private void play(RtspMessage.Request request) {
        if (!(state instanceof State.Playing(RtspPlaying playing)) || !playing.isSetUp()) {
            notNow(request);
            return;
        }
        String position = playing.play(RtspAddress.base(request.uri()));
        setup.met();
        log.info("rtsp {}: playing \"{}\"", connection.peer(), playing.stream().name());
        reply(request, RtspReply.ok().with("Range", "npt=now-").with("RTP-Info", position));
        playing.drain();
    }

    private void pause(RtspMessage.Request request) {
        if (state instanceof State.Playing(RtspPlaying playing)) {
            playing.pause();
        } else if (!(state instanceof State.Publishing publishing && publishing.recording())) {
            notNow(request);
            return;
        }
        // RFC 2326 A.2: of a publisher nothing comes until it says RECORD again, and not for long.
        reply(request, RtspReply.ok());
    }
}
