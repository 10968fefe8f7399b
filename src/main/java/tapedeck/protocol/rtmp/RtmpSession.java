package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Carried;
import tapedeck.media.Codec;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.rights.Decision;
import tapedeck.rights.Request;
import tapedeck.rights.Rights;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// One peer's conversation: handshake, commands, and then one stream that it publishes or plays.
final class RtmpSession implements Conversation {
    /// From the connection to the end of the handshake.
    static final long HANDSHAKE_NANOS = 10_000_000_000L;
    /// From there, or from the end of the last stream, to a `publish` or `play`.
    static final long COMMANDS_NANOS = 30_000_000_000L;
    /// Whether a peer may publish or play is known long before.
    static final long RIGHTS_NANOS = 90_000_000_000L;
    /// A publisher that sends nothing for so long is gone.
    static final long IDLE_NANOS = 10_000_000_000L;
    /// So is one whose bytes do not add up to a message in this time.
    static final long STALLED_NANOS = 30_000_000_000L;
    /// A player that takes less than its window in this time is gone.
    static final long PLAYER_STALL_NANOS = 30_000_000_000L;
    /// The longest pause of a player.
    static final long PAUSE_NANOS = 600_000_000_000L;
    /// Commands and metadata in one second, from one sweep to the next; encoders send a dozen in all.
    static final int MAX_COMMANDS_PER_SECOND = 100;
    /// `createStream` on one connection.
    static final int MAX_STREAMS = 16;

    private static final Logger log = LoggerFactory.getLogger(RtmpSession.class);

    private sealed interface State {
        record Greeting(RtmpHandshake handshake) implements State {}

        /// @param sinceNanos when it began
        /// @param connected whether `connect` was said
        record Commanding(long sinceNanos, boolean connected) implements State {}

        /// @param sinceNanos when it was asked
        record Waiting(Asking asking, long sinceNanos) implements State {}

        record Publishing(RtmpPublishing publishing) implements State {}

        record Playing(RtmpPlaying playing) implements State {}
    }

    private final Connection connection;
    private final Streams streams;
    private final Rights rights;
    private final SecureRandom random;
    private final ChunkDecoder decoder = new ChunkDecoder(this::message);
    private final ChunkEncoder encoder = new ChunkEncoder();
    private final RtmpReplies replies;
    private State state;
    private Map<String, String> connectParameters = Map.of();
    private boolean ended;
    private int createdStreams;
    private int commandsInSweep;
    private long lastMessageNanos;
    private final Acknowledgements acknowledgements = new Acknowledgements();
    private FourCcs fourCcs = FourCcs.NONE;

    RtmpSession(Connection connection, Streams streams, Rights rights, SecureRandom random) {
        this.connection = connection;
        this.streams = streams;
        this.rights = rights;
        this.random = random;
        this.replies = new RtmpReplies(connection, encoder);
        this.state = new State.Greeting(new RtmpHandshake(random));
    }

    @Override
    public void received(ByteBuf bytes) {
        acknowledgements.received(bytes.readableBytes());
        if (state instanceof State.Greeting greeting) {
            byte[] answer = greeting.handshake().receive(bytes);
            if (answer != null) {
                replies.raw(answer);
            }
            if (!greeting.handshake().receiveLast(bytes)) {
                return;
            }
            state = new State.Commanding(System.nanoTime(), false);
        }
        decoder.decode(bytes);
    }

    @Override
    public void receivedAll() {
        acknowledgements.acknowledge(replies);
        replies.flush();
    }

    @Override
    public void writable() {
        if (state instanceof State.Playing playing) {
            playing.playing().drain();
        }
    }

