package tapedeck.net.udp;

import java.net.InetSocketAddress;
import tapedeck.bytes.Bytes;

/// Takes what comes to a [DatagramPair], on the pair's event loop.
public interface Datagrams {
    /// @param control whether it came to the RTCP port
    void received(boolean control, InetSocketAddress sender, Bytes datagram);

    /// All that was there has been received, for now.
    void receivedAll();
}
