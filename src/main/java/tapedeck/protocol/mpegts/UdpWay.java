package tapedeck.protocol.mpegts;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.bytes.Bytes;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// Datagrams of seven packets. A batch is spread over the time in which it was gathered, so that no receiver's buffer
/// overflows with a keyframe.
final class UdpWay implements TsPush.Way {
    /// Seven packets: what fits an Ethernet frame, and what every receiver expects.
    static final int DATAGRAM_BYTES = 7 * 188;
    /// Of multicast, unless `ttl` says otherwise; unicast has the system's.
    static final int TTL = 16;
    /// A batch leaves in less than the time of one, so that none waits for another.
    static final long SPREAD_NANOS = TsPush.BATCH_MILLIS * 1_000_000 * 8 / 10;
    /// Sleeping for less is not worth a switch.
    private static final long LEAST_SLEEP_NANOS = 1_000_000;

    private final DatagramChannel channel;
    private final InetSocketAddress address;
    private final ByteBuffer datagram = ByteBuffer.allocateDirect(DATAGRAM_BYTES);

    UdpWay(RelayTarget target) throws IOException {
        address = target.address();
        InetAddress to = address.getAddress();
        channel = DatagramChannel.open(
                to.getAddress().length == 4 ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6);
        try {
            if (to.isMulticastAddress()) {
                channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, ttl(target.option("ttl", "")));
                String name = target.option("interface", "");
                if (!name.isEmpty()) {
                    NetworkInterface network = NetworkInterface.getByName(name);
                    if (network == null) {
                        throw refused("interface: there is no " + name);
                    }
                    channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, network);
                }
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static int ttl(String option) throws RelayRefusedException {
        if (option.isEmpty()) {
            return TTL;
        }
        if (option.matches("\\d{1,3}") && Integer.parseInt(option) <= 255) {
            return Integer.parseInt(option);
        }
        throw refused("ttl: 0 to 255 allowed");
    }

    private static RelayRefusedException refused(String message) {
        return new RelayRefusedException(RelayRefusedException.Reason.ADDRESS, message);
    }

    @Override
    public void send(List<Bytes> batch) throws IOException, InterruptedException {
        long total = batch.stream().mapToLong(Bytes::length).sum();
        long begun = System.nanoTime();
        long sent = 0;
        for (Bytes part : batch) {
            for (int at = 0; at < part.length(); ) {
                int count = Math.min(part.length() - at, datagram.remaining());
                part.slice(at, at + count).writeTo(datagram);
                at += count;
                sent += count;
                if (!datagram.hasRemaining()) {
                    flush();
                    pace(begun, sent, total);
                }
            }
        }
        flush();
    }

    private static void pace(long begun, long sent, long total) throws InterruptedException {
        long ahead = begun + SPREAD_NANOS * sent / total - System.nanoTime();
        if (ahead >= LEAST_SLEEP_NANOS) {
            TimeUnit.NANOSECONDS.sleep(ahead);
        }
    }

    private void flush() throws IOException {
        if (datagram.position() > 0) {
            channel.send(datagram.flip(), address);
            datagram.clear();
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException _) {
            // Nothing waits in a socket for datagrams.
        }
    }
}
