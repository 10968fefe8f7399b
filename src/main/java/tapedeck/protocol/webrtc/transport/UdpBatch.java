package tapedeck.protocol.webrtc.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.SegmentedDatagramPacket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What goes out with the next flush. Datagrams of one size that follow each other to one peer go to the kernel as one
/// (UDP_SEGMENT), which cuts them again at the very end: a picture costs about what a packet does.
///
/// All are copied into one direct buffer, which goes out when it is full, and is used again as soon as the kernel has
/// taken everything.
final class UdpBatch {
    /// The kernel's own limits: UDP_MAX_SEGMENTS, and the largest IPv4 packet.
    static final int MAX_SEGMENTS = 64;

    static final int MAX_RUN_BYTES = 65_000;
    /// Peers behind links whose MTU is smaller than our packets: the kernel cuts no runs for them, but single packets
    /// into fragments.
    static final int MAX_NARROW = 1_024;

    /// What may wait for the network: more than 300 viewers get in a quarter of a second. The rest is lost here, as it
    /// would be a little further on.
    static final int MAX_UNSENT_BYTES = 16 << 20;

    /// What the processor still has in its cache when the kernel copies it.
    private static final int BUFFER_BYTES = 256 << 10;

    private final DatagramChannel channel;
    private final boolean segments;
    private final Set<InetSocketAddress> narrow = Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<InetSocketAddress, Boolean> eldest) {
            return size() > MAX_NARROW;
        }
    });

    private ByteBuf buffer;
    private ByteBuffer nio;
    private @Nullable InetSocketAddress peer;
    private int start;
    private int segmentBytes;
    private int count;
    /// A shorter datagram was the last one of the run.
    private boolean ended;
    private boolean closed;

    UdpBatch(DatagramChannel channel) {
        this.channel = channel;
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(MAX_UNSENT_BYTES / 2, MAX_UNSENT_BYTES));
        this.segments =
                channel instanceof EpollDatagramChannel && EpollDatagramChannel.isSegmentedDatagramPacketSupported();
        this.buffer = channel.alloc().directBuffer(BUFFER_BYTES, BUFFER_BYTES);
        this.nio = buffer.nioBuffer(0, BUFFER_BYTES);
    }

    /// False if nothing fits any more: the network takes less than we send.
    boolean add(byte[] bytes, int offset, int length, InetSocketAddress to) {
        if (closed) {
            return false;
        }
        if (count > 0 && !continues(length, to)) {
            end();
        }
        if (buffer.writableBytes() < length) {
            flush();
            if (buffer.writableBytes() < length) {
                if (!channel.isWritable()) {
                    return false;
                }
                renew();
            }
        }
        if (count == 0) {
            peer = to;
            start = buffer.writerIndex();
            segmentBytes = length;
        }
        // Through NIO: Netty makes two views of the buffer for each copy.
        nio.put(buffer.writerIndex(), bytes, offset, length);
        buffer.writerIndex(buffer.writerIndex() + length);
        count++;
        ended = length < segmentBytes;
        return true;
    }

    private boolean continues(int length, InetSocketAddress to) {
        return segments
                && !ended
                && length <= segmentBytes
                && count < MAX_SEGMENTS
                && buffer.writerIndex() - start + length <= MAX_RUN_BYTES
                && to.equals(peer)
                && (narrow.isEmpty() || !narrow.contains(to));
    }

    /// The run is complete.
    private void end() {
        InetSocketAddress to = peer;
        if (count == 0 || to == null) {
            return;
        }
        ByteBuf run = buffer.retainedSlice(start, buffer.writerIndex() - start);
        if (count == 1) {
            var _ = channel.write(new DatagramPacket(run, to), channel.voidPromise());
        } else {
            var _ = channel.write(new SegmentedDatagramPacket(run, segmentBytes, to))
                    .addListener(sent -> {
                        if (!sent.isSuccess()) {
                            narrow.add(to);
                        }
                    });
        }
        count = 0;
        peer = null;
        ended = false;
    }

    private void renew() {
        buffer.release();
        buffer = channel.alloc().directBuffer(BUFFER_BYTES, BUFFER_BYTES);
        nio = buffer.nioBuffer(0, BUFFER_BYTES);
    }

    void flush() {
        if (closed) {
            return;
        }
        end();
        channel.flush();
        if (buffer.refCnt() == 1) {
            buffer.clear();
        }
    }

    /// Nothing goes out any more.
    void close() {
        closed = true;
        count = 0;
        buffer.release();
    }
}
