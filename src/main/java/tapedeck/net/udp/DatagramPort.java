package tapedeck.net.udp;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.net.EventLoops;

/// One UDP port that many send to, or a multicast group. It is read in batches, and not more often than every
/// [#TURN_MILLIS]: a wake-up costs more than a datagram does. While nothing comes, nothing runs but the sweep.
public final class DatagramPort implements AutoCloseable {
    /// Between two turns; adds half of it to a stream's delay, on average.
    static final long TURN_MILLIS = 10;
    /// The longest that IP carries.
    static final int MAX_DATAGRAM_BYTES = 65_535;

    private static final Logger log = LoggerFactory.getLogger(DatagramPort.class);
    private static final int DATAGRAMS_PER_READ = 8;
    private static final int READS_PER_TURN = 64;
    /// What 200 streams of 4 Mbit/s send in 80 ms.
    private static final int RECEIVE_BUFFER_BYTES = 8 << 20;
    private static final long SWEEP_MILLIS = 1_000;

    /// Takes what comes, on the port's event loop.
    public interface Receiver {
        /// The buffer is used again when this returns.
        void received(InetSocketAddress sender, ByteBuf datagram);

        /// Called once a second.
        void swept(long nowNanos);
    }

    private final DatagramChannel channel;
    private final ScheduledFuture<?> sweep;

    /// Nothing is read before [#start()].
    ///
    /// @param address port 0 takes a free one; a multicast group receives only what is sent to it
    public DatagramPort(EventLoops loops, InetSocketAddress address, Receiver receiver) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loops.group())
                .channel(loops.datagramChannel())
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                .option(ChannelOption.AUTO_READ, false)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator((loops.epoll() ? DATAGRAMS_PER_READ : 1) * MAX_DATAGRAM_BYTES)
                                .maxMessagesPerRead(READS_PER_TURN))
                .handler(new Inbound(receiver));
        if (loops.epoll()) {
            bootstrap.option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM_BYTES);
        }
        if (address.getAddress() != null && address.getAddress().isMulticastAddress()) {
            // Others on this machine may listen to the same group.
            bootstrap.option(ChannelOption.SO_REUSEADDR, true);
        }
        channel =
                (DatagramChannel) bootstrap.bind(address).syncUninterruptibly().channel();
        ReceiveBuffer.enlarge(channel, RECEIVE_BUFFER_BYTES);
        sweep = loop().scheduleWithFixedDelay(
                        () -> {
                            if (channel.isOpen()) {
                                guarded(() -> receiver.swept(System.nanoTime()));
                            }
                        },
                        SWEEP_MILLIS,
                        SWEEP_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    /// Reads from now on.
    public void start() {
        loop().execute(channel::read);
    }

    /// Joins the multicast group that the port was opened for.
    ///
    /// @param network the interface, or null for the system's choice
    public void join(InetAddress group, @Nullable NetworkInterface network) {
        if (network == null) {
            channel.joinGroup(group).syncUninterruptibly();
        } else {
            channel.joinGroup(group, network, null).syncUninterruptibly();
        }
    }

    public int port() {
        return channel.localAddress().getPort();
    }

    /// Everything of this port runs there.
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public void close() {
        sweep.cancel(false);
        channel.close().syncUninterruptibly();
    }

    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            log.error("port {}: a bug", port(), e);
        }
    }

    private final class Inbound extends ChannelInboundHandlerAdapter {
        private final Receiver receiver;

        Inbound(Receiver receiver) {
            this.receiver = receiver;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            try {
                guarded(() -> receiver.received(packet.sender(), packet.content()));
            } finally {
                packet.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            var _ = loop().schedule((Runnable) channel::read, TURN_MILLIS, TimeUnit.MILLISECONDS);
        }

        /// An answer of the network to something that was sent, or a datagram that was too long.
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof MalformedException || cause instanceof IOException) {
                log.debug("port {}: {}", port(), cause.toString());
            } else {
                log.error("port {}: a bug", port(), cause);
            }
        }
    }
}
