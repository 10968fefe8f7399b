package tapedeck.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.UncheckedBooleanSupplier;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One event loop's connections: the buffer that all of them read into, the tick on which the paced ones are read, and
/// the sweep for deadlines. While no connection is open, the loop sleeps.
///
/// A paced read is one system call on the socket itself. It bypasses epoll, where arming and disarming the socket
/// would cost two more. 200 RTMP streams of 330 kB/s, received and fanned out, CPU seconds per stream-minute on two
/// busy cores, range of two or three runs:
///
/// ```
/// tick of 100 ms, read directly     0.0116 – 0.0145    system time 0.013 CPU s/s
/// tick of 50 ms, read directly      0.0140                         0.016
/// tick of 100 ms, armed in epoll    0.0146 – 0.0183                0.016 – 0.023
/// at once                           0.0311 – 0.0332                0.034 – 0.045
/// ```
final class LoopReads {
    /// How often paced connections are read. Adds half of it to a stream's delay, on average.
    static final long TICK_MILLIS = 100;
    /// Ticks between two sweeps.
    static final int TICKS_PER_SWEEP = 10;
    /// One read takes at most so much; a tick of 20 Mbit/s fits.
    static final int BUFFER_BYTES = 256 * 1024;
    /// One turn takes at most so much of one connection, so that a fast sender does not starve the others. It also
    /// bounds how fast a paced publisher can push: about 10 MB/s.
    static final int MAX_TURN_BYTES = 1024 * 1024;

    private static final Logger log = LoggerFactory.getLogger(LoopReads.class);

    private final EventExecutor loop;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
    private final Set<Connection> all = new LinkedHashSet<>();
    private final Set<Connection> paced = new LinkedHashSet<>();
    private @Nullable ScheduledFuture<?> tick;
    private int ticks;

    LoopReads(EventExecutor loop) {
        this.loop = loop;
    }

    void add(Connection connection) {
        all.add(connection);
        if (tick == null) {
            tick = loop.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    void remove(Connection connection) {
        all.remove(connection);
        paced.remove(connection);
        if (all.isEmpty() && tick != null) {
            tick.cancel(false);
            tick = null;
        }
    }

    Set<Connection> paced() {
        return paced;
    }

    private void tick() {
        for (Connection connection : paced.toArray(Connection[]::new)) {
            guarded(connection, () -> turn(connection));
        }
        if (++ticks % TICKS_PER_SWEEP == 0) {
            long now = System.nanoTime();
            for (Connection connection : all.toArray(Connection[]::new)) {
                guarded(connection, () -> connection.sweep(now));
            }
        }
    }

    /// What one connection throws would end the tick, and with it every other connection of this loop.
    private static void guarded(Connection connection, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException bug) {
            log.error("{}: failed", connection.peer(), bug);
            var _ = connection.channel().close();
        }
    }

    private void turn(Connection connection) {
        if (connection.isSecure() || !(connection.channel() instanceof UnixChannel unix)) {
            connection.channel().read();
            return;
        }
        FileDescriptor socket = unix.fd();
        try {
            for (int total = 0; total < MAX_TURN_BYTES && connection.isPaced(); ) {
                int count = socket.read(bytes, 0, BUFFER_BYTES);
                if (count < 0) {
                    connection.lost();
                    return;
                }
                if (count > 0) {
                    connection.receive(buffer.setIndex(0, count));
                    total += count;
                }
                if (count < BUFFER_BYTES) {
                    break;
                }
            }
            connection.receivedAll();
        } catch (IOException e) {
            connection.lost(e);
        }
    }

    /// Gives Netty's own reads, of connections that are not paced, the same buffer.
    RecvByteBufAllocator allocator() {
        return Turn::new;
    }

    private final class Turn implements RecvByteBufAllocator.ExtendedHandle {
        private int attempted;
        private int last;
        private int total;

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            // The handler releases it, and this loop keeps the last reference.
            return buffer.clear().retain();
        }

        @Override
        public int guess() {
            return BUFFER_BYTES;
        }

        @Override
        public void reset(ChannelConfig config) {
            total = 0;
        }

        @Override
        public void incMessagesRead(int count) {}

        @Override
        public void lastBytesRead(int count) {
            last = count;
            total += Math.max(count, 0);
        }

        @Override
        public int lastBytesRead() {
            return last;
        }

        @Override
        public void attemptedBytesRead(int count) {
            attempted = count;
        }

        @Override
        public int attemptedBytesRead() {
            return attempted;
        }

        @Override
        public boolean continueReading() {
            return last == attempted && total < MAX_TURN_BYTES;
        }

        /// Netty's answer knows of a peer that has closed: then everything is read to the end.
        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return last > 0 && total < MAX_TURN_BYTES && maybeMoreData.get();
        }

        @Override
        public void readComplete() {}
    }
}
