package tapedeck.protocol.webrtc.transport;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tapedeck.bytes.Bytes;
import tapedeck.net.EventLoops;

/// Takes TCP connections on the port's number and loop. Who has not proved yet that a session is theirs has few of
/// them, in all and for each address; who has proved it may have as many as there are sessions, also behind one NAT.
final class TcpListener {
    static final int MAX_CONNECTIONS = 2 * PeerPort.MAX_SESSIONS;
    static final int MAX_UNPROVEN = 1_024;
    /// A hundred browsers of one house that join in the same second try two of our addresses each.
    static final int MAX_UNPROVEN_PER_ADDRESS = 256;
    /// What waits for a slow peer in our memory, and as much again in the kernel's: a second of video.
    static final int MAX_WAITING_BYTES = 256 * 1024;

    private static final int RESUME_WAITING_BYTES = 64 * 1024;
    private static final int READ_BYTES = 64 * 1024;
    private static final int READS_PER_TURN = 4;
    private static final int BACKLOG = 256;
    /// RFC 4291 2.5.4: one subscriber's network.
    private static final int IPV6_PREFIX_BYTES = 8;

    private final Channel listening;

    // All below on the loop only.
    private final Set<TcpLink> links = new HashSet<>();
    private final Map<Bytes, Integer> unprovenByNetwork = new HashMap<>();
    private int unproven;

    TcpListener(EventLoops loops, EventLoop loop, int number, PeerPort port) {
        LoopBuffer buffer = new LoopBuffer(READ_BYTES, READS_PER_TURN);
        listening = new ServerBootstrap()
                .group(loop)
                .channel(loops.serverSocketChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_SNDBUF, MAX_WAITING_BYTES)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, buffer.forBytes())
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(RESUME_WAITING_BYTES, MAX_WAITING_BYTES))
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept(channel, port);
                    }
                })
                .bind(new InetSocketAddress(number))
                .syncUninterruptibly()
                .channel();
    }

    private void accept(SocketChannel channel, PeerPort port) {
        InetSocketAddress peer = channel.remoteAddress();
        if (peer == null || !admits(peer.getAddress())) {
            port.counters().refused.incrementAndGet();
            var _ = channel.close();
            return;
        }
        TcpLink link = new TcpLink(port, this, channel, peer);
        links.add(link);
        count(peer.getAddress(), 1);
        channel.pipeline().addLast(link);
    }

    private boolean admits(InetAddress address) {
        return links.size() < MAX_CONNECTIONS
                && unproven < MAX_UNPROVEN
                && unprovenByNetwork.getOrDefault(network(address), 0) < MAX_UNPROVEN_PER_ADDRESS;
    }

    private void count(InetAddress address, int step) {
        unproven += step;
        unprovenByNetwork.merge(network(address), step, (before, more) -> before + more == 0 ? null : before + more);
    }

    /// Whoever has one IPv6 address has all of its network.
    private static Bytes network(InetAddress address) {
        byte[] bytes = address.getAddress();
        return Bytes.wrap(address instanceof Inet6Address ? Arrays.copyOf(bytes, IPV6_PREFIX_BYTES) : bytes);
    }

    /// Its path is a session's.
    void proven(TcpLink link) {
        count(link.peer().getAddress(), -1);
    }

    void closed(TcpLink link) {
        if (links.remove(link) && !link.wasProven()) {
            count(link.peer().getAddress(), -1);
        }
    }

    int open() {
        return links.size();
    }

    /// On the loop.
    void closeConnections() {
        List.copyOf(links).forEach(TcpLink::close);
    }

    void close() {
        listening.close().syncUninterruptibly();
    }
}
