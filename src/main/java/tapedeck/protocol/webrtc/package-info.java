/// WebRTC: browsers and encoders publish by WHIP (RFC 9725) over ICE-lite (RFC 8445), DTLS-SRTP (RFC 5764) and RTP, all
/// sessions on one UDP port.
///
/// One [PeerTransport] is one peer's ICE, DTLS and SRTP, on the port's event loop; what it carries is its [PeerMedia],
/// today a [WhipSession]. Public: [WebRtcServer].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.webrtc;
