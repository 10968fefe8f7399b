package tapedeck.protocol.webrtc.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.EventLoops;
import tapedeck.protocol.webrtc.ice.StunMessage;

/// The one UDP port of all sessions. Its first byte says what a datagram is (RFC 7983 7); a connectivity check
/// finds its session by our ufrag, everything else by an address that such a check has proved. What belongs to
/// nobody gets no answer, so that nothing can be reflected or amplified.
///
/// All sessions live on the port's event loop; other threads come in by [#execute(Runnable)].
public final class PeerPort implements AutoCloseable {
    public static final int TICK_MILLIS = 20;
    public static final int MAX_SESSIONS = 4_096;
    /// Larger than any packet that fits the internet's MTU.
    static final int MAX_DATAGRAM_BYTES = 2_048;

    private static final Logger log = LoggerFactory.getLogger(PeerPort.class);
    private static final int DATAGRAMS_PER_READ = 32;
    private static final int MAX_DATAGRAMS_PER_TURN = 256;
    /// Holds what 300 publishers send while the loop is busy for 30 ms, as far as `net.core.rmem_max` allows.
    private static final int SOCKET_BUFFER_BYTES = 4 << 20;
    private static final long JUNK_LOG_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final LongSupplier nanoClock;
    private final DatagramChannel channel;
    private final EventLoop loop;

    // All below on the loop only.
    private final Map<String, PeerTransport> byUfrag = new HashMap<>();
    private final Map<InetSocketAddress, PeerTransport> byAddress = new HashMap<>();
    private final byte[] scratch = new byte[MAX_DATAGRAM_BYTES];
    private @Nullable ScheduledFuture<?> ticking;
    private long junk;
    private long junkLogged;
    private long junkLoggedNanos;