    @Override
    public void swept(long nowNanos) {
        commandsInSweep = 0;
        switch (state) {
            case State.Greeting _ -> {
                if (nowNanos - connection.openedNanos() > HANDSHAKE_NANOS) {
                    connection.end("no handshake within 10 s");
                }
            }
            case State.Commanding commanding -> {
                if (nowNanos - commanding.sinceNanos() > COMMANDS_NANOS) {
                    connection.end("neither publish nor play within 30 s");
                }
            }
            case State.Waiting waiting -> {
                if (nowNanos - waiting.sinceNanos() > RIGHTS_NANOS) {
                    connection.end("whether the peer may was not known within 90 s");
                }
            }
            case State.Publishing _ -> {
                if (nowNanos - connection.lastReadNanos() > IDLE_NANOS) {
                    connection.end("the publisher sent nothing for 10 s");
                } else if (nowNanos - lastMessageNanos > STALLED_NANOS) {
                    connection.end("the publisher finished no message for 30 s");
                }
            }
            case State.Playing playing -> playing.playing().swept(nowNanos);
        }
    }

    @Override
    public void ended(String reason) {
        ended = true;
        replies.flush();
        switch (state) {
            case State.Publishing publishing -> {
                publishing.publishing().end(reason);
                log.info(
                        "rtmp {}: publishing \"{}\" ended: {}",
                        connection.peer(),
                        publishing.publishing().name(),
                        reason);
            }
            case State.Playing _ -> stopPlaying(reason);
            case State.Greeting _, State.Commanding _, State.Waiting _ ->
                log.info("rtmp {}: ended: {}", connection.peer(), reason);
        }
    }

    private void message(int type, int streamId, int timestampMillis, Bytes body) {
        if (ended) {
            // What was behind the message that ended it.
            return;
        }
        switch (RtmpMessage.parse(type, streamId, timestampMillis, body)) {
            case RtmpMessage.Published published -> published(published);
            case RtmpMessage.Command command -> {
                countCommand();
                command(command);
            }
            case RtmpMessage.WindowSize window -> acknowledgements.window(window.windowBytes());
            case RtmpMessage.Ping ping -> {
                countCommand();
                replies.userControl(RtmpMessage.PING_RESPONSE, ping.time());
            }
            case RtmpMessage.StreamEnd _, RtmpMessage.Ignored _ -> {}
        }
    }

    private void published(RtmpMessage.Published message) {
        if (message instanceof RtmpMessage.Data) {
            countCommand();
        }
        if (state instanceof State.Waiting(Asking asking, long _) && asking.streamId() == message.streamId()) {
            asking.keep(message);
            return;
        }
        publishedNow(message);
    }

    private void publishedNow(RtmpMessage.Published message) {
        if (!(state instanceof State.Publishing(RtmpPublishing publishing))
                || publishing.streamId() != message.streamId()) {
            return;
        }
        lastMessageNanos = connection.lastReadNanos();
        String unsupported = publishing.receive(message);
        if (unsupported != null) {
            String reason =
                    unsupported + " is not supported: H.264, H.265, VP8, VP9 or AV1, and AAC, Opus, MP3 or G.711, are";
            replies.onStatus(publishing.streamId(), "error", "NetStream.Publish.Failed", reason);
            connection.end(reason);
        }
    }

    private void countCommand() {
        if (++commandsInSweep > MAX_COMMANDS_PER_SECOND) {
            throw new MalformedException("RTMP: more than %d commands a second".formatted(MAX_COMMANDS_PER_SECOND));
        }
    }

    private void command(RtmpMessage.Command command) {
        if (command.name().equals("connect")) {
            connect(command);
            return;
        }
        if (state instanceof State.Commanding commanding && !commanding.connected()) {
            throw new MalformedException("RTMP: another command than connect first");
        }
        switch (command.name()) {
            case "createStream" -> createStream(command);
            case "publish" -> publish(command);
            case "play" -> play(command);
            case "pause", "pauseRaw" -> {
                if (state instanceof State.Playing(RtmpPlaying playing)
                        && playing.streamId() == command.streamId()
                        && command.argument(1) instanceof Boolean pause) {
                    playing.pause(pause);
                }
            }
            case "deleteStream" -> {
                if (command.argument(1) instanceof Double id) {
                    stop(id.intValue());
                }
            }
            case "closeStream" -> stop(command.streamId());
            case "FCUnpublish" -> {
                // Comes on the connection, not on the stream.
                if (state instanceof State.Publishing(RtmpPublishing publishing)) {
                    stop(publishing.streamId());
                }
                replies.result(command.transaction(), null, null);
            }
            case "releaseStream", "FCPublish", "FCSubscribe" -> replies.result(command.transaction(), null, null);
            // Of a live stream nobody knows.
            case "getStreamLength" -> replies.result(command.transaction(), null, 0.0);
            // Clients ask for much that no server has to know; none of them waits for an answer.
            default -> {}
        }
    }

