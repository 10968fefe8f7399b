package tapedeck.protocol.webrtc.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;

/// One TCP connection of a peer that UDP does not reach, RFC 6544: datagrams in frames (RFC 4571 2). The first frame
/// is a connectivity check of a session that we know, and comes soon; else the connection is closed without an answer.
///
/// A peer that does not read loses datagrams, as it would in a full router: TCP must not turn a short jam into a long
/// delay, nor into memory.
final class TcpLink extends ChannelInboundHandlerAdapter implements Link {
    /// From the connection to the first check.
    static final int CHECK_SECONDS = 5;

    private static final Logger log = LoggerFactory.getLogger(TcpLink.class);

    private final PeerPort port;
    private final TcpListener listener;
    private final SocketChannel channel;
    private final Path path;
    private final FrameReader frames;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean wasProven;
    private boolean waitsForFlush;
    private boolean closed;

    TcpLink(PeerPort port, TcpListener listener, SocketChannel channel, InetSocketAddress peer) {
        this.port = port;
        this.listener = listener;
        this.channel = channel;
        this.path = new Path(this, peer);
        this.frames = new FrameReader(this::received);
    }

    InetSocketAddress peer() {
        return path.address();
    }

    /// Whether it ever belonged to a session.
    boolean wasProven() {
        return wasProven;
    }

    @Override
    public void write(byte[] bytes, int offset, int length, InetSocketAddress to) {
        if (closed || !channel.isWritable()) {
            port.counters().unwritten.incrementAndGet();
            return;
        }
        ByteBuf frame = channel.alloc().directBuffer(FrameReader.LENGTH_BYTES + length);
        frame.writeShort(length).writeBytes(bytes, offset, length);
        var _ = channel.write(frame, channel.voidPromise());
        if (!waitsForFlush) {
            waitsForFlush = true;
            port.flushLater(this);
        }
    }

    void flush() {
        waitsForFlush = false;
        channel.flush();
    }

    @Override
    public void bound(Path proven) {
        ScheduledFuture<?> timer = deadline;
        if (timer != null) {
            timer.cancel(false);
        }
        wasProven = true;
        listener.proven(this);
    }

    @Override
    public void released(Path path) {
        close();
    }

    @Override
    public String transport() {
        return "tcp";
    }

    /// After what was written, if the peer takes that soon.
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        listener.closed(this);
        ChannelFuture written = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        if (!written.isDone()) {
            Runnable cut = () -> {
                var _ = channel.close();
            };
            var _ = channel.eventLoop().schedule(cut, CHECK_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void received(byte[] bytes, int length) {
        if (closed) {
            return;
        }
        port.received(path, bytes, length);
        if (path.owner() == null) {
            close();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        deadline = channel.eventLoop().schedule(this::close, CHECK_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            frames.read(bytes);
        } catch (MalformedException e) {
            log.debug("{}: {}", path, e.getMessage());
            port.counters().junk.incrementAndGet();
            gone();
        } finally {
            bytes.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        port.turnDone();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        gone();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        log.debug("{}: {}", path, cause.toString());
        gone();
    }

    /// The session, if there is one, goes on by its other paths or by the peer's next connection.
    private void gone() {
        PeerTransport owner = path.owner();
        if (owner != null) {
            owner.lost(path);
            path.release(owner);
        }
        close();
        var _ = channel.close();
    }
}
