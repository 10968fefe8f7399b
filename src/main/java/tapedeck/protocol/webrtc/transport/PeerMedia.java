package tapedeck.protocol.webrtc.transport;

import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;

/// What one peer's transport carries: the media of a publisher or of a viewer. All calls come from the event
/// loop of the port.
public interface PeerMedia {
    /// The peer has proved who it is, and both sides have keys.
    void connected(DtlsKeys keys);

    /// An SRTP or SRTCP packet from an address that the peer has proved to own. Not yet authenticated.
    ///
    /// @param packet shared by all packets: read it now or never; the packet is at `[0, length)`
    void received(byte[] packet, int length, long arrivalNanos);

    /// Application data of DTLS: a packet of its data channels, if it has any.
    default void data(Bytes plain, long arrivalNanos) {}

    /// Every [PeerPort#TICK_MILLIS].
    void tick(long nowNanos);

    /// Once: the transport is closed.
    void ended(String reason);
}
