/// RTSP 1.0 (RFC 2326): publishing by ANNOUNCE and RECORD, playing by DESCRIBE and PLAY, over the connection itself
/// (interleaved) or UDP; as a server, and as a client of cameras and other servers.
///
/// A connection that came in is an `RtspSession`, one that goes out an `RtspCaller`; both are fed by an `RtspDecoder`
/// with one message at a time. `MediaIntake` is the receiving end of either, `RtspPlaying` the sending one.
///
/// Public: [RtspServer], [RtspPull], [RtspPush].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.rtsp;
