package tapedeck.protocol.rtsp;

import java.io.IOException;
import tapedeck.net.Connection;
import tapedeck.net.udp.PortPairs;

/// Gives the tracks of one connection their ways.
final class MediaPaths {
    /// RFC 2326 10.12: a channel is one byte.
    private static final int CHANNELS = 256;

    private final Connection connection;
    private final InterleavedBatch batch;
    private final PortPairs ports;
    private final PortShares shares;
    private int nextChannel;

    MediaPaths(Connection connection, InterleavedBatch batch, PortPairs ports, PortShares shares) {
        this.connection = connection;
        this.batch = batch;
        this.ports = ports;
        this.shares = shares;
    }

    /// @param inbox takes what comes by UDP
    /// @throws IOException if no port or channel is left
    MediaPath open(TransportHeader offer, UdpPath.Inbox inbox) throws IOException {
        if (offer.tcp()) {
            return interleaved(offer);
        }
        int port = offer.first().getAsInt();
        shares.take(connection.address());
        UdpPath opened = null;
        try {
            Runnable closed = () -> shares.giveBack(connection.address());
            opened = new UdpPath(connection, ports, inbox, closed);
            opened.peer(port, offer.second().orElse(port + 1));
            return opened;
        } finally {
            if (opened == null) {
                shares.giveBack(connection.address());
            }
        }
    }

    /// The peer's numbers, unless they were given away already: then the answer says others.
    private InterleavedPath interleaved(TransportHeader offer) throws IOException {
        int first = nextChannel;
        int second = first + 1;
        if (offer.first().isPresent() && offer.first().getAsInt() >= nextChannel) {
            first = offer.first().getAsInt();
            second = offer.second().orElse(first + 1);
        }
        if (first == second || Math.max(first, second) >= CHANNELS) {
            throw new IOException("no channel is left on this connection");
        }
        nextChannel = Math.max(first, second) + 1;
        return new InterleavedPath(batch, first, second);
    }
}
