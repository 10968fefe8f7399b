package tapedeck.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/// Connects to other servers. From then on a [Connection] is one like those that came in.
public final class TcpClient {
    static final int CONNECT_MILLIS = 10_000;
    static final long HANDSHAKE_MILLIS = 10_000;

    private final EventLoops loops;

    /// @param loops that the connections live on
    public TcpClient(EventLoops loops) {
        this.loops = loops;
    }

    /// Blocks until the connection is there, with TLS until its handshake is done.
    ///
    /// @param target resolved: nothing is looked up here
    /// @param tls of our side, for this one connection; null for none
    /// @param protocol makes the conversation, on its event loop, before the connection is there
    /// @throws IOException saying why not
    public Connection connect(
            InetSocketAddress target, @Nullable SSLEngine tls, Function<Connection, Conversation> protocol)
            throws IOException, InterruptedException {
        AtomicReference<@Nullable Connection> made = new AtomicReference<>();
        AtomicReference<@Nullable SslHandler> secured = new AtomicReference<>();
        ChannelFuture connecting = bootstrap(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        LoopReads reads = loops.reads(channel.eventLoop());
                        channel.config().setRecvByteBufAllocator(reads.allocator());
                        if (tls != null) {
                            secured.set(secure(channel, tls));
                        }
                        Connection connection = new Connection(channel, reads, target, tls != null, protocol);
                        channel.pipeline().addLast(connection);
                        made.set(connection);
                    }
                })
                .connect(target);
        Channel channel = connecting.channel();
        try {
            await(connecting, "no connection");
            SslHandler handler = secured.get();
            if (handler != null) {
                await(handler.handshakeFuture(), "no TLS");
            }
        } catch (IOException | InterruptedException e) {
            var _ = channel.close();
            throw e;
        }
        Connection connection = made.get();
        if (connection == null) {
            throw new IllegalStateException("connected before it was made");
        }
        return connection;
    }

    private Bootstrap bootstrap(ChannelInitializer<SocketChannel> initializer) {
        return new Bootstrap()
                .group(loops.group())
                .channel(loops.socketChannel())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(TcpServer.RESUME_WAITING_BYTES, TcpServer.MAX_WAITING_BYTES))
                .handler(initializer);
    }

    private static SslHandler secure(SocketChannel channel, SSLEngine tls) {
        // What is decrypted is kept over reads: it cannot lie in the loop's one buffer.
        channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(Connection.SECURE_READ_BYTES));
        SslHandler handler = new SslHandler(tls);
        handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
        channel.pipeline().addLast(handler);
        return handler;
    }

    private static void await(Future<?> future, String what) throws IOException, InterruptedException {
        future.await();
        if (!future.isSuccess()) {
            Throwable cause = future.cause();
            throw new IOException("%s: %s".formatted(what, cause == null ? "given up" : cause.getMessage()), cause);
        }
    }
}
