package tapedeck.protocol.rtsp;

import tapedeck.bytes.Bytes;

/// The way of one track's packets to a peer: on the connection, or by UDP.
sealed interface MediaPath permits InterleavedPath, UdpPath {
    /// Queues an RTP packet; the array stays the caller's.
    void media(byte[] packet, int length);

    /// Queues or sends RTCP, behind the media that was queued.
    void control(Bytes compound);

    /// Sends what was queued.
    void flush();

    /// Whether it takes more.
    boolean isWritable();

    /// Whether a burst is followed by a pause, since nothing else says when the peer can take more.
    boolean isPaced();

    /// Bytes to send in one go.
    int burstBytes();

    /// The largest payload of a packet.
    int payloadBytes();

    /// The answer to `SETUP`, without the source.
    String header();

    /// What a client asks for in `SETUP`.
    String offer();

    /// Datagrams of others than the peer, which were dropped.
    default long strangers() {
        return 0;
    }

    void close();
}
