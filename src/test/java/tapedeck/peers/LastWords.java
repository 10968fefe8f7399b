package tapedeck.peers;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.Rtcp;

/// Somebody who gets RTP at one port and reports at the next, and sees how far the goodbye is behind the last packet.
public final class LastWords implements AutoCloseable {
    private static final int DEADLINE_MILLIS = 30_000;
    private static final int LARGEST_BYTES = 2048;

    private final DatagramSocket packets;
    private final DatagramSocket reports;
    private volatile long packetNanos;

    public LastWords() throws IOException {
        packets = new DatagramSocket(null);
        reports = new DatagramSocket(null);
        bind();
        reports.setSoTimeout(DEADLINE_MILLIS);
        Thread.ofPlatform().daemon().start(this::receive);
    }

    /// An even port and the next one.
    private void bind() throws IOException {
        for (int port = 20_000; ; port += 2) {
            try (DatagramSocket even = new DatagramSocket(null);
                    DatagramSocket odd = new DatagramSocket(null)) {
                even.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                odd.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port + 1));
            } catch (SocketException _) {
                continue;
            }
            packets.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            reports.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port + 1));
            return;
        }
    }

    public int port() {
        return packets.getLocalPort();
    }

    private void receive() {
        byte[] datagram = new byte[LARGEST_BYTES];
        try {
            while (true) {
                packets.receive(new DatagramPacket(datagram, datagram.length));
                packetNanos = System.nanoTime();
            }
        } catch (IOException _) {
            // It was closed.
        }
    }

    /// Waits for the goodbye.
    ///
    /// @return 0 if no packet came before it
    public long goodbyeNanos() throws IOException {
        byte[] datagram = new byte[LARGEST_BYTES];
        while (true) {
            DatagramPacket report = new DatagramPacket(datagram, datagram.length);
            reports.receive(report);
            long now = System.nanoTime();
            if (Rtcp.parse(Bytes.wrap(datagram, 0, report.getLength())).stream()
                    .anyMatch(Rtcp.Goodbye.class::isInstance)) {
                return packetNanos == 0 ? 0 : now - packetNanos;
            }
        }
    }

    @Override
    public void close() {
        packets.close();
        reports.close();
    }
}
