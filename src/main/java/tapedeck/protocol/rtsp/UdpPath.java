package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.net.InetSocketAddress;
import tapedeck.bytes.Bytes;
import tapedeck.net.Connection;
import tapedeck.net.udp.DatagramPair;
import tapedeck.net.udp.Datagrams;
import tapedeck.net.udp.PortPairs;
import tapedeck.rtp.payload.Packetizer;

/// Packets by UDP, to and from the address of the connection and nobody else. The ports are those that the peer named,
/// until its first datagram shows which ones a router made of them; then they are locked.
final class UdpPath implements MediaPath {
    /// A receiver's socket surely holds so much (Linux: 208 KiB, of which a packet takes more than its length).
    static final int BURST_BYTES = 32 * 1024;

    private final Connection connection;
    private final DatagramPair pair;
    private final Runnable closed;
    private final int clientPort;
    private final int clientControlPort;
    private InetSocketAddress mediaPeer;
    private InetSocketAddress controlPeer;
    private boolean mediaLocked;
    private boolean controlLocked;
    private long strangers;
    private boolean isClosed;

    /// Takes what the peer sent, on the connection's loop.
    interface Inbox {
        void packet(boolean control, Bytes packet);

        void receivedAll();
    }

    /// @param closed called once, when the ports are free again
    /// @throws IOException if no ports are free
    UdpPath(Connection connection, PortPairs ports, int clientPort, int clientControlPort, Inbox inbox, Runnable closed)
            throws IOException {
        this.connection = connection;
        this.closed = closed;
        this.clientPort = clientPort;
        this.clientControlPort = clientControlPort;
        this.mediaPeer = new InetSocketAddress(connection.address(), clientPort);
        this.controlPeer = new InetSocketAddress(connection.address(), clientControlPort);
        this.pair = ports.open(connection.loop(), connection.localAddress(), new Datagrams() {
            @Override
            public void received(boolean control, InetSocketAddress sender, Bytes datagram) {
                if (isPeer(control, sender)) {
                    connection.run(() -> inbox.packet(control, datagram));
                } else {
                    strangers++;
                }
            }

            @Override
            public void receivedAll() {
                connection.run(inbox::receivedAll);
            }
        });
    }

    private boolean isPeer(boolean control, InetSocketAddress sender) {
        if (!sender.getAddress().equals(connection.address())) {
            return false;
        }
        if (control) {
            controlPeer = controlLocked ? controlPeer : sender;
            controlLocked = true;
            return sender.equals(controlPeer);
        }
        mediaPeer = mediaLocked ? mediaPeer : sender;
        mediaLocked = true;
        return sender.equals(mediaPeer);
    }

    @Override
    public long strangers() {
        return strangers;
    }

    @Override
    public void media(byte[] packet, int length) {
        pair.media(packet, length, mediaPeer);
    }

    @Override
    public void control(Bytes compound) {
        pair.flush();
        pair.control(compound, controlPeer);
    }

    @Override
    public void flush() {
        pair.flush();
    }

    @Override
    public boolean isWritable() {
        return pair.isWritable();
    }

    @Override
    public boolean isPaced() {
        return true;
    }

    @Override
    public int burstBytes() {
        return BURST_BYTES;
    }

    @Override
    public int payloadBytes() {
        return Packetizer.USUAL_PAYLOAD_BYTES;
    }

    @Override
    public String header() {
        return "RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d"
                .formatted(clientPort, clientControlPort, pair.port(), pair.port() + 1);
    }

    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        pair.close();
        closed.run();
    }
}