    /// @param port 0 takes a free one
    public PeerPort(EventLoops loops, int port, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.junkLoggedNanos = nanoClock.getAsLong() - JUNK_LOG_NANOS;
        Bootstrap bootstrap = new Bootstrap()
                .group(loops.group())
                .channel(loops.datagramChannel())
                .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER_BYTES)
                .option(ChannelOption.SO_SNDBUF, SOCKET_BUFFER_BYTES)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new SharedBuffer())
                .handler(new Datagrams());
        if (loops.epoll()) {
            bootstrap.option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM_BYTES);
        }
        channel = (DatagramChannel) bootstrap
                .bind(new InetSocketAddress(port))
                .syncUninterruptibly()
                .channel();
        loop = channel.eventLoop();
    }

    public int port() {
        return channel.localAddress().getPort();
    }

    /// The monotonic clock of all sessions.
    public long now() {
        return nanoClock.getAsLong();
    }

    /// Runs `task` on the loop; at once where the caller is on it.
    public void execute(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    /// Runs `task` on the loop, but never at once: for callers that hold a lock.
    public void later(Runnable task) {
        loop.execute(task);
    }

    /// On the loop. False if there are too many.
    public boolean add(PeerTransport transport) {
        if (byUfrag.size() >= MAX_SESSIONS) {
            return false;
        }
        byUfrag.put(transport.localUfrag(), transport);
        if (ticking == null) {
            ticking = loop.scheduleAtFixedRate(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }
        return true;
    }

    /// On the loop.
    void remove(PeerTransport transport) {
        byUfrag.remove(transport.localUfrag(), transport);
        ScheduledFuture<?> timer = ticking;
        if (byUfrag.isEmpty() && timer != null) {
            timer.cancel(false);
            ticking = null;
        }
    }

    /// Whatever comes from `address` is for `transport` from now on: it has proved that it receives there.
    void bind(InetSocketAddress address, PeerTransport transport) {
        byAddress.put(address, transport);
    }

    void unbind(InetSocketAddress address, PeerTransport transport) {
        byAddress.remove(address, transport);
    }

    /// Sent with the next [#flush()].
    void write(Bytes datagram, InetSocketAddress to) {
        var _ = channel.write(
                new DatagramPacket(Unpooled.wrappedBuffer(datagram.asByteBuffer()), to), channel.voidPromise());
    }

    void flush() {
        channel.flush();
    }

    @Override
    public void close() {
        loop.submit(() -> List.copyOf(byUfrag.values()).forEach(t -> t.close("the server is shutting down")))
                .syncUninterruptibly();
        channel.close().syncUninterruptibly();
    }

    private void tick() {
        long now = now();
        for (PeerTransport transport : List.copyOf(byUfrag.values())) {
            guarded(transport, () -> transport.tick(now));
        }
        flush();
    }

    private void receive(ByteBuf content, InetSocketAddress from) {
        int length = content.readableBytes();
        if (length == 0 || length > MAX_DATAGRAM_BYTES) {
            junk++;
            return;
        }
        content.readBytes(scratch, 0, length);
        int first = scratch[0] & 0xFF;
        if (first < 4) {
            check(Bytes.wrap(Arrays.copyOf(scratch, length)), from);
            return;
        }
        PeerTransport transport = byAddress.get(from);
        if (transport == null) {
            junk++;
            return;
        }
        long now = now();
        if (first >= 128 && first <= 191) {
            guarded(transport, () -> transport.media(scratch, length, now));
        } else if (first >= 20 && first <= 63) {
            Bytes copy = Bytes.wrap(Arrays.copyOf(scratch, length));
            guarded(transport, () -> transport.dtls(copy));
        } else {
            junk++;
        }
    }

    /// A datagram that may be a connectivity check. The session is named by the part of USERNAME before the colon,
    /// RFC 8445 7.2.2.
    private void check(Bytes datagram, InetSocketAddress from) {
        try {
            StunMessage message = StunMessage.parse(datagram);
            PeerTransport transport = session(message).orElse(null);
            if (transport == null || !transport.check(message, from, now())) {
                junk++;
            }
        } catch (MalformedException e) {
            junk++;
        }
    }

    private Optional<PeerTransport> session(StunMessage message) {
        return message.attribute(StunMessage.USERNAME).map(attribute -> {
            String username = attribute.value().toUtf8();
            int colon = username.indexOf(':');
            return colon < 0 ? null : byUfrag.get(username.substring(0, colon));
        });
    }

    /// A bug in one session ends that session.
    private static void guarded(PeerTransport transport, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException bug) {
            log.error("WebRTC session failed", bug);
            try {
                transport.close("internal error");
            } catch (RuntimeException again) {
                // The port and all other sessions go on.
                log.error("WebRTC session did not close well", again);
            }
        }
    }

    private void reportJunk() {
        long now = now();
        if (junk > junkLogged && now - junkLoggedNanos >= JUNK_LOG_NANOS) {
            log.info("WebRTC port: {} datagrams that belong to nobody were dropped", junk - junkLogged);
            junkLogged = junk;
            junkLoggedNanos = now;
        }
    }

    private final class Datagrams extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            receive(packet.content(), packet.sender());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
            reportJunk();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // Most often an ICMP answer to something we sent: the peer went away, its session's consent will end.
            log.debug("WebRTC port: {}", cause.toString());
        }
    }

    /// One direct buffer for all reads: each datagram is used up before the next read. Netty's own allocators cost far
    /// more here, DESIGN §5.
    private static final class SharedBuffer extends DefaultMaxMessagesRecvByteBufAllocator {
        private static final int BYTES = DATAGRAMS_PER_READ * MAX_DATAGRAM_BYTES;

        SharedBuffer() {
            super(MAX_DATAGRAMS_PER_TURN);
        }

        @Override
        @SuppressWarnings("deprecation") // The supertype's signature names it.
        public Handle newHandle() {
            return new MaxMessageHandle() {
                private final ByteBuf shared = Unpooled.directBuffer(BYTES, BYTES);

                @Override
                public int guess() {
                    return BYTES;
                }

                @Override
                public ByteBuf allocate(ByteBufAllocator allocator) {
                    return shared.refCnt() == 1 ? shared.clear().retain() : allocator.directBuffer(BYTES, BYTES);
                }
            };
        }
    }
}
