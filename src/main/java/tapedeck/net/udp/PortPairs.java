package tapedeck.net.udp;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.BitSet;
import java.util.concurrent.ThreadLocalRandom;
import tapedeck.net.EventLoops;

/// The range of UDP ports for RTP and RTCP. Pairs are given out from a random one on, so that no two sessions follow
/// each other on the same ports.
public final class PortPairs {
    /// Pairs that other programs hold are passed over, but not more than so many for one session.
    static final int MAX_TRIES = 64;
    /// Longer datagrams are cut, and then found to be malformed; no path carries them whole.
    static final int MAX_DATAGRAM_BYTES = 2048;
    /// Then others have their turn. Netty's own 16 is less than a keyframe.
    static final int MAX_DATAGRAMS_PER_TURN = 1024;

    private static final int RECEIVE_BUFFER_BYTES = 1 << 20;
    private static final int MAX_WAITING_BYTES = 1 << 20;

    private final int first;
    private final int count;
    private final boolean epoll;

    // Guarded by this.
    private final BitSet taken = new BitSet();
    private int next;

    /// @param firstPort and `lastPort`: at least one even port and the next one lie between them
    public PortPairs(int firstPort, int lastPort, EventLoops loops) {
        first = firstPort + (firstPort & 1);
        count = (lastPort + 1 - first) / 2;
        if (count < 1) {
            throw new IllegalArgumentException("no pair of ports in %d-%d".formatted(firstPort, lastPort));
        }
        epoll = loops.epoll();
        next = ThreadLocalRandom.current().nextInt(count);
    }

    /// Binds the next free pair. To be called on `loop`.
    ///
    /// @throws IOException if none is free
    public DatagramPair open(EventLoop loop, InetAddress local, Datagrams receiver) throws IOException {
        IOException last = new IOException("all " + count + " pairs of ports of rtp_ports are in use");
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            int port = take();
            if (port < 0) {
                break;
            }
            Channel media = null;
            try {
                media = bound(loop, new InetSocketAddress(local, port));
                Channel control = bound(loop, new InetSocketAddress(local, port + 1));
                return new DatagramPair(this, port, media, control, receiver);
            } catch (IOException e) {
                last = e;
                giveBack(port);
                if (media != null) {
                    var _ = media.close();
                }
            }
        }
        throw last;
    }

    private synchronized int take() {
        for (int i = 0; i < count; i++) {
            int index = next;
            next = (next + 1) % count;
            if (!taken.get(index)) {
                taken.set(index);
                return first + 2 * index;
            }
        }
        return -1;
    }

    synchronized void giveBack(int port) {
        taken.clear((port - first) / 2);
    }

    /// How many pairs are in use.
    public synchronized int inUse() {
        return taken.cardinality();
    }

    /// On the loop itself registering and binding are done when they return.
    private Channel bound(EventLoop loop, InetSocketAddress address) throws IOException {
        DatagramChannel channel = epoll ? new EpollDatagramChannel() : new NioDatagramChannel();
        channel.config().setOption(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
        // All that came is read before what came behind it on a connection: TEARDOWN ends nothing that was sent before.
        channel.config()
                .setRecvByteBufAllocator(
                        new FixedRecvByteBufAllocator(MAX_DATAGRAM_BYTES).maxMessagesPerRead(MAX_DATAGRAMS_PER_TURN));
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(MAX_WAITING_BYTES / 2, MAX_WAITING_BYTES));
        if (epoll) {
            channel.config().setOption(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM_BYTES);
        }
        await(loop.register(channel));
        ChannelFuture bind = channel.bind(address);
        if (!bind.isSuccess()) {
            var _ = channel.close();
            await(bind);
        }
        return channel;
    }

    private static void await(ChannelFuture future) throws IOException {
        if (!future.isDone()) {
            throw new IllegalStateException("not on the loop");
        }
        if (!future.isSuccess()) {
            throw new IOException(future.cause());
        }
    }
}
