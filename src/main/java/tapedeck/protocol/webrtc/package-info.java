/// WebRTC: browsers and encoders publish by WHIP (RFC 9725). A session lives on the event loop of its port; what is
/// below it is in `transport` (one port, ICE-lite), `ice` (STUN) and `dtls` (keys and certificate).
///
/// Public: [WebRtcServer].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc;
