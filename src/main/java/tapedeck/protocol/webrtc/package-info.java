/// WebRTC: browsers and encoders publish by WHIP (RFC 9725). A session lives on the event loop of its port; what is
/// below it is in `transport` (one port, ICE-lite), `ice` (STUN) and `dtls` (keys and certificate).
///
/// Streams are sent to other servers in the same way, where the other side is such a one and we call.
///
/// Public: [WebRtcServer], [WhipPush].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc;
