package tapedeck.protocol.webrtc.transport;

import java.net.InetSocketAddress;

/// What carries datagrams: the UDP socket of all peers, or one peer's TCP connection.
sealed interface Link permits UdpSocket, TcpLink {
    /// Copies the datagram and sends it with the port's next flush. A peer that does not keep up loses it.
    void write(byte[] bytes, int offset, int length, InetSocketAddress to);

    /// The path belongs to a session from now on.
    void bound(Path path);

    /// The path belongs to nobody any more.
    void released(Path path);

    /// `udp` or `tcp`.
    String transport();
}
