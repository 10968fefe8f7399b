package tapedeck.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// A [Connection] without a socket: its bytes come and go in the requests and answers of another protocol. What waits
/// for the peer is bounded as on a socket: a conversation hears that nothing more can be written, and when it can.
///
/// For any thread.
public final class Tunnel {
    /// Bytes that wait for a peer before [Connection#isWritable()] says no.
    static final int MAX_WAITING_BYTES = 512 * 1024;

    private static final int RESUME_WAITING_BYTES = 128 * 1024;

    private final TunnelChannel channel;
    private final EventLoop loop;
    private final Connection connection;

    private Tunnel(TunnelChannel channel, EventLoop loop, Connection connection) {
        this.channel = channel;
        this.loop = loop;
        this.connection = connection;
    }

    /// Begins a conversation.
    ///
    /// @param peer who it is with
    /// @param secure whether nobody listens
    public static Tunnel open(
            EventLoops loops, InetSocketAddress peer, boolean secure, Function<Connection, Conversation> protocol) {
        EventLoop loop = loops.group().next();
        TunnelChannel channel = new TunnelChannel(peer);
        CompletableFuture<Tunnel> opened = new CompletableFuture<>();
        loop.execute(() -> {
            Connection connection = new Connection(channel, loops.reads(loop), peer, secure, protocol);
            channel.pipeline().addLast(connection);
            var _ = loop.register(channel);
            opened.complete(new Tunnel(channel, loop, connection));
        });
        return opened.join();
    }

    /// Hands over what came from the peer, and takes what waits for it: also the last words of a conversation that is
    /// over.
    ///
    /// @param most so many bytes of what waits
    public Bytes exchange(Bytes received, int most) {
        CompletableFuture<Bytes> answer = new CompletableFuture<>();
        try {
            loop.execute(() -> {
                // Who only asks has not been heard.
                if (channel.isOpen() && !received.isEmpty()) {
                    channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(received.toByteArray()));
                    channel.pipeline().fireChannelReadComplete();
                }
                answer.complete(channel.take(most));
            });
        } catch (RejectedExecutionException e) {
            // The event loops have ended, and so has this.
            return Bytes.EMPTY;
        }
        return answer.join();
    }

    /// Whether the conversation goes on, or has last words.
    public boolean isOpen() {
        return channel.isOpen();
    }

    /// Runs the task when this time has passed, if the tunnel is still there.
    public void after(long nanos, Runnable task) {
        var _ = loop.schedule(
                () -> {
                    if (channel.isOpen()) {
                        task.run();
                    }
                },
                nanos,
                TimeUnit.NANOSECONDS);
    }

    /// Ends the conversation; what still waits for the peer is dropped. Again without effect.
    public void close(String reason) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            loop.execute(() -> {
                connection.end(reason);
                var _ = channel.close();
                done.complete(null);
            });
            done.join();
        } catch (RejectedExecutionException e) {
            // The event loops have ended, and so has this.
        }
    }

    /// Keeps what is written until somebody takes it.
    private static final class TunnelChannel extends AbstractChannel {
        private static final ChannelMetadata METADATA = new ChannelMetadata(false);

        private final InetSocketAddress peer;
        private final ChannelConfig config = new DefaultChannelConfig(this);
        private volatile boolean open = true;

        TunnelChannel(InetSocketAddress peer) {
            super(null);
            this.peer = peer;
            config.setWriteBufferWaterMark(new WriteBufferWaterMark(RESUME_WAITING_BYTES, MAX_WAITING_BYTES));
        }

        Bytes take(int most) {
            ChannelOutboundBuffer waiting = unsafe().outboundBuffer();
            if (waiting == null) {
                return Bytes.EMPTY;
            }
            ByteWriter out = new ByteWriter();
            while (waiting.current() instanceof ByteBuf bytes) {
                int count = Math.min(bytes.readableBytes(), most - out.length());
                if (count == 0 && bytes.isReadable()) {
                    break;
                }
                byte[] part = new byte[count];
                bytes.getBytes(bytes.readerIndex(), part);
                out.bytes(part);
                // Nothing at all is taken too: the last of a conversation.
                waiting.removeBytes(count);
            }
            return out.toBytes();
        }

        @Override
        protected AbstractUnsafe newUnsafe() {
            return new AbstractUnsafe() {
                @Override
                public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
                    promise.setFailure(new UnsupportedOperationException("it is connected"));
                }
            };
        }

        @Override
        protected boolean isCompatible(EventLoop eventLoop) {
            return true;
        }

        @Override
        protected SocketAddress localAddress0() {
            return new InetSocketAddress(0);
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return peer;
        }

        @Override
        protected void doBind(SocketAddress local) throws ClosedChannelException {
            throw new ClosedChannelException();
        }

        @Override
        protected void doDisconnect() {
            doClose();
        }

        @Override
        protected void doClose() {
            open = false;
        }

        /// It comes when it comes.
        @Override
        protected void doBeginRead() {}

        /// It is taken.
        @Override
        protected void doWrite(ChannelOutboundBuffer in) {}

        @Override
        public ChannelConfig config() {
            return config;
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public boolean isActive() {
            return open;
        }

        @Override
        public ChannelMetadata metadata() {
            return METADATA;
        }
    }
}