    private void connect(RtmpMessage.Command command) {
        if (!(state instanceof State.Commanding commanding) || commanding.connected()) {
            throw new MalformedException("RTMP: connect twice");
        }
        Decision.Wait wait = rights.toldAtOnce(connection.address());
        if (wait != null) {
            replies.rejected(command.transaction(), Asking.sentence(wait));
            connection.end(wait.reason());
            return;
        }
        connectParameters = StreamRequest.ofConnect(command.argument(0));
        fourCcs = FourCcs.of(command.argument(0));
        state = new State.Commanding(System.nanoTime(), true);
        replies.connected(command.transaction(), command.argument(0));
    }

    private void createStream(RtmpMessage.Command command) {
        if (createdStreams == MAX_STREAMS) {
            throw new MalformedException("RTMP: more than %d streams on one connection".formatted(MAX_STREAMS));
        }
        replies.result(command.transaction(), null, ++createdStreams);
    }

    private void publish(RtmpMessage.Command command) {
        int streamId = command.streamId();
        StreamRequest request;
        try {
            request = StreamRequest.parse(command.argument(1));
        } catch (MalformedException e) {
            refuse(streamId, "NetStream.Publish.BadName", String.valueOf(e.getMessage()));
            return;
        }
        if (!(state instanceof State.Commanding)) {
            refuse(streamId, "NetStream.Publish.Failed", "This connection has a stream already.");
            return;
        }
        ask(new Asking(Request.Action.PUBLISH, streamId, request));
    }

    /// Goes on at once where everybody may.
    private void ask(Asking asking) {
        if (rights.isFree(asking.action())) {
            begin(asking, "");
            return;
        }
        state = new State.Waiting(asking, System.nanoTime());
        rights.ask(
                asking.question(connection.address(), connectParameters),
                decision -> connection.execute(() -> decided(asking, decision)));
    }

    private void decided(Asking asked, Decision decision) {
        if (ended || !(state instanceof State.Waiting(Asking asking, long _)) || asking != asked) {
            // The peer did not wait for it.
            return;
        }
        state = new State.Commanding(System.nanoTime(), true);
        switch (decision) {
            case Decision.Allowed(String login) -> begin(asking, login);
            case Decision.Refused refused -> refuse(asking.streamId(), asking.refusedCode(), Asking.sentence(refused));
        }
        replies.flush();
    }

    private void begin(Asking asking, String login) {
        switch (asking.action()) {
            case PUBLISH -> beginPublishing(asking, login);
            case PLAY -> beginPlaying(asking);
        }
    }

    private void beginPublishing(Asking asking, String login) {
        int streamId = asking.streamId();
        StreamRequest request = asking.request();
        RtmpPublishing publishing;
        try {
            publishing = new RtmpPublishing(connection, streams, request.name(), streamId, login, random);
        } catch (NameTakenException e) {
            refuse(streamId, "NetStream.Publish.BadName", String.valueOf(e.getMessage()));
            return;
        }
        state = new State.Publishing(publishing);
        lastMessageNanos = System.nanoTime();
        log.info("rtmp {}: publishing \"{}\"", connection.peer(), request.name());
        replies.userControl(RtmpMessage.STREAM_BEGIN, streamId);
        replies.onStatus(
                streamId, "status", "NetStream.Publish.Start", "\"%s\" is now published.".formatted(request.name()));
        for (RtmpMessage.Published message : asking.early()) {
            if (!ended) {
                publishedNow(message);
            }
        }
    }

