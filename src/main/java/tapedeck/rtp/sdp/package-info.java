/// Session descriptions, RFC 8866, with the attributes of WebRTC and RTSP.
///
/// Public: [SessionDescription], [MediaDescription], [Attribute], [Candidate], [Fingerprint], [DataSection].
@org.jspecify.annotations.NullMarked
package tapedeck.rtp.sdp;
