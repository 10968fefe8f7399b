package tapedeck.protocol.rtmp;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.relay.RelayRefusedException;

/// Our side of a conversation with another server: handshake, commands, and then one stream that is fetched or sent.
final class RtmpClientSession implements Conversation {
    /// From the connection to the first picture asked for or the publishing allowed.
    static final long COMMANDS_NANOS = 15_000_000_000L;

    static final int CONNECT = 1;
    static final int RELEASE = 2;
    static final int FC_PUBLISH = 3;
    static final int CREATE = 4;
    static final int PUBLISH = 5;
    static final int FC_UNPUBLISH = 6;
    static final int DELETE = 7;

    private static final String VERSION = "FMLE/3.0 (compatible; Tapedeck)";
    /// Sound and video codecs that a player of FLV knows, 7.2.1.1.
    private static final double ALL_SOUNDS = 0x0FFF;

    private static final double ALL_VIDEOS = 0x00FF;
    private static final double CAPABILITIES = 239;

    private enum State {
        GREETING,
        CONNECTING,
        CREATING,
        ASKING,
        TRANSFERRING
    }

    private final Connection connection;
    private final RtmpAddress address;
    private final SecureRandom random;
    private final ChunkDecoder decoder = new ChunkDecoder(this::message);
    private final ChunkEncoder encoder = new ChunkEncoder();
    private final RtmpReplies replies;
    private final Acknowledgements acknowledgements = new Acknowledgements();
    private final RtmpClientHandshake handshake = new RtmpClientHandshake();
    private final RtmpTransfer transfer;
    private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    private State state = State.GREETING;
    private boolean ended;

    /// Makes what is done with the stream.
    interface Transfers {
        RtmpTransfer of(Connection connection, RtmpReplies replies, ChunkEncoder encoder, RtmpTransfer.End end);
    }

    RtmpClientSession(Connection connection, RtmpAddress address, SecureRandom random, Transfers transfers) {
        this.connection = connection;
        this.address = address;
        this.replies = new RtmpReplies(connection, encoder);
        this.transfer = transfers.of(connection, replies, encoder, this::over);
        this.random = random;
    }

    /// As soon as the connection is there; from any thread.
    void greet() {
        connection.execute(() -> {
            replies.raw(RtmpClientHandshake.first(random));
            replies.flush();
        });
    }

    /// Completes when the stream is over; exceptionally, with an [IOException], when that is not why it ended.
    CompletableFuture<@Nullable Void> done() {
        return done;
    }

    /// Somebody ended it; from any thread.
    void leave() {
        connection.execute(() -> over(null));
    }

    private void over(@Nullable RelayRefusedException refused) {
        if (refused != null) {
            done.completeExceptionally(refused);
        } else {
            done.complete(null);
        }
        transfer.leave(replies);
        replies.flush();
        connection.end(refused == null ? "over" : String.valueOf(refused.getMessage()));
    }

    @Override
    public void received(ByteBuf bytes) {
        acknowledgements.received(bytes.readableBytes());
        if (state == State.GREETING) {
            byte[] last = handshake.receive(bytes);
            if (last != null) {
                replies.raw(last);
            }
            if (!handshake.receiveLast(bytes)) {
                return;
            }
            state = State.CONNECTING;
            connect();
        }
        decoder.decode(bytes);
    }

    private void connect() {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("app", address.app());
        properties.put("type", "nonprivate");
        properties.put("flashVer", VERSION);
        properties.put("tcUrl", address.tcUrl());
        if (transfer.plays()) {
            properties.put("fpad", false);
            properties.put("capabilities", CAPABILITIES);
            properties.put("audioCodecs", ALL_SOUNDS);
            properties.put("videoCodecs", ALL_VIDEOS);
            properties.put("videoFunction", 1.0);
        }
        properties.put("fourCcList", RtmpReplies.FOUR_CCS);
        replies.call(0, "connect", CONNECT, properties);
        replies.chunkSize();
    }

    @Override
    public void receivedAll() {
        acknowledgements.acknowledge(replies);
        replies.flush();
    }

