package tapedeck.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;

/// One TCP connection of a peer, or what stands for one ([Tunnel]). It reads at once, or together with all others of
/// its event loop on the loop's tick ([#paced]); what it reads lies in the loop's one buffer.
///
/// All methods are for the event loop alone, [#execute] and [#executeAfter] excepted.
public final class Connection extends ChannelInboundHandlerAdapter {
    /// How long the peer has to take the last words after [#end], and to close its side.
    static final long LINGER_NANOS = 2_000_000_000L;

    /// One read of a connection with TLS.
    static final int SECURE_READ_BYTES = 32 * 1024;

    private static final String CLOSED = "the peer closed the connection";
    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    private final Channel channel;
    private final LoopReads loop;
    private final String peer;
    private final InetSocketAddress address;
    private final Conversation conversation;
    private final long openedNanos = System.nanoTime();
    private long lastReadNanos = openedNanos;
    private long endedNanos;
    private final boolean secure;
    private boolean paced;
    private boolean ended;
    private boolean gone;

    /// @param remote null where the peer was gone before it was accepted
    /// @param secure whether a handler of TLS stands in front of this
    Connection(
            Channel channel,
            LoopReads loop,
            @Nullable InetSocketAddress remote,
            boolean secure,
            Function<Connection, Conversation> protocol) {
        this.channel = channel;
        this.loop = loop;
        this.secure = secure;
        this.peer = remote == null ? "unknown" : remote.getAddress().getHostAddress() + ":" + remote.getPort();
        this.address = remote == null ? new InetSocketAddress(0) : remote;
        this.conversation = protocol.apply(this);
    }

    /// Address and port of the peer.
    public String peer() {
        return peer;
    }

    /// The peer's address alone; the one of nobody where the peer is gone already.
    public InetAddress address() {
        return address.getAddress();
    }

    /// The same with the port.
    public InetSocketAddress remoteAddress() {
        return address;
    }

    /// Our own address on this connection.
    public InetAddress localAddress() {
        return channel.localAddress() instanceof InetSocketAddress local
                ? local.getAddress()
                : new InetSocketAddress(0).getAddress();
    }

    /// The loop that everything of this peer runs on.
    public EventLoop loop() {
        return channel.eventLoop();
    }

    public long openedNanos() {
        return openedNanos;
    }

    /// When bytes came last.
    public long lastReadNanos() {
        return lastReadNanos;
    }

    /// Whether more bytes may be sent without growing the queue beyond its bound.
    public boolean isWritable() {
        return channel.isWritable();
    }

    /// An empty buffer for [#send].
    public ByteBuf buffer(int capacity) {
        return channel.alloc().directBuffer(capacity);
    }

    /// Sends the bytes with one system call, as far as the peer's window lets it. Takes over the buffer.
    public void send(ByteBuf bytes) {
        var _ = channel.writeAndFlush(bytes, channel.voidPromise());
    }

    /// Runs the task on this connection's event loop, after what runs there now; from any thread. A task that comes
    /// after the end is dropped.
    public void execute(Runnable task) {
        try {
            channel.eventLoop().execute(() -> {
                if (!ended) {
                    guarded(task);
                }
            });
        } catch (RejectedExecutionException e) {
            // The event loops have ended, and so has this.
            log.debug("{}", peer, e);
        }
    }

    /// Runs the task now, on this connection's event loop, as one of the conversation: what it throws ends the
    /// conversation as it would there. For what comes to the peer's other sockets.
    public void run(Runnable task) {
        if (!ended) {
            guarded(task);
        }
    }

    /// As [#execute], later.
    public void executeAfter(long nanos, Runnable task) {
        try {
            var _ = channel.eventLoop().schedule(() -> execute(task), nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("{}", peer, e);
        }
    }

    /// True reads on the loop's tick from now on, false as soon as bytes come.
    public void paced(boolean tick) {
        if (paced == tick || ended) {
            return;
        }
        paced = tick;
        channel.config().setAutoRead(!tick);
        if (tick) {
            loop.paced().add(this);
        } else {
            loop.paced().remove(this);
        }
    }

    boolean isPaced() {
        return paced;
    }

    /// Whether it was the peer, or the network, that ended it.
    public boolean isGone() {
        return gone;
    }

    /// Whether nobody listens.
    public boolean isSecure() {
        return secure;
    }

    Channel channel() {
        return channel;
    }

    /// Ends the conversation now. What was sent still reaches the peer, if it takes it within [#LINGER_NANOS].
    public void end(String reason) {
        if (ended) {
            return;
        }
        paced(false);
        ended = true;
        endedNanos = System.nanoTime();
        guarded(() -> conversation.ended(reason));
        if (channel.isActive()) {
            // Not close(): with bytes of the peer unread the kernel would send a reset, which overtakes our last words.
            SslHandler tls = channel.pipeline().get(SslHandler.class);
            var last = tls == null ? channel.writeAndFlush(Unpooled.EMPTY_BUFFER) : tls.closeOutbound();
            var _ = last.addListener(_ -> {
                var _ = channel instanceof DuplexChannel socket ? socket.shutdownOutput() : channel.close();
            });
        }
    }

    /// One part of what is there; the buffer stays the caller's.
    void receive(ByteBuf bytes) {
        if (ended) {
            return;
        }
        lastReadNanos = System.nanoTime();
        guarded(() -> conversation.received(bytes));
    }

    void receivedAll() {
        if (!ended) {
            guarded(conversation::receivedAll);
        }
    }

    void sweep(long nowNanos) {
        if (!ended) {
            guarded(() -> conversation.swept(nowNanos));
        } else if (nowNanos - endedNanos > LINGER_NANOS) {
            var _ = channel.close();
        }
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (MalformedException e) {
            end(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            log.error("{}: a bug ends this connection", peer(), e);
            end("internal error");
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        loop.add(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            receive(bytes);
        } finally {
            bytes.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        receivedAll();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (!ended && channel.isWritable()) {
            guarded(conversation::writable);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        loop.remove(this);
        gone |= !ended;
        end(CLOSED);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, @Nullable Throwable cause) {
        lost(cause);
    }

    /// The peer closed its side.
    void lost() {
        gone |= !ended;
        end(CLOSED);
        var _ = channel.close();
    }

    /// The connection broke.
    void lost(@Nullable Throwable cause) {
        if (cause instanceof DecoderException && cause.getCause() instanceof IOException) {
            // Not its message: it quotes what came, which may be a password in plain.
            end("no TLS, or none that is spoken here");
            var _ = channel.close();
            return;
        }
        if (cause instanceof IOException) {
            gone |= !ended;
        } else {
            log.error("{}: a bug ends this connection", peer(), cause);
        }
        end(cause instanceof IOException io ? "connection lost: " + io.getMessage() : "internal error");
        var _ = channel.close();
    }
}
