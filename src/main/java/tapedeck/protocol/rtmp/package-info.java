/// RTMP (Adobe's Real Time Messaging Protocol 1.0): publishing and playing. One [RtmpServer] listens; a
/// connection is an `RtmpSession`, fed by a `ChunkDecoder` with one message at a time.
///
/// The other way round, an `RtmpClientSession` plays from other servers and publishes to them.
///
/// Public: [RtmpServer], [RtmptServer], [RtmpRelayClient].
@org.jspecify.annotations.NullMarked
package tapedeck.protocol.rtmp;
