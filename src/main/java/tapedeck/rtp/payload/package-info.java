/// One packetizer and depacketizer per codec: RTP payloads ↔ whole frames. Pure, and fed in order.
///
/// Public: [Depacketizer], [Packetizer], [PayloadFormat], [H264Parameters], [RedPayload].
@org.jspecify.annotations.NullMarked
package tapedeck.rtp.payload;
