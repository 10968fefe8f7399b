package bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Bytes that are due at times of their own. Many connections send them at that speed, from one thread.
final class PacedClip {
    private static final long TICK_NANOS = 5_000_000;
    /// Between two new connections.
    private static final long RAMP_NANOS = 5_000_000;

    private final ByteBuffer bytes;
    private final List<Integer> ends = new ArrayList<>();
    private final List<Long> dueNanos = new ArrayList<>();

    private static final class Sender {
        private final SocketChannel channel;
        private final ByteBuffer view;
        private final long startNanos;
        private int next;
        private boolean over;
        private boolean failed;

        Sender(SocketChannel channel, ByteBuffer view, long startNanos) {
            this.channel = channel;
            this.view = view;
            this.startNanos = startNanos;
        }
    }

    /// Makes the connection on which the clip is sent.
    interface Opening {
        SocketChannel open(int number) throws IOException;
    }

    /// Says goodbye on a connection on which all of it was sent.
    interface Farewell {
        void to(SocketChannel channel) throws IOException;
    }

    PacedClip(int maxBytes) {
        bytes = ByteBuffer.allocateDirect(maxBytes);
    }

    /// What is added from here on is due then, or with what was added before if that is later.
    void due(long nanos) {
        if (bytes.position() > 0) {
            ends.add(bytes.position());
        }
        dueNanos.add(dueNanos.isEmpty() ? nanos : Math.max(nanos, dueNanos.getLast()));
    }

    void add(byte[] from, int at, int length) {
        bytes.put(from, at, length);
    }

    /// Sends it on so many connections, and prints `all publishing` and then how it went.
    ///
    /// @return whether all of it left on every connection
    boolean send(int streams, Opening opening, Farewell farewell, String video, String audio) throws IOException {
        ends.add(bytes.position());
        bytes.flip();
        List<Sender> senders = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            SocketChannel channel = opening.open(i);
            channel.configureBlocking(false);
            senders.add(new Sender(channel, bytes.duplicate().limit(0), System.nanoTime()));
            LockSupport.parkNanos(RAMP_NANOS);
        }
        System.out.println("all publishing");
        long lag = drive(senders, farewell);
        long complete = senders.stream().filter(sender -> !sender.failed).count();
        System.out.printf(
                "sent complete=%d bytes=%d video=%s audio=%s lag_ms=%d%n",
                complete, complete * bytes.limit(), video, audio, lag / 1_000_000);
        return complete == streams;
    }

    private long drive(List<Sender> senders, Farewell farewell) {
        ByteBuffer answers = ByteBuffer.allocateDirect(1 << 16);
        long worstNanos = 0;
        while (senders.stream().anyMatch(sender -> !sender.over)) {
            long tick = System.nanoTime();
            for (Sender sender : senders) {
                if (!sender.over) {
                    worstNanos = Math.max(worstNanos, send(sender, answers, farewell));
                }
            }
            LockSupport.parkNanos(tick + TICK_NANOS - System.nanoTime());
        }
        return worstNanos;
    }

    /// How late it is.
    private long send(Sender sender, ByteBuffer answers, Farewell farewell) {
        long elapsed = System.nanoTime() - sender.startNanos;
        while (sender.next < ends.size() && dueNanos.get(sender.next) <= elapsed) {
            sender.view.limit(ends.get(sender.next++));
        }
        try {
            if (sender.view.hasRemaining()) {
                sender.channel.write(sender.view);
                // What the server says meanwhile is nothing to us, but must not stay.
                sender.channel.read(answers.clear());
            }
            if (!sender.view.hasRemaining() && sender.next == ends.size()) {
                sender.over = true;
                farewell.to(sender.channel);
                sender.channel.close();
            }
        } catch (IOException e) {
            System.out.println("failed 1 " + e.getMessage());
            sender.failed = true;
            sender.over = true;
        }
        return sender.view.hasRemaining() && sender.next > 0 ? elapsed - dueNanos.get(sender.next - 1) : 0;
    }
}
