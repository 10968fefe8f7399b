package tapedeck.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.net.tls.ServerTls;

/// Listens on one TCP port and gives every connection its conversation.
public final class TcpServer implements AutoCloseable {
    /// Bytes that wait for a peer before [Connection#isWritable()] says no.
    static final int MAX_WAITING_BYTES = 1024 * 1024;

    /// A peer that does not acknowledge what was sent for so long is gone, RFC 5482.
    static final int UNACKNOWLEDGED_MILLIS = 30_000;

    /// More connections than these are closed at once: descriptors are left for the recordings.
    static final int MAX_CONNECTIONS = 8_192;

    private static final Logger log = LoggerFactory.getLogger(TcpServer.class);
    private static final long REFUSAL_LOG_NANOS = 1_000_000_000L;
    static final int RESUME_WAITING_BYTES = 256 * 1024;
    private static final int BACKLOG = 1024;
    private static final long CLOSE_SECONDS = 5;

    private final Channel listening;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final AtomicLong refusedNanos = new AtomicLong(System.nanoTime() - REFUSAL_LOG_NANOS);

    /// @param port 0 takes a free one
    /// @param protocol makes the conversation of a new connection, on its event loop
    public TcpServer(int port, EventLoops loops, Function<Connection, Conversation> protocol) {
        this(port, loops, Optional.empty(), protocol, MAX_CONNECTIONS);
    }

    /// @param tls empty for none
    public TcpServer(int port, EventLoops loops, Optional<ServerTls> tls, Function<Connection, Conversation> protocol) {
        this(port, loops, tls, protocol, MAX_CONNECTIONS);
    }

    TcpServer(
            int port,
            EventLoops loops,
            Optional<ServerTls> tls,
            Function<Connection, Conversation> protocol,
            int maxConnections) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops.group())
                .channel(loops.serverSocketChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(RESUME_WAITING_BYTES, MAX_WAITING_BYTES))
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        if (connections.size() >= maxConnections) {
                            refuse(channel);
                            return;
                        }
                        LoopReads reads = loops.reads(channel.eventLoop());
                        channel.config().setRecvByteBufAllocator(reads.allocator());
                        if (tls.isPresent()) {
                            // What is decrypted is kept over reads: it cannot lie in the loop's one buffer.
                            channel.config()
                                    .setRecvByteBufAllocator(
                                            new FixedRecvByteBufAllocator(Connection.SECURE_READ_BYTES));
                            channel.pipeline().addLast(tls.get().handler(channel.alloc()));
                        }
                        channel.pipeline()
                                .addLast(new Connection(
                                        channel, reads, channel.remoteAddress(), tls.isPresent(), protocol));
                        connections.add(channel);
                    }
                });
        listening = bootstrap
                .bind(new InetSocketAddress(port))
                .syncUninterruptibly()
                .channel();
    }

    public int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    private void refuse(Channel channel) {
        var _ = channel.close();
        long last = refusedNanos.get();
        long now = System.nanoTime();
        if (now - last >= REFUSAL_LOG_NANOS && refusedNanos.compareAndSet(last, now)) {
            log.warn("port {}: connections are refused, {} are open", port(), connections.size());
        }
    }

    /// Takes no more connections and ends those that are open; returns when all conversations have ended.
    @Override
    public void close() {
        listening.close().syncUninterruptibly();
        Channel[] channels = connections.toArray(Channel[]::new);
        CountDownLatch open = new CountDownLatch(channels.length);
        for (Channel channel : channels) {
            Connection connection = channel.pipeline().get(Connection.class);
            channel.eventLoop().execute(() -> {
                if (connection != null) {
                    connection.end("the server stops");
                }
                var _ = channel.close();
                open.countDown();
            });
        }
        try {
            open.await(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
