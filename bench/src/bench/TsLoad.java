package bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Sends one transport stream N times over TCP at the speed of its clock, from one thread. Without its SDT, so that each
/// is named after its port: `java bench.TsLoad PORT STREAMS FILE VIDEO AUDIO`, the last two being the packets in it.
final class TsLoad {
    private static final long TICK_NANOS = 5_000_000;
    /// Between two new connections.
    private static final long RAMP_NANOS = 5_000_000;
    private static final int PACKET_BYTES = 188;
    private static final int SDT_PID = 0x11;

    private final ByteBuffer clip;
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

    private TsLoad(byte[] file) {
        ByteBuffer kept = ByteBuffer.allocateDirect(file.length);
        long first = -1;
        for (int at = 0; at + PACKET_BYTES <= file.length; at += PACKET_BYTES) {
            int pid = (file[at + 1] & 0x1F) << 8 | file[at + 2] & 0xFF;
            if (pid == SDT_PID) {
                continue;
            }
            boolean clock = (file[at + 3] & 0x20) != 0 && file[at + 4] != 0 && (file[at + 5] & 0x10) != 0;
            if (clock) {
                long ticks = (file[at + 6] & 0xFFL) << 25
                        | (file[at + 7] & 0xFF) << 17
                        | (file[at + 8] & 0xFF) << 9
                        | (file[at + 9] & 0xFF) << 1
                        | (file[at + 10] & 0xFF) >> 7;
                first = first < 0 ? ticks : first;
                ends.add(kept.position());
                dueNanos.add((ticks - first) * 100_000 / 9);
            }
            kept.put(file, at, PACKET_BYTES);
        }
        ends.add(kept.position());
        dueNanos.add(dueNanos.getLast() + 40_000_000);
        clip = kept.flip();
    }

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        int streams = Integer.parseInt(arguments[1]);
        TsLoad load = new TsLoad(Files.readAllBytes(Path.of(arguments[2])));
        List<Sender> senders = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            SocketChannel channel = SocketChannel.open(server);
            channel.configureBlocking(false);
            senders.add(new Sender(channel, load.clip.duplicate().limit(0), System.nanoTime()));
            LockSupport.parkNanos(RAMP_NANOS);
        }
        System.out.println("all publishing");
        long lag = load.drive(senders);
        long complete = senders.stream().filter(sender -> !sender.failed).count();
        System.out.printf(
                "sent complete=%d bytes=%d video=%s audio=%s lag_ms=%d%n",
                complete,
                complete * load.clip.limit(),
                arguments[3],
                arguments[4],
                lag / 1_000_000);
        System.exit(complete == streams ? 0 : 1);
    }

    private long drive(List<Sender> senders) {
        long worstNanos = 0;
        while (senders.stream().anyMatch(sender -> !sender.over)) {
            long tick = System.nanoTime();
            for (Sender sender : senders) {
                if (!sender.over) {
                    worstNanos = Math.max(worstNanos, send(sender));
                }
            }
            LockSupport.parkNanos(tick + TICK_NANOS - System.nanoTime());
        }
        return worstNanos;
    }

    /// How late it is.
    private long send(Sender sender) {
        long elapsed = System.nanoTime() - sender.startNanos;
        while (sender.next < ends.size() && dueNanos.get(sender.next) <= elapsed) {
            sender.view.limit(ends.get(sender.next++));
        }
        try {
            sender.channel.write(sender.view);
            if (!sender.view.hasRemaining() && sender.next == ends.size()) {
                sender.over = true;
                sender.channel.close();
            }
        } catch (IOException e) {
            System.out.println("failed 1 " + e.getMessage());
            sender.failed = true;
            sender.over = true;
        }
        return sender.view.hasRemaining() && sender.next > 0
                ? elapsed - dueNanos.get(Math.max(0, sender.next - 1))
                : 0;
    }
}