    private void message(int type, int streamId, int timestampMillis, Bytes body) {
        if (ended) {
            return;
        }
        switch (RtmpMessage.parse(type, streamId, timestampMillis, body)) {
            case RtmpMessage.Published published -> {
                if (state == State.ASKING && transfer.plays()) {
                    // Not every server says that it starts.
                    state = State.TRANSFERRING;
                }
                transfer.receive(published);
            }
            case RtmpMessage.Command command -> command(command);
            case RtmpMessage.WindowSize window -> acknowledgements.window(window.windowBytes());
            case RtmpMessage.Ping ping -> replies.userControl(RtmpMessage.PING_RESPONSE, ping.time());
            case RtmpMessage.StreamEnd _ -> transfer.streamEnded();
            case RtmpMessage.Ignored _ -> {}
        }
    }

    private void command(RtmpMessage.Command command) {
        try {
            switch (command.name()) {
                case "_result" -> result((int) command.transaction(), command.arguments());
                case "_error" -> error((int) command.transaction(), command.argument(1));
                case "onStatus" -> status(command.argument(1));
                case "close" -> connection.end("the server closes");
                // onFCPublish, onBWDone and the like
                default -> {}
            }
        } catch (RelayRefusedException e) {
            over(e);
        }
    }

    private void result(int transaction, List<@Nullable Object> arguments) throws RelayRefusedException {
        if (transaction == CONNECT && state == State.CONNECTING) {
            state = State.CREATING;
            Object properties = arguments.isEmpty() ? null : arguments.getFirst();
            transfer.connected(replies, FourCcs.of(properties));
        } else if (transaction == CREATE && state == State.CREATING) {
            if (arguments.size() < 2 || !(arguments.get(1) instanceof Double id)) {
                throw new MalformedException("RTMP: createStream without a stream");
            }
            state = State.ASKING;
            transfer.created(replies, id.intValue());
        }
    }

    /// Of what encoders say by habit nobody minds an error.
    private void error(int transaction, @Nullable Object status) throws RelayRefusedException {
        switch (transaction) {
            case CONNECT -> {
                String description = words(status);
                if (AdobeAuthentication.isAsked(description)) {
                    done.completeExceptionally(new AdobeAuthentication.AskedException(description));
                    connection.end("the server asks who we are");
                    return;
                }
                throw new RelayRefusedException("the server refused the connection: " + description);
            }
            case CREATE, PUBLISH -> fail("the server refused the stream: " + words(status));
            default -> {}
        }
    }

    private void status(@Nullable Object status) throws RelayRefusedException {
        String code = text(status, "code");
        if (text(status, "level").equals("error") || code.endsWith(".Failed") || code.endsWith(".StreamNotFound")) {
            String reason = "the server refused the stream: " + words(status);
            if (code.endsWith(".Denied") || code.contains("Unauthorized")) {
                throw new RelayRefusedException(reason);
            }
            fail(reason);
            return;
        }
        if (state == State.ASKING && code.endsWith(".Start")) {
            state = State.TRANSFERRING;
        }
        transfer.status(code);
    }

    /// May be better next time.
    private void fail(String reason) {
        done.completeExceptionally(new IOException(reason));
        connection.end(reason);
    }

    private static String words(@Nullable Object status) {
        String code = text(status, "code");
        String description = text(status, "description");
        return description.isEmpty() ? code : code.isEmpty() ? description : code + ": " + description;
    }

    private static String text(@Nullable Object status, String property) {
        return status instanceof Map<?, ?> map && map.get(property) instanceof String text ? text : "";
    }

    @Override
    public void writable() {
        transfer.writable();
    }

    @Override
    public void swept(long nowNanos) {
        String stalled = switch (state) {
            case GREETING, CONNECTING, CREATING, ASKING ->
                nowNanos - connection.openedNanos() > COMMANDS_NANOS
                        ? "the server did not get to the stream within 15 s"
                        : null;
            case TRANSFERRING -> transfer.swept(nowNanos);
        };
        if (stalled != null) {
            fail(stalled);
        }
    }

    @Override
    public void ended(String reason) {
        ended = true;
        replies.flush();
        transfer.close();
        done.completeExceptionally(new IOException(reason));
    }
}
