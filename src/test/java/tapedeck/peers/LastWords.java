package tapedeck.peers;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import tapedeck.bytes.Bytes;
import tapedeck.rtp.Rtcp;

/// Somebody who gets RTP at one port and reports at the next, and sees how far the goodbye is behind the last packet.
public final class LastWords implements AutoCloseable {
    private static final int DEADLINE_MILLIS = 30_000;
    private static final int LARGEST_BYTES = 2048;

    private final DatagramSocket packets;
    private final DatagramSocket reports;
    private volatile int received;
    private volatile long packetNanos;

    public LastWords() throws IOException {
        int port = Listening.freePort();
        packets = new DatagramSocket(port, InetAddress.getLoopbackAddress());
        reports = new DatagramSocket(port + 1, InetAddress.getLoopbackAddress());
        reports.setSoTimeout(DEADLINE_MILLIS);
        Thread.ofPlatform().daemon().start(this::receive);
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
                received++;
            }
        } catch (IOException _) {
            // It was closed.
        }
    }

    /// Waits for the goodbye.
    ///
    /// @param sent packets before it
    /// @return 0 if not all of them came before it
    public long goodbyeNanos(int sent) throws IOException {
        byte[] datagram = new byte[LARGEST_BYTES];
        while (true) {
            DatagramPacket report = new DatagramPacket(datagram, datagram.length);
            reports.receive(report);
            long now = System.nanoTime();
            if (Rtcp.parse(Bytes.wrap(datagram, 0, report.getLength())).stream()
                    .anyMatch(Rtcp.Goodbye.class::isInstance)) {
                return received < sent ? 0 : now - packetNanos;
            }
        }
    }

    @Override
    public void close() {
        packets.close();
        reports.close();
    }
}
