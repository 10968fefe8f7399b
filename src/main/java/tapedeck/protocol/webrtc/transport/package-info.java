/// One port for all peers: a datagram finds its session by an authenticated connectivity check, and never else.
///
/// Public: [PeerPort] and its [Turns], one [PeerTransport] per peer, and [PeerMedia], which it carries.
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc.transport;
