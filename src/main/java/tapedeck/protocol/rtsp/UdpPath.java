package tapedeck.protocol.rtsp;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.net.Connection;
import tapedeck.net.udp.DatagramPair;
import tapedeck.net.udp.Datagrams;
import tapedeck.net.udp.PortPairs;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.payload.Packetizer;

/// Packets by UDP, to and from the address of the connection and nobody else. The ports are those that the peer named
/// ([#peer]), until its first datagram shows which ones a router made of them; then they are locked.
final class UdpPath implements MediaPath {
    /// A receiver's socket surely holds so much (Linux: 208 KiB, of which a packet takes more than its length).
    static final int BURST_BYTES = 32 * 1024;

    private final Connection connection;
    private final DatagramPair pair;
    private final Runnable closed;
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

        /// Takes nothing of what comes but that it comes.
        static Inbox signs(Runnable sign) {
            return new Inbox() {
                @Override
                public void packet(boolean control, Bytes packet) {
                    sign.run();
                }

                @Override
                public void receivedAll() {}
            };
        }
    }

    /// @param closed called once, when the ports are free again
    /// @throws IOException if no ports are free
    UdpPath(Connection connection, PortPairs ports, Inbox inbox, Runnable closed) throws IOException {
        this.connection = connection;
        this.closed = closed;
        this.mediaPeer = new InetSocketAddress(connection.address(), 0);
        this.controlPeer = mediaPeer;
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

    /// Where the peer says that it receives. Nothing may be sent before that is known.
    void peer(int mediaPort, int controlPort) {
        if (!mediaLocked) {
            mediaPeer = new InetSocketAddress(connection.address(), mediaPort);
        }
        if (!controlLocked) {
            controlPeer = new InetSocketAddress(connection.address(), controlPort);
        }
    }

    /// Opens the way back through routers in front of us, as nobody else does: a datagram of each kind that says
    /// nothing.
    void open() {
        if (mediaPeer.getPort() > 0 && controlPeer.getPort() > 0) {
            byte[] empty = new byte[RtpPacket.MIN_HEADER_BYTES];
            empty[0] = (byte) 0x80;
            media(empty, empty.length);
            control(Rtcp.write(List.of(new Rtcp.ReceiverReport(0, List.of()))));
        }
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

    /// As a server: the peer is the client.
    @Override
    public String header() {
        return "RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d"
                .formatted(mediaPeer.getPort(), controlPeer.getPort(), pair.port(), pair.port() + 1);
    }

    @Override
    public String offer() {
        return "RTP/AVP;unicast;client_port=%d-%d".formatted(pair.port(), pair.port() + 1);
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
