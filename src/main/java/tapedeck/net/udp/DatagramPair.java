package tapedeck.net.udp;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// An even UDP port for RTP and the odd one behind it for RTCP, RFC 3550 11. For one event loop alone.
public final class DatagramPair {
    private static final Logger log = LoggerFactory.getLogger(DatagramPair.class);

    private final PortPairs owner;
    private final int port;
    private final Channel media;
    private final Channel control;
    private boolean closed;

    DatagramPair(PortPairs owner, int port, Channel media, Channel control, Datagrams receiver) {
        this.owner = owner;
        this.port = port;
        this.media = media;
        this.control = control;
        media.pipeline().addLast(new Inbound(receiver, false));
        control.pipeline().addLast(new Inbound(receiver, true));
    }

    /// The port for RTP; that for RTCP is the next one.
    public int port() {
        return port;
    }

    /// Queues a datagram until [#flush()].
    public void media(byte[] packet, int length, InetSocketAddress target) {
        if (!closed) {
            var _ = media.write(
                    new DatagramPacket(media.alloc().directBuffer(length).writeBytes(packet, 0, length), target),
                    media.voidPromise());
        }
    }

    /// Sends the media that waits, with as few system calls as there can be.
    public void flush() {
        if (!closed) {
            media.flush();
        }
    }

    /// Sends at once.
    public void control(Bytes compound, InetSocketAddress target) {
        if (!closed) {
            var _ = control.writeAndFlush(
                    new DatagramPacket(
                            control.alloc().directBuffer(compound.length()).writeBytes(compound.asByteBuffer()),
                            target),
                    control.voidPromise());
        }
    }

    /// Whether the media socket takes more.
    public boolean isWritable() {
        return media.isWritable();
    }

    /// Gives the ports back; again without effect.
    public void close() {
        if (!closed) {
            closed = true;
            var _ = media.close();
            var _ = control.close();
            owner.giveBack(port);
        }
    }

    private static final class Inbound extends ChannelInboundHandlerAdapter {
        private final Datagrams receiver;
        private final boolean control;

        Inbound(Datagrams receiver, boolean control) {
            this.receiver = receiver;
            this.control = control;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            try {
                byte[] datagram = new byte[packet.content().readableBytes()];
                packet.content().readBytes(datagram);
                receiver.received(control, packet.sender(), Bytes.wrap(datagram));
            } finally {
                packet.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            receiver.receivedAll();
        }

        /// A port that nobody listens on any more (ICMP), or a datagram that was too long: both are the network's.
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (!(cause instanceof IOException) && !(cause instanceof MalformedException)) {
                log.error("{}: a bug", context.channel().localAddress(), cause);
            }
        }
    }
}
