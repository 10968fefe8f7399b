/// RTSP 1.0 (RFC 2326): publishing by ANNOUNCE and RECORD, playing by DESCRIBE and PLAY, over the connection itself
/// (interleaved) or UDP. One [RtspServer] listens; a connection is an `RtspSession`, fed by an `RtspDecoder` with one
/// message at a time.
///
/// Public: [RtspServer].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.rtsp;
