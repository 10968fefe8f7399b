package tapedeck.protocol.webrtc.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.net.EventLoops;
import tapedeck.net.udp.ReceiveBuffer;

/// The UDP socket of all sessions: which path a datagram came by.
final class UdpSocket implements Link {
    /// Larger than any packet that fits the internet's MTU.
    static final int MAX_DATAGRAM_BYTES = 2_048;

    private static final Logger log = LoggerFactory.getLogger(UdpSocket.class);
    private static final int DATAGRAMS_PER_READ = 32;
    private static final int MAX_DATAGRAMS_PER_TURN = 256;
    /// What 300 publishers of 2 Mbit/s send while nobody reads for 0.7 s, as on a machine that is busy with something
    /// else. The kernel counts twice the size of a packet, and doubles what it is asked for; it takes what waits.
    static final int RECEIVE_BUFFER_BYTES = 64 << 20;

    private static final int SEND_BUFFER_BYTES = 4 << 20;
    /// At 2 ms and 50 publishers of 2 Mbit/s each, epoll's wake-ups and reads take 1.4 µs a packet instead of 3.6.
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long BUSY_PACKETS_PER_SECOND = 2_000;

    private final PeerPort port;
    private final DatagramChannel channel;
    private final UdpBatch batch;

    // All below on the loop only.
    private final Map<InetSocketAddress, Path> paths = new HashMap<>();
    private final byte[] scratch = new byte[MAX_DATAGRAM_BYTES];
    /// Packets of one picture come in a row.
    private @Nullable Path last;

    private long windowNanos;
    private long packets;
    private int turn;
    private boolean busy;

    /// @param number 0 takes a free port
    UdpSocket(EventLoops loops, int number, PeerPort port) {
        this(loops, number, port, RECEIVE_BUFFER_BYTES);
        if (receiveBufferBytes() < RECEIVE_BUFFER_BYTES) {
            enlarge();
        }
    }

    /// @param number 0 takes a free port
    UdpSocket(EventLoops loops, int number, PeerPort port, int receiveBufferBytes) {
        this.port = port;
        Bootstrap bootstrap = new Bootstrap()
                .group(loops.group())
                .channel(loops.datagramChannel())
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.SO_RCVBUF, receiveBufferBytes)
                .option(ChannelOption.SO_SNDBUF, SEND_BUFFER_BYTES)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new LoopBuffer(DATAGRAMS_PER_READ * MAX_DATAGRAM_BYTES, MAX_DATAGRAMS_PER_TURN)
                                .forDatagrams(loops.epoll() ? DATAGRAMS_PER_READ : 1))
                .handler(new Datagrams());
        if (loops.epoll()) {
            bootstrap.option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM_BYTES);
        }
        channel = (DatagramChannel) bootstrap
                .bind(new InetSocketAddress(number))
                .syncUninterruptibly()
                .channel();
        batch = new UdpBatch(channel);
    }

    private void enlarge() {
        ReceiveBuffer.enlarge(channel, RECEIVE_BUFFER_BYTES);
        if (receiveBufferBytes() < RECEIVE_BUFFER_BYTES) {
            log.info(
                    "WebRTC port: the socket's buffer has {} KiB; net.core.rmem_max={} would let hundreds of publishers"
                            + " outlast a busy moment",
                    receiveBufferBytes() >> 10,
                    RECEIVE_BUFFER_BYTES);
        }
    }

    /// As the kernel counts.
    int receiveBufferBytes() {
        return channel.config().getReceiveBufferSize();
    }

    EventLoop loop() {
        return channel.eventLoop();
    }

    int number() {
        return channel.localAddress().getPort();
    }

    void close() {
        loop().submit(batch::close).syncUninterruptibly();
        channel.close().syncUninterruptibly();
    }

    void flush() {
        batch.flush();
    }

    @Override
    public void write(byte[] bytes, int offset, int length, InetSocketAddress to) {
        if (!batch.add(bytes, offset, length, to)) {
            port.counters().unwritten.incrementAndGet();
        }
    }

    @Override
    public void bound(Path path) {
        paths.put(path.address(), path);
    }

    @Override
    public void released(Path path) {
        paths.remove(path.address(), path);
        last = null;
    }

    @Override
    public String transport() {
        return "udp";
    }

    private void receive(ByteBuf content, InetSocketAddress from) {
        packets++;
        turn++;
        int length = content.readableBytes();
        if (length == 0 || length > MAX_DATAGRAM_BYTES) {
            port.counters().junk.incrementAndGet();
            return;
        }
        Path path = last;
        if (path == null || !path.address().equals(from)) {
            path = paths.get(from);
            if (path == null) {
                path = stranger(content, from);
            } else {
                last = path;
            }
        }
        if (path == null) {
            port.counters().junk.incrementAndGet();
            return;
        }
        content.readBytes(scratch, 0, length);
        port.received(path, scratch, length);
    }

    /// Only a connectivity check may come from an address that nobody has proved to own.
    private @Nullable Path stranger(ByteBuf content, InetSocketAddress from) {
        return PeerPort.isStun(content.getUnsignedByte(content.readerIndex())) ? new Path(this, from) : null;
    }

    /// Where so much comes that each wake-up would find a packet or two, the socket is read on a short tick instead: a
    /// wake-up costs more than a packet does.
    private void pace() {
        port.counters().turns.incrementAndGet();
        port.counters().datagrams.addAndGet(turn);
        long now = port.now();
        long window = now - windowNanos;
        if (window >= WINDOW_NANOS) {
            busy = packets * TimeUnit.SECONDS.toNanos(1) / window > BUSY_PACKETS_PER_SECOND;
            packets = 0;
            windowNanos = now;
        }
        if (busy) {
            channel.config().setAutoRead(false);
            long pauseNanos = turn < MAX_DATAGRAMS_PER_TURN ? PAUSE_NANOS : 0;
            var _ = loop().schedule((Runnable) channel::read, pauseNanos, TimeUnit.NANOSECONDS);
        } else if (!channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
        turn = 0;
    }

    private final class Datagrams extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            try {
                receive(packet.content(), packet.sender());
            } finally {
                packet.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            port.turnDone();
            pace();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // Most often an ICMP answer to something we sent: the peer went away, its session's consent will end.
            log.debug("WebRTC port: {}", cause.toString());
        }
    }
}