    private void play(RtmpMessage.Command command) {
        int streamId = command.streamId();
        StreamRequest request;
        try {
            request = StreamRequest.parse(command.argument(1));
        } catch (MalformedException e) {
            refuse(streamId, "NetStream.Play.StreamNotFound", String.valueOf(e.getMessage()));
            return;
        }
        if (!(state instanceof State.Commanding)) {
            refuse(streamId, "NetStream.Play.Failed", "This connection has a stream already.");
            return;
        }
        ask(new Asking(Request.Action.PLAY, streamId, request));
    }

    private void beginPlaying(Asking asking) {
        int streamId = asking.streamId();
        StreamRequest request = asking.request();
        // At once, not after a wait: a player shows the error, and whoever wants to wait asks again.
        Optional<Stream> stream = streams.find(request.name());
        if (stream.isEmpty()) {
            refuse(streamId, "NetStream.Play.StreamNotFound", "Nobody publishes \"%s\".".formatted(request.name()));
            return;
        }
        Codec refused = RtmpOutput.refused(stream.get(), fourCcs);
        if (refused != null) {
            String reason = "RTMP cannot carry %s of \"%s\".".formatted(refused.name(), request.name());
            refuse(streamId, "NetStream.Play.Failed", reason);
            return;
        }
        replies.userControl(RtmpMessage.STREAM_BEGIN, streamId);
        replies.onStatus(streamId, "status", "NetStream.Play.Reset", "Resetting \"%s\".".formatted(request.name()));
        String missing = Carried.of(stream.get().tracks(), fourCcs::carries).missing();
        String playing = missing.isEmpty()
                ? "Playing \"%s\".".formatted(request.name())
                : "Playing \"%s\" without %s, which RTMP cannot carry.".formatted(request.name(), missing);
        replies.onStatus(streamId, "status", "NetStream.Play.Start", playing);
        replies.sampleAccess(streamId);
        log.info("rtmp {}: playing \"{}\"", connection.peer(), request.name());
        // The player closes the connection when it has shown the last frame, or plays something else.
        Runnable streamEnded = () -> stopPlaying("the stream ended");
        RtmpOutput output = new RtmpOutput(
                connection,
                replies,
                encoder,
                streamId,
                fourCcs,
                "",
                carried -> log.info("rtmp {}: without {}", connection.peer(), carried.missing()));
        state = new State.Playing(new RtmpPlaying(connection, replies, output, stream.get(), streamId, streamEnded));
    }

    private void refuse(int streamId, String code, String reason) {
        replies.onStatus(streamId, "error", code, reason);
        connection.end(reason);
    }

    /// `deleteStream`, `closeStream` or `FCUnpublish`: the connection stays for another stream.
    private void stop(int streamId) {
        switch (state) {
            case State.Publishing(RtmpPublishing publishing)
            when publishing.streamId() == streamId -> {
                publishing.end("unpublished");
                log.info("rtmp {}: publishing \"{}\" ended: unpublished", connection.peer(), publishing.name());
                replies.onStatus(
                        streamId,
                        "status",
                        "NetStream.Unpublish.Success",
                        "\"%s\" is no longer published.".formatted(publishing.name()));
                state = new State.Commanding(System.nanoTime(), true);
            }
            case State.Playing(RtmpPlaying playing)
            when playing.streamId() == streamId -> {
                playing.end();
                log.info("rtmp {}: playing \"{}\" ended: stopped", connection.peer(), playing.name());
                state = new State.Commanding(System.nanoTime(), true);
            }
            case State.Waiting(Asking asking, long _)
            when asking.streamId() == streamId -> state = new State.Commanding(System.nanoTime(), true);
            case State.Greeting _, State.Commanding _, State.Waiting _, State.Publishing _, State.Playing _ -> {}
        }
    }

    private void stopPlaying(String reason) {
        if (state instanceof State.Playing(RtmpPlaying playing)) {
            playing.end();
            log.info(
                    "rtmp {}: playing \"{}\" ended: {}; {} frames dropped",
                    connection.peer(),
                    playing.name(),
                    reason,
                    playing.droppedFrames());
            state = new State.Commanding(System.nanoTime(), true);
        }
    }
}
